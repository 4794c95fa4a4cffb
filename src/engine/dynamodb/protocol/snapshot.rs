//! Snapshots: every commit whole, also across sections, and never starved by writers.
//!
//! The sections are listed, their heads and entries read, and then all heads with the number of sections in one
//! transaction. The log is replayed over the entries up to these heads.
//!
//! That transaction is cancelled whenever one of the heads is being written, and holds 100 items at most. So after a
//! few tries, and for more sections, each head is read in a transaction of its own: a plain read could miss a commit of
//! which the entries showed a part. Where that is cancelled, too, the head is read plainly until it has moved on. The
//! log is then taken in until every commit that is seen in one section is seen in its others.

mod closing;
mod log_reach;
mod messages;

use std::collections::{BTreeMap, BTreeSet};

use self::log_reach::{LogReach, replay};
pub(in crate::engine::dynamodb) use self::messages::{
    HeadTransaction, LogRange, SnapshotAnswer, SnapshotRequest, SnapshotScope,
};
use super::{BACKOFF, LOOKS, MachineStep, SETTLED_AFTER};
use crate::model::{Change, Entry, Head, Key, Prefix, PurgedValue, Revision, Section, Timestamp};
use crate::store::{Result, Snapshot, StoreError};

/// After how many reads a log that has no gap is taken for all that is left of it.
const SETTLING_LOOKS: u32 = 4;

/// What comes next after the answer that is awaited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum SnapshotStage {
    Start,
    Listing,
    FirstHeads,
    Entries,
    Closing,
    PlainHeads,
    Lines,
}

/// Reads one snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::engine::dynamodb) struct SnapshotMachine {
    scope: SnapshotScope,
    /// The sections that are left out, and those of them that are listed.
    except: BTreeSet<Section>,
    left_out: BTreeSet<Section>,
    /// Which section's log spoke of a revision of another, where that was beyond the other's head.
    named_by: BTreeMap<Section, Section>,
    stage: SnapshotStage,
    /// The sections that are known, and the prefixes of each.
    parts: BTreeMap<Section, Vec<Prefix>>,
    /// The sections whose entries are read.
    read: BTreeSet<Section>,
    /// Where each section stood before its entries were read.
    before: BTreeMap<Section, Revision>,
    /// The sections whose last commit before their entries were read was visible by then.
    idle: BTreeSet<Section>,
    /// When the first read was answered.
    started: Option<Timestamp>,
    entries: BTreeMap<Key, Entry>,
    /// The heads that the snapshot is taken at.
    heads: BTreeMap<Section, Head>,
    /// The lines that were read of each section, oldest first.
    lines: BTreeMap<Section, Vec<Change>>,
    /// The transactions that are still to read heads.
    closing: Vec<HeadTransaction>,
    /// Where heads that are always being written stood when they were first read plainly.
    plain: BTreeMap<Section, Revision>,
    /// The number of sections, where it was read.
    count: Option<usize>,
    /// Whether one transaction read all heads.
    is_of_one_moment: bool,
    tries: u32,
    looks: u32,
}

impl SnapshotMachine {
    pub(in crate::engine::dynamodb) fn new(scope: SnapshotScope, except: &[Section]) -> Self {
        let mut parts: BTreeMap<Section, Vec<Prefix>> = BTreeMap::new();
        if let SnapshotScope::Of(of) = &scope {
            for (section, prefix) in of {
                parts.entry(section.clone()).or_default().push(prefix.clone());
            }
        }
        Self {
            scope,
            except: except.iter().cloned().collect(),
            left_out: BTreeSet::new(),
            named_by: BTreeMap::new(),
            stage: SnapshotStage::Start,
            parts,
            read: BTreeSet::new(),
            before: BTreeMap::new(),
            idle: BTreeSet::new(),
            started: None,
            entries: BTreeMap::new(),
            heads: BTreeMap::new(),
            lines: BTreeMap::new(),
            closing: Vec::new(),
            plain: BTreeMap::new(),
            count: None,
            is_of_one_moment: true,
            tries: 0,
            looks: 0,
        }
    }

    /// Whether all heads were read at one moment. Every commit is whole either way.
    pub(in crate::engine::dynamodb) fn is_of_one_moment(&self) -> bool {
        self.is_of_one_moment
    }

    /// Takes an answer and says what comes next. `Done` has expired entries, too.
    ///
    /// Fails with [`StoreError::Corrupt`] where the log has a gap that doesn't close, and with [`StoreError::Busy`]
    /// where a head is always being written and never moves.
    pub(in crate::engine::dynamodb) fn next(
        &mut self,
        answer: SnapshotAnswer,
    ) -> Result<MachineStep<SnapshotRequest, Snapshot>> {
        match (self.stage, answer) {
            (SnapshotStage::Start, _) => Ok(self.start()),
            (SnapshotStage::Listing, SnapshotAnswer::Sections(sections, at)) => {
                self.started.get_or_insert(at);
                for section in sections {
                    self.discover(section);
                }
                // Heads before entries, so that what is replayed begins where the entries do; of a section that was
                // made meanwhile the whole log is.
                Ok(if self.before.is_empty() && self.read.is_empty() {
                    self.first_heads()
                } else {
                    self.read_entries()
                })
            }
            (SnapshotStage::FirstHeads, SnapshotAnswer::Heads(heads, at)) => {
                self.started.get_or_insert(at);
                let settled = self.settled();
                let idle = heads
                    .iter()
                    .filter(|head| head.modified.is_some_and(|at| at < settled));
                self.idle = idle.map(|head| head.section.clone()).collect();
                self.before = heads
                    .into_iter()
                    .map(|head| (head.section, head.revision))
                    .collect();
                Ok(self.read_entries())
            }
            (SnapshotStage::Entries, SnapshotAnswer::Entries(entries)) => {
                self.entries
                    .extend(entries.into_iter().map(|entry| (entry.key.clone(), entry)));
                self.read.extend(self.parts.keys().cloned());
                self.close()
            }
            (SnapshotStage::Closing, SnapshotAnswer::Together(read)) => self.closed(read),
            (SnapshotStage::PlainHeads, SnapshotAnswer::Heads(heads, _)) => Ok(self.take_plain(heads)),
            (SnapshotStage::Closing | SnapshotStage::PlainHeads, _) => self.read_closing(),
            (SnapshotStage::Lines, SnapshotAnswer::Lines(lines)) => self.taken_in(lines),
            (SnapshotStage::Lines, _) => self.read_lines(),
            (SnapshotStage::Listing, _) => Ok(self.list()),
            (SnapshotStage::FirstHeads | SnapshotStage::Entries, _) => Ok(self.first_heads()),
        }
    }

    fn start(&mut self) -> MachineStep<SnapshotRequest, Snapshot> {
        match self.scope {
            SnapshotScope::Whole => self.list(),
            SnapshotScope::Of(_) => self.first_heads(),
        }
    }

    fn list(&mut self) -> MachineStep<SnapshotRequest, Snapshot> {
        self.stage = SnapshotStage::Listing;
        MachineStep::Request(SnapshotRequest::Sections)
    }

    fn first_heads(&mut self) -> MachineStep<SnapshotRequest, Snapshot> {
        self.stage = SnapshotStage::FirstHeads;
        MachineStep::Request(SnapshotRequest::Heads(self.sections()))
    }

    fn sections(&self) -> Vec<Section> {
        self.parts.keys().cloned().collect()
    }

    /// Reads the entries of the sections whose entries aren't read yet.
    fn read_entries(&mut self) -> MachineStep<SnapshotRequest, Snapshot> {
        self.stage = SnapshotStage::Entries;
        let unread = self
            .parts
            .iter()
            .filter(|(section, _)| !self.read.contains(*section));
        let parts = unread
            .flat_map(|(section, prefixes)| prefixes.iter().map(|prefix| (section.clone(), prefix.clone())));
        MachineStep::Request(SnapshotRequest::Entries(parts.collect()))
    }

    /// Reads the log of the sections whose lines may be missing from the entries.
    fn read_lines(&mut self) -> Result<MachineStep<SnapshotRequest, Snapshot>> {
        self.stage = SnapshotStage::Lines;
        let of: Vec<LogRange> = self.ranges();
        if of.is_empty() {
            return Ok(MachineStep::Done(self.finish()?));
        }
        let settled = self.settled();
        Ok(MachineStep::Request(SnapshotRequest::Lines { of, settled }))
    }

    /// The moment before which everything was visible when the first read was answered.
    fn settled(&self) -> Timestamp {
        let started = self.started.map_or(0, Timestamp::epoch);
        Timestamp::from_epoch(started - SETTLED_AFTER)
    }

    fn ranges(&self) -> Vec<LogRange> {
        let settled = self.settled();
        let needed = self.heads.values().filter(|head| {
            let since = self.since(&head.section);
            let is_settled = head.modified.is_none_or(|at| at < settled);
            let is_taken_in = self
                .lines
                .get(&head.section)
                .is_some_and(|lines| lines.last().is_some_and(|last| last.revision >= head.revision));
            // A head at 0 has no lines, however new it is.
            !is_taken_in && head.revision > Revision::ZERO && (head.revision > since || !is_settled)
        });
        needed
            .map(|head| LogRange {
                section: head.section.clone(),
                since: self.since(&head.section),
                upto: head.revision,
            })
            .collect()
    }

    fn since(&self, section: &Section) -> Revision {
        self.before.get(section).copied().unwrap_or_default()
    }

    fn taken_in(&mut self, lines: Vec<Vec<Change>>) -> Result<MachineStep<SnapshotRequest, Snapshot>> {
        let mut gap = None;
        let settled = self.settled();
        for (range, lines) in self.ranges().into_iter().zip(lines) {
            let is_taken = match LogReach::of(&lines, &range, settled, self.idle.contains(&range.section)) {
                LogReach::Whole => true,
                // By then what was under way is there: what came before has left the log.
                LogReach::Open => self.looks >= SETTLING_LOOKS,
                LogReach::Gap => false,
            };
            if is_taken {
                self.lines.insert(range.section, lines);
            } else {
                gap = Some(range);
            }
        }
        if let Some(LogRange { section, upto, .. }) = gap {
            // Who may write one section can name any revision of another.
            let (section, what) = match self.named_by.get(&section) {
                Some(by) => (
                    by.clone(),
                    format!(
                        "the log of {by} refers to revision {upto} of {section}, which is missing from the log of {section}"
                    ),
                ),
                None => (
                    section.clone(),
                    format!("the log of {section} has gaps before revision {upto}"),
                ),
            };
            return self.look_again(Self::read_lines, Some(section), what);
        }
        self.looks = 0;
        self.follow_commits();
        if self.parts.keys().all(|section| self.read.contains(section)) {
            self.read_lines()
        } else {
            Ok(self.read_entries())
        }
    }

    /// Takes in a section that is listed, or that a commit has made.
    fn discover(&mut self, section: Section) {
        if self.except.contains(&section) {
            self.left_out.insert(section);
        } else {
            let whole = || vec![Prefix::from(&section)];
            self.parts.entry(section.clone()).or_insert_with(whole);
        }
    }

    /// Moves the heads on to where every commit that is seen in one section is seen in the others of the snapshot. One
    /// that made a section names it before it is listed.
    fn follow_commits(&mut self) {
        let mut beyond = Vec::new();
        for line in self.lines.values().flatten() {
            for (section, revision) in &line.with {
                let head = self.heads.get(section);
                if head.map_or(Revision::ZERO, |head| head.revision) < *revision {
                    let by = (line.key.section(), line.commit.clone(), line.at);
                    beyond.push((section.clone(), *revision, by));
                }
            }
        }
        for (section, revision, (by, commit, at)) in beyond {
            if self.scope == SnapshotScope::Whole {
                self.discover(section.clone());
            }
            let head = self.heads.get(&section);
            let stands_at = head.map_or(Revision::ZERO, |head| head.revision);
            if self.parts.contains_key(&section) && stands_at < revision {
                self.named_by.insert(section.clone(), by);
                let head = Head {
                    section: section.clone(),
                    revision,
                    // Known when its lines are read.
                    changes: 0,
                    commit: Some(commit),
                    modified: Some(at),
                };
                self.heads.insert(section, head);
            }
        }
    }

    fn look_again(
        &mut self,
        then: impl Fn(&mut Self) -> Result<MachineStep<SnapshotRequest, Snapshot>>,
        section: Option<Section>,
        what: String,
    ) -> Result<MachineStep<SnapshotRequest, Snapshot>> {
        self.looks += 1;
        match self.looks {
            // Once at once: what was made before the answer is there.
            1 => then(self),
            looks if looks <= LOOKS => {
                then(self)?;
                Ok(MachineStep::Pause(BACKOFF.pause(looks)))
            }
            _ => Err(StoreError::Corrupt {
                section,
                what,
                source: None,
            }),
        }
    }

    /// Replays the log over the entries.
    ///
    /// Fails with [`StoreError::Busy`] where a value of this moment was purged since. The lines that a snapshot needs are
    /// too young for that, unless it takes longer than a minute.
    fn finish(&mut self) -> Result<Snapshot> {
        let mut entries = std::mem::take(&mut self.entries);
        let mut purged: BTreeMap<Key, PurgedValue> = BTreeMap::new();
        for (section, lines) in &self.lines {
            let prefixes = self.parts.get(section).map_or(&[][..], Vec::as_slice);
            for line in lines {
                if prefixes.iter().any(|prefix| prefix.holds(&line.key)) {
                    match replay(&mut entries, line) {
                        Ok(()) => drop(purged.remove(&line.key)),
                        Err(value) => drop(purged.insert(line.key.clone(), value)),
                    }
                }
            }
        }
        if let Some(value) = purged.values().next() {
            return Err(StoreError::Busy(format!("{value} while a snapshot was read")));
        }
        for (section, head) in &mut self.heads {
            let last = self.lines.get(section).and_then(|lines| lines.last());
            if let Some(last) = last.filter(|last| last.revision == head.revision) {
                head.changes = last.of;
            }
        }
        Ok(Snapshot {
            heads: std::mem::take(&mut self.heads).into_values().collect(),
            entries: entries.into_values().collect(),
        })
    }
}

#[cfg(test)]
mod tests;
