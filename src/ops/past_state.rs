use std::time::Duration;

use futures::TryStreamExt as _;
use tokio::time::sleep;

use super::{OpsError, OpsResult};
use crate::model::{Backoff, Entry, Jitter, Key, Prefix, Revision, Section};
use crate::store::{Consistency, Heads, PastEntries, Snapshot, Store};

/// How often a log that ends before its head is read again: its last lines become visible within moments.
const ATTEMPTS: u32 = 12;
const BACKOFF: Backoff = Backoff::new(Duration::from_millis(10), Duration::from_millis(2560));

/// The entry of `key` as it was at that revision of its section, also where its time to live is over by now.
///
/// Fails with [`OpsError::Future`] for a revision that hasn't been, and with
/// [`Compacted`](crate::store::StoreError::Compacted) where the log no longer goes back that far.
pub async fn entry_at(store: &dyn Store, key: &Key, revision: Revision) -> OpsResult<Option<Entry>> {
    let section = key.section();
    for attempt in 0..ATTEMPTS {
        let head = head_of(store, &section).await?;
        if revision > head {
            return Err(OpsError::Future {
                section,
                wanted: revision,
                head,
            });
        }
        // Read after the head, so that what it shows beyond the wanted revision is in the log up to the head or later.
        let now = store.get(key, Consistency::Strong).await?;
        if now.as_ref().is_some_and(|entry| entry.revision <= revision) {
            return Ok(now);
        }
        let mut lines = store.changes(&section, revision);
        let mut seen = revision;
        while let Some(line) = lines.try_next().await? {
            if line.key == *key {
                return Ok(line.replaced());
            }
            seen = line.revision;
        }
        if seen >= head && now.is_none() {
            return Ok(None);
        }
        pause_after(attempt).await;
    }
    Err(OpsError::Unsettled {
        head: head_of(store, &section).await?,
        section,
    })
}

/// The entries below `prefix` as they were at that revision of their section, also those whose time to live is over
/// by now, where something replaced them before. The prefix must lie within one section.
///
/// Fails as [`entry_at`] does, and with [`OpsError::Spans`] for a prefix of several sections.
pub async fn state_at(store: &dyn Store, prefix: &Prefix, revision: Revision) -> OpsResult<Snapshot> {
    let section = prefix.section().ok_or_else(|| OpsError::Spans(prefix.clone()))?;
    for attempt in 0..ATTEMPTS {
        let now = store.snapshot(std::slice::from_ref(prefix)).await?;
        let head = now.heads.iter().find(|head| head.section == section).cloned();
        let at = head.as_ref().map_or(Revision::ZERO, |head| head.revision);
        if revision > at {
            return Err(OpsError::Future {
                section,
                wanted: revision,
                head: at,
            });
        }
        let mut seen = revision;
        let mut past = PastEntries::from_now(now.entries);
        let mut lines = store.changes(&section, revision);
        while let Some(line) = lines.try_next().await? {
            seen = line.revision;
            if prefix.holds(&line.key) {
                past.undo(&line);
            }
        }
        if seen >= at {
            return Ok(Snapshot {
                heads: now.heads,
                entries: past.into_entries(),
            });
        }
        pause_after(attempt).await;
    }
    Err(OpsError::Unsettled {
        head: head_of(store, &section).await?,
        section,
    })
}

async fn head_of(store: &dyn Store, section: &Section) -> OpsResult<Revision> {
    let heads = store.heads(Heads::Of(vec![section.clone()])).await?;
    Ok(heads.first().map_or(Revision::ZERO, |head| head.revision))
}

async fn pause_after(attempt: u32) {
    sleep(Jitter::HalfShorter.draw(BACKOFF.pause(attempt))).await;
}
