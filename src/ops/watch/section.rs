use futures::TryStreamExt as _;

use crate::model::{Prefix, Section};
use crate::store::{Consistency, Heads, Listed, Result, Scope, Snapshot, Store};

/// A section as it is, for a watch to begin at: its head, if it has one, and its entries, none older than the head.
pub async fn section_now(store: &dyn Store, section: &Section) -> Result<Snapshot> {
    if !section.is_root() {
        return store.snapshot(&[Prefix::from(section)]).await;
    }
    // A snapshot of `/` would read the whole config for the sake of a few keys.
    let heads = store.heads(Heads::Of(vec![section.clone()])).await?;
    let level = Scope::level(Prefix::all());
    let mut listed = store.list(&level, Consistency::Strong);
    let mut entries = Vec::new();
    while let Some(item) = listed.try_next().await? {
        if let Listed::Entry(entry) = item {
            entries.push(*entry);
        }
    }
    Ok(Snapshot { heads, entries })
}
