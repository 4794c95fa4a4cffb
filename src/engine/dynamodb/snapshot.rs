use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_dynamodb::types::{Get, TransactGetItem};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use tokio::time::sleep;

use super::DynamoDb;
use super::items::{self, Item};
use crate::aws::{Failed, Fault};
use crate::model::{Change, Entry, Head, Key, Prefix, Revision, Section, Timestamp};
use crate::store::{Consistency, Result, Snapshot, StoreError};

/// The most items of one `TransactGetItems` (DynamoDB quotas, "Transactions").
const TOGETHER: usize = 100;
/// How many sections are read side by side.
const SIDE_BY_SIDE: usize = 8;
/// A commit's items become visible one by one within moments; a minute covers the slowest.
pub(super) const SETTLED_AFTER: i64 = 60;
/// How often the log, or the heads, are read again where they don't fit together yet.
const ATTEMPTS: u32 = 12;

impl DynamoDb {
    /// Reads heads, entries, then the heads again in one transaction, and replays the log's newest lines over
    /// the entries: whatever was half visible meanwhile is whole then.
    pub(super) async fn read_snapshot(&self, prefixes: &[Prefix]) -> Result<Snapshot> {
        let (sections, prefixes) = self.parts(prefixes).await?;
        let (found, started) = self
            .read_items(Self::head_ids(&sections), Consistency::Strong, "the heads")
            .await?;
        let before = found.iter().map(items::to_head).collect::<Result<Vec<Head>>>()?;
        let entries: Vec<Vec<Entry>> = stream::iter(prefixes.clone())
            .map(|(section, prefix)| async move { self.read_prefix(&section, &prefix).await })
            .buffered(SIDE_BY_SIDE)
            .try_collect()
            .await?;
        let heads = self.heads_together(&sections).await?;

        let mut entries: BTreeMap<Key, Entry> = entries
            .into_iter()
            .flatten()
            .map(|entry| (entry.key.clone(), entry))
            .collect();
        for head in &heads {
            let first = before.iter().find(|old| old.section == head.section);
            let since = first.map_or(Revision::ZERO, |old| old.revision);
            for change in self.newest_lines(head, since, started).await? {
                if prefixes
                    .iter()
                    .any(|(section, prefix)| *section == head.section && prefix.holds(&change.key))
                {
                    replay(&mut entries, &change);
                }
            }
        }
        let now = self.now();
        entries.retain(|_, entry| entry.is_live(now));
        Ok(Snapshot {
            heads,
            entries: entries.into_values().collect(),
        })
    }

    /// The sections to read and the prefixes in each, none twice.
    async fn parts(&self, prefixes: &[Prefix]) -> Result<(Vec<Section>, Vec<(Section, Prefix)>)> {
        let mut parts: Vec<(Section, Prefix)> = Vec::new();
        if prefixes.iter().any(Prefix::is_all) {
            let sections = self.sections(Consistency::Strong).await?;
            parts.extend(
                sections
                    .into_iter()
                    .map(|section| (section.clone(), Prefix::from(&section))),
            );
        } else {
            for prefix in prefixes {
                let covered = |other: &Prefix| other != prefix && other.covers(prefix);
                if let Some(section) = prefix.section()
                    && !prefixes.iter().any(covered)
                    && !parts.iter().any(|(_, other)| other == prefix)
                {
                    parts.push((section, prefix.clone()));
                }
            }
        }
        let mut sections: Vec<Section> = parts.iter().map(|(section, _)| section.clone()).collect();
        sections.sort();
        sections.dedup();
        Ok((sections, parts))
    }

    /// The heads of all sections at one moment.
    pub(super) async fn heads_together(&self, sections: &[Section]) -> Result<Vec<Head>> {
        let mut heads = self.heads_in_chunks(sections).await?;
        // Beyond a hundred sections one transaction can't see them all; two equal passes can.
        if sections.len() > TOGETHER {
            for attempt in 0.. {
                let again = self.heads_in_chunks(sections).await?;
                if again == heads {
                    break;
                }
                if attempt == ATTEMPTS {
                    return Err(StoreError::Unavailable {
                        problem: "the sections change too fast to be read together".into(),
                        source: None,
                    });
                }
                heads = again;
            }
        }
        heads.sort_by(|a, b| a.section.cmp(&b.section));
        Ok(heads)
    }

    async fn heads_in_chunks(&self, sections: &[Section]) -> Result<Vec<Head>> {
        let mut heads = Vec::new();
        for chunk in Self::head_ids(sections).chunks(TOGETHER) {
            for item in self.read_together(chunk).await? {
                heads.push(items::to_head(&item)?);
            }
        }
        Ok(heads)
    }

    async fn read_together(&self, ids: &[Item]) -> Result<Vec<Item>> {
        let what = || StoreError::Other {
            what: "dynamodb:TransactGetItems".into(),
            source: None,
        };
        let gets = ids
            .iter()
            .map(|id| {
                let get = Get::builder()
                    .table_name(&self.table)
                    .set_key(Some(id.clone()))
                    .build();
                get.map(|get| TransactGetItem::builder().get(get).build())
            })
            .collect::<std::result::Result<Vec<_>, _>>()
            .map_err(|_| what())?;
        for attempt in 0.. {
            let request = self
                .client
                .transact_get_items()
                .set_transact_items(Some(gets.clone()))
                .set_return_consumed_capacity(self.wants_capacity());
            match request.send().await {
                Ok(answer) => {
                    self.took_to_read(answer.consumed_capacity());
                    return Ok(answer
                        .responses
                        .unwrap_or_default()
                        .into_iter()
                        .filter_map(|r| r.item)
                        .collect());
                }
                Err(error) => {
                    let failed = Failed::new(&error);
                    // A commit is under way on one of the heads, and will be through in a moment.
                    let overlaps =
                        failed.is("TransactionCanceledException") && failed.fault == Fault::Refused;
                    if !overlaps || attempt == ATTEMPTS {
                        return Err(self.failed("GetItem", Some("the heads"), failed));
                    }
                    pause(attempt).await;
                }
            }
        }
        Err(what())
    }

    /// The lines that entries read since `started` may lack: those after `since`, and those younger than what
    /// is surely visible. Oldest first, every revision whole and none missing between them.
    async fn newest_lines(&self, head: &Head, since: Revision, started: Timestamp) -> Result<Vec<Change>> {
        let settled = started.epoch() - SETTLED_AFTER;
        let is_settled = |at: Timestamp| at.epoch() < settled;
        if head.revision <= since && head.modified.is_none_or(is_settled) {
            return Ok(Vec::new());
        }
        for attempt in 0.. {
            let mut lines: Vec<Change> = Vec::new();
            let mut pages = self.log_pages(&head.section, Revision::ZERO, head.revision, false);
            'pages: while let Some(page) = pages.try_next().await? {
                for line in page {
                    if line.revision <= since && is_settled(line.at) {
                        break 'pages;
                    }
                    lines.push(line);
                }
            }
            lines.reverse();
            if is_whole(&lines, head, since) {
                return Ok(lines);
            }
            if attempt == ATTEMPTS {
                break;
            }
            pause(attempt).await;
        }
        Err(StoreError::Corrupt {
            what: format!(
                "the log of {} has gaps before revision {}",
                head.section, head.revision
            ),
            source: None,
        })
    }
}

pub(super) async fn pause(attempt: u32) {
    let longest = Duration::from_millis(10) * 2_u32.saturating_pow(attempt.min(8));
    sleep(longest.mul_f64(0.5 + 0.5 * fastrand::f64())).await;
}

/// Whether the lines are those of every revision from the first of them up to the head, all of each, and reach
/// back to `since`.
fn is_whole(lines: &[Change], head: &Head, since: Revision) -> bool {
    let Some(first) = lines.first() else {
        return head.revision <= since;
    };
    if first.revision > since.next() {
        return false;
    }
    let mut expected = (first.revision, 0);
    for line in lines {
        if (line.revision, line.index) != expected {
            return false;
        }
        expected = if line.index + 1 == line.of {
            (line.revision.next(), 0)
        } else {
            (line.revision, line.index + 1)
        };
    }
    expected == (head.revision.next(), 0)
}

fn replay(entries: &mut BTreeMap<Key, Entry>, change: &Change) {
    let is_newer = entries
        .get(&change.key)
        .is_none_or(|entry| entry.revision < change.revision);
    if is_newer {
        match change.entry() {
            Some(entry) => entries.insert(change.key.clone(), entry),
            None => entries.remove(&change.key),
        };
    }
}
