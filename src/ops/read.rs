use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt as _, TryStreamExt as _, stream};

use super::OpsResult;
use crate::model::{Entry, Key, Prefix, Section};
use crate::store::{Consistency, Listed, Scope, Store};

/// Up to this many keys are read one by one, side by side; for more, their sections are listed.
const ONE_BY_ONE: usize = 100;
/// How many reads go on side by side.
const SIDE_BY_SIDE: usize = 16;

/// The entries of these keys that are there. Each is strongly consistent, all together are not of one moment.
pub(super) async fn entries_of(
    store: &dyn Store,
    keys: impl IntoIterator<Item = &Key>,
) -> OpsResult<BTreeMap<Key, Entry>> {
    let keys: BTreeSet<&Key> = keys.into_iter().collect();
    let mut found = BTreeMap::new();
    if keys.len() <= ONE_BY_ONE {
        // Owned futures: a closure over borrowed keys isn't general enough for a boxed one.
        let reads: Vec<_> = keys
            .into_iter()
            .map(|key| store.get(key, Consistency::Strong))
            .collect();
        let mut reads = stream::iter(reads).buffer_unordered(SIDE_BY_SIDE);
        while let Some(entry) = reads.try_next().await? {
            found.extend(entry.map(|entry| (entry.key.clone(), entry)));
        }
        return Ok(found);
    }
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
