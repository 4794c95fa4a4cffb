//! The reading of the heads that a snapshot is taken at.

use std::collections::BTreeMap;

use super::{HeadTransaction, SnapshotMachine, SnapshotRequest, SnapshotScope, SnapshotStage};
use crate::engine::dynamodb::protocol::{BACKOFF, MachineStep};
use crate::model::{Head, Revision, Section};
use crate::store::{Result, Snapshot, StoreError};

/// The most heads that are read in one transaction, which holds 100 items, beside the number of sections.
const TOGETHER: usize = 99;
/// How often a transaction over several heads is tried.
const TRIES: u32 = 3;
/// How often heads that are always being written are tried at all, some 10 seconds.
const MOST_TRIES: u32 = 100;
/// A commit is under way for less time than this many pauses would grow to.
const SHORT_PAUSES: u32 = 2;

impl SnapshotMachine {
    /// Reads the heads that the snapshot is taken at.
    pub(super) fn close(&mut self) -> Result<MachineStep<SnapshotRequest, Snapshot>> {
        self.heads.clear();
        self.count = None;
        let mut counts = self.scope == SnapshotScope::Whole;
        let sections = self.sections();
        let mut chunks: Vec<HeadTransaction> = sections
            .chunks(TOGETHER)
            .map(|heads| HeadTransaction {
                heads: heads.to_vec(),
                counts: std::mem::take(&mut counts),
            })
            .collect();
        if counts {
            chunks.push(HeadTransaction {
                heads: Vec::new(),
                counts,
            });
        }
        self.is_of_one_moment &= chunks.len() <= 1;
        self.closing = chunks;
        self.read_closing()
    }

    pub(super) fn read_closing(&mut self) -> Result<MachineStep<SnapshotRequest, Snapshot>> {
        self.stage = SnapshotStage::Closing;
        if self.closing.is_empty() {
            return self.check_count();
        }
        Ok(MachineStep::Request(SnapshotRequest::Together(
            self.closing.clone(),
        )))
    }

    pub(super) fn closed(
        &mut self,
        read: Vec<Option<(Vec<Head>, Option<usize>)>>,
    ) -> Result<MachineStep<SnapshotRequest, Snapshot>> {
        let asked = std::mem::take(&mut self.closing);
        for (together, found) in asked.into_iter().zip(read) {
            match found {
                Some((heads, count)) => {
                    self.heads
                        .extend(heads.into_iter().map(|head| (head.section.clone(), head)));
                    self.count = self.count.max(count);
                }
                None => self.closing.push(together),
            }
        }
        if !self.closing.is_empty() {
            return self.close_again();
        }
        self.check_count()
    }

    fn check_count(&mut self) -> Result<MachineStep<SnapshotRequest, Snapshot>> {
        self.tries = 0;
        if self
            .count
            .is_some_and(|count| count > self.parts.len() + self.left_out.len())
        {
            // A section was made meanwhile.
            let what = "the section list is missing a section that is counted";
            return self.look_again(|machine| Ok(machine.list()), None, what.into());
        }
        self.read_lines()
    }

    /// Tries the heads again on which a commit was under way.
    fn close_again(&mut self) -> Result<MachineStep<SnapshotRequest, Snapshot>> {
        self.tries += 1;
        if self.tries > MOST_TRIES {
            let busy = self.closing.iter().flat_map(|together| &together.heads);
            let busy: Vec<&str> = busy.map(Section::as_str).collect();
            return Err(StoreError::Busy(format!(
                "{} changed too often to read a consistent snapshot",
                busy.join(", ")
            )));
        }
        if self.tries >= TRIES {
            self.is_of_one_moment = false;
            self.closing = std::mem::take(&mut self.closing)
                .into_iter()
                .flat_map(HeadTransaction::apart)
                .collect();
        }
        if self.tries <= TRIES {
            return Ok(MachineStep::Pause(BACKOFF.pause(self.tries)));
        }
        self.stage = SnapshotStage::PlainHeads;
        let heads = self.closing.iter().flat_map(|together| &together.heads);
        Ok(MachineStep::Request(SnapshotRequest::Heads(
            heads.cloned().collect(),
        )))
    }

    /// Takes plain reads of the heads that no transaction could read. Each may miss the one commit of which the entries
    /// show a part, and no more: the next one is sent only when the head of that one is there. So it will do once it
    /// has moved.
    pub(super) fn take_plain(&mut self, heads: Vec<Head>) -> MachineStep<SnapshotRequest, Snapshot> {
        let mut found: BTreeMap<Section, Head> = heads
            .into_iter()
            .map(|head| (head.section.clone(), head))
            .collect();
        let asked = self.closing.iter().flat_map(|together| together.heads.clone());
        for section in asked.collect::<Vec<_>>() {
            let head = found.remove(&section);
            let at = head.as_ref().map_or(Revision::ZERO, |head| head.revision);
            let first = *self.plain.entry(section.clone()).or_insert(at);
            if let Some(head) = head.filter(|_| at > first) {
                self.closing
                    .retain(|together| together.heads.first() != Some(&section));
                self.heads.insert(section, head);
            }
        }
        self.stage = SnapshotStage::Closing;
        MachineStep::Pause(BACKOFF.pause((self.tries - TRIES).min(SHORT_PAUSES)))
    }
}
