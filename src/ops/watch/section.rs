use std::time::Duration;

use futures::TryStreamExt as _;

use crate::model::{Prefix, Section};
use crate::ops::{ReadableItem, readable_list};
use crate::store::{Consistency, Heads, Listed, Result, Scope, Snapshot, Store, StoreError};

/// How long a section that can't be read is left alone before it is tried again.
pub(super) const BAD_FOR: Duration = Duration::from_mins(1);

/// A section as it is, for a watch to begin at: its head, if it has one, and its entries, none older than the head.
pub async fn section_now(store: &dyn Store, section: &Section) -> Result<Snapshot> {
    if !section.is_root() {
        return store.snapshot(&[Prefix::from(section)]).await;
    }
    // A snapshot of `/` would read the whole config for the sake of a few keys.
    let heads = store.heads(Heads::Of(vec![section.clone()])).await?;
    // Other sections show as folders there, whether or not they can be read.
    let mut listed = readable_list(store, &Scope::level(Prefix::all()), Consistency::Strong);
    let mut entries = Vec::new();
    while let Some(item) = listed.try_next().await? {
        match item {
            ReadableItem::Listed(Listed::Entry(entry)) => entries.push(*entry),
            ReadableItem::Bad(bad) if bad.section == *section => {
                return Err(StoreError::Corrupt {
                    section: Some(bad.section),
                    what: bad.problem,
                    source: None,
                });
            }
            ReadableItem::Listed(Listed::Folder(_)) | ReadableItem::Bad(_) => {}
        }
    }
    Ok(Snapshot { heads, entries })
}
