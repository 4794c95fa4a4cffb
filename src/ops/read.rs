use std::collections::{BTreeMap, BTreeSet};

use futures::TryStreamExt as _;

use super::OpsResult;
use crate::model::{Entry, Key, Prefix, Section};
use crate::store::{Consistency, Listed, Scope, Store};

/// Up to this many keys are read each; for more, their sections are listed.
const ONE_BY_ONE: usize = 100;

/// The entries of these keys that are there. Each is strongly consistent, all together are not of one moment.
pub(super) async fn entries_of(
    store: &dyn Store,
    keys: impl IntoIterator<Item = &Key>,
) -> OpsResult<BTreeMap<Key, Entry>> {
    let keys: BTreeSet<&Key> = keys.into_iter().collect();
    if keys.len() <= ONE_BY_ONE {
        return Ok(store
            .get_many(&keys.into_iter().cloned().collect(), Consistency::Strong)
            .await?);
    }
    let mut found = BTreeMap::new();
    let sections: BTreeSet<Section> = keys.iter().map(|key| key.section()).collect();
    for section in sections {
        let scope = if section.is_root() {
            Scope::level(Prefix::all())
        } else {
            Scope::all(Prefix::from(&section))
        };
        let mut listed = store.list(&scope, Consistency::Strong);
        while let Some(item) = listed.try_next().await? {
            if let Listed::Entry(entry) = item
                && keys.contains(&entry.key)
            {
                found.insert(entry.key.clone(), *entry);
            }
        }
    }
    Ok(found)
}
