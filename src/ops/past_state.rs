use std::time::Duration;

use futures::TryStreamExt as _;
use tokio::time::sleep;

use super::{OpsError, OpsResult, section_part_snapshot};
use crate::model::{Backoff, Entry, Jitter, Key, Revision, Section, SectionPart};
use crate::store::{Consistency, Heads, PastEntries, Snapshot, Store, StoreError};

/// How often a log that ends before its head is read again: its last lines become visible within moments.
const ATTEMPTS: u32 = 12;
const BACKOFF: Backoff = Backoff::new(Duration::from_millis(10), Duration::from_millis(2560));

/// The entry of `key` as it was at that revision of its section, also where its time to live is over by now.
///
/// Fails with [`OpsError::Future`] for a revision that hasn't been, and with
/// [`Compacted`](StoreError::Compacted) where the log no longer goes back that far, and with
/// [`Purged`](StoreError::Purged) where the value was purged.
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
                return Ok(line.replaced().map_err(StoreError::from)?);
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

/// The entries of this part as they were at that revision of its section, also those whose time to live is over
/// by now, where something replaced them before.
///
/// Fails as [`entry_at`] does.
pub async fn state_at(store: &dyn Store, part: &SectionPart, revision: Revision) -> OpsResult<Snapshot> {
    let section = part.section();
    for attempt in 0..ATTEMPTS {
        let now = section_part_snapshot(store, part).await?;
        let head = now.heads.iter().find(|head| head.section == *section);
        let at = head.map_or(Revision::ZERO, |head| head.revision);
        if revision > at {
            return Err(OpsError::Future {
                section: section.clone(),
                wanted: revision,
                head: at,
            });
        }
        let mut seen = revision;
        let mut then = PastEntries::from_now(now.entries);
        let mut lines = store.changes(section, revision);
        while let Some(line) = lines.try_next().await? {
            seen = line.revision;
            if part.holds(&line.key) {
                then.undo(&line).map_err(StoreError::from)?;
            }
        }
        if seen >= at {
            return Ok(Snapshot {
                heads: now.heads,
                entries: then.into_entries(),
            });
        }
        pause_after(attempt).await;
    }
    Err(OpsError::Unsettled {
        head: head_of(store, section).await?,
        section: section.clone(),
    })
}

async fn head_of(store: &dyn Store, section: &Section) -> OpsResult<Revision> {
    let heads = store.heads(Heads::Of(vec![section.clone()])).await?;
    Ok(heads.first().map_or(Revision::ZERO, |head| head.revision))
}

async fn pause_after(attempt: u32) {
    sleep(Jitter::HalfShorter.draw(BACKOFF.pause(attempt))).await;
}
