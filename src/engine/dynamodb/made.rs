use std::collections::{BTreeMap, HashMap};

use futures::TryStreamExt as _;

use super::DynamoDb;
use super::items;
use super::protocol::SETTLED_AFTER;
use super::snapshot::pause;
use super::transaction::Read;
use crate::model::{Change, CommitId, Head, Mutation, Revision, Section, Timestamp};
use crate::store::{Result, Txn};

/// How many lines of a log are looked at.
const LOOKED_BACK: usize = 100;
/// How often the log is read again for lines that aren't visible yet.
const ATTEMPTS: u32 = 5;

/// The commits that were found, each with its lines of all its sections.
pub(super) type Found = HashMap<CommitId, Vec<Change>>;

impl DynamoDb {
    /// Looks for commits in the logs of their sections, after what those were at when they were first tried.
    pub(super) async fn find_made(
        &self,
        txns: &[&Txn],
        first: &BTreeMap<Section, Revision>,
    ) -> Result<Found> {
        for attempt in 0.. {
            let mut lines = Found::new();
            for (section, since) in first {
                let mut pages = self.log_pages(section, *since, Revision::new(u64::MAX), true);
                while let Some(page) = pages.try_next().await? {
                    for line in page {
                        if txns.iter().any(|txn| txn.id == line.commit) {
                            lines.entry(line.commit.clone()).or_default().push(line);
                        }
                    }
                }
            }
            let is_visible = |txn: &&Txn| lines.get(&txn.id).is_none_or(|lines| is_whole(txn, lines));
            if txns.iter().all(is_visible) || attempt == ATTEMPTS {
                return Ok(lines);
            }
            pause(attempt).await;
        }
        Ok(Found::new())
    }

    /// Looks for commits that may have been made by an earlier sender among the last lines of their sections' logs.
    pub(super) async fn find_repeated(&self, txns: &[&Txn], read: &Read) -> Result<Found> {
        let mut lines = Found::new();
        let mut sections: Vec<Section> = txns.iter().flat_map(|txn| txn.sections()).collect();
        sections.sort();
        sections.dedup();
        let mut hits: HashMap<CommitId, Timestamp> = HashMap::new();
        for section in &sections {
            for line in self.visible_tail(section, read).await? {
                if txns.iter().any(|txn| txn.id == line.commit) {
                    hits.insert(line.commit, line.at);
                }
            }
        }
        for txn in txns {
            let Some(at) = hits.get(&txn.id) else { continue };
            for attempt in 0..=ATTEMPTS {
                let mut found = Vec::new();
                for section in txn.sections() {
                    found.extend(self.lines_since(&section, &txn.id, *at).await?);
                }
                let is_whole = is_whole(txn, &found);
                lines.insert(txn.id.clone(), found);
                if is_whole {
                    break;
                }
                pause(attempt).await;
            }
        }
        Ok(lines)
    }

    /// The last lines of the section's log, from the head that was read on: a head may be visible before its lines.
    async fn visible_tail(&self, section: &Section, read: &Read) -> Result<Vec<Change>> {
        let Some(head) = read.heads.get(section).filter(|head| head.commit.is_some()) else {
            return self.log_tail(section, LOOKED_BACK).await;
        };
        let settled = read.now.epoch() - SETTLED_AFTER;
        for attempt in 0.. {
            let tail = self.log_tail(section, LOOKED_BACK).await?;
            let is_settled = head.modified.is_none_or(|at| at.epoch() < settled);
            if is_settled || reaches(&tail, head.revision) || attempt == ATTEMPTS {
                return Ok(tail);
            }
            pause(attempt).await;
        }
        Ok(Vec::new())
    }

    /// The lines of one commit, made at `at`, of the section's log.
    async fn lines_since(&self, section: &Section, id: &CommitId, at: Timestamp) -> Result<Vec<Change>> {
        let mut lines = Vec::new();
        let mut pages = self.log_pages(section, Revision::ZERO, Revision::new(u64::MAX), false);
        while let Some(page) = pages.try_next().await? {
            // Lines are in the order of their times but for the clocks of those who wrote them.
            let is_past = page
                .last()
                .is_some_and(|line| line.at.epoch() < at.epoch() - SETTLED_AFTER);
            lines.extend(page.into_iter().filter(|line| line.commit == *id));
            if is_past {
                break;
            }
        }
        Ok(lines)
    }

    /// Whether the heads are still as they were read. Where they are, no commit was made meanwhile, and none was half
    /// visible: this read waits for those that are under way.
    pub(super) async fn is_current(&self, read: &Read, sections: &[Section]) -> Result<bool> {
        let Some(found) = self.read_together(&Self::head_ids(sections)).await? else {
            return Ok(false);
        };
        let heads = found.iter().map(items::to_head).collect::<Result<Vec<Head>>>()?;
        Ok(sections.iter().all(|section| {
            let now = heads.iter().find(|head| head.section == *section);
            now.map(|head| head.revision) == read.heads.get(section).map(|head| head.revision)
        }))
    }
}

/// Whether lines, newest first, begin at that revision or above and leave none out.
fn reaches(tail: &[Change], revision: Revision) -> bool {
    let is_next = |two: &[Change]| {
        let (newer, older) = (&two[0], &two[1]);
        if newer.index == 0 {
            newer.revision == older.revision.next() && older.index + 1 == older.of
        } else {
            (newer.revision, newer.index) == (older.revision, older.index + 1)
        }
    };
    tail.first()
        .is_some_and(|line| line.revision >= revision && line.index + 1 == line.of)
        && tail.windows(2).all(is_next)
}

/// Whether these are all lines of the commit, as far as it says itself.
fn is_whole(txn: &Txn, lines: &[Change]) -> bool {
    let of = |line: &Change| {
        let section = line.key.section();
        let there = lines.iter().filter(|line| line.key.section() == section).count();
        there == line.of as usize
    };
    let is_there = |change: &Mutation| match change {
        Mutation::Set { key, .. } => lines.iter().any(|line| line.key == *key),
        Mutation::Delete { .. } => true,
    };
    lines.iter().all(of) && txn.changes.iter().all(is_there)
}
