use futures::TryStreamExt as _;

use super::OpsResult;
use crate::model::{Key, Timestamp};
use crate::store::{Consistency, PurgePlan, Purged, Store};

/// What a purge of the key would do `now`. Nothing is changed.
///
/// Fails as [`Store::purge`] does, by the given time instead of the store's.
pub async fn planned_purge(store: &dyn Store, key: &Key, now: Timestamp) -> OpsResult<Purged> {
    let entry = store.get(key, Consistency::Strong).await?;
    let mut plan = PurgePlan::new(key.clone(), entry.map(|entry| entry.revision));
    let mut lines = store.history(key, None);
    while let Some(line) = lines.try_next().await? {
        plan.take(&line, ());
    }
    Ok(plan.finish(now)?.0)
}
