//! Commits under a caller's id that have a record: their answers are in the log.

use std::borrow::Borrow;
use std::time::Duration;

use super::super::{BACKOFF, LOOKS, MachineStep};
use super::{CommitMachine, CommitMachineRequest, CommitStage, CommitStep};
use crate::model::{Change, Section};
use crate::store::{StoreError, Txn};

impl<J: Borrow<Txn>> CommitMachine<J> {
    /// Recalls what is recorded, and decides the rest.
    pub(super) fn go_on(&mut self, elapsed: Duration) -> CommitStep<J> {
        for job in std::mem::take(&mut self.open) {
            let txn: &Txn = job.borrow();
            let record = self.read.as_ref().filter(|_| txn.recorded);
            let record = record.and_then(|read| read.records.get(&txn.id)).cloned();
            match record {
                Some(record) => self.recalled.push((job, record)),
                None => self.open.push(job),
            }
        }
        if self.recalled.is_empty() {
            self.decide(elapsed)
        } else {
            self.looks = 0;
            self.recall()
        }
    }

    pub(super) fn recall(&mut self) -> CommitStep<J> {
        self.stage = CommitStage::Recalling;
        let revisions = self.recalled.last().map(|(_, record)| record.revisions.clone());
        MachineStep::Request(CommitMachineRequest::LinesOf(revisions.unwrap_or_default()))
    }

    pub(super) fn take_recalled(&mut self, lines: Vec<Change>, elapsed: Duration) -> CommitStep<J> {
        let Some((job, record)) = self.recalled.pop() else {
            return self.decide(elapsed);
        };
        let txn: &Txn = job.borrow();
        let lines: Vec<Change> = lines.into_iter().filter(|line| line.commit == txn.id).collect();
        let is_there = |section: &Section| {
            let mut of = lines.iter().filter(|line| line.key.section() == *section);
            let first = of.next();
            first.is_some_and(|line| of.count() + 1 == line.of as usize)
        };
        if record.revisions.keys().all(is_there) {
            let answer = txn
                .answer_in(lines)
                .and_then(|made| made.ok_or_else(|| StoreError::IdReused(txn.id.clone())));
            self.answers.push((job, answer));
        } else if self.looks < LOOKS {
            // Of its transaction the record is visible, and not all lines are.
            self.looks += 1;
            self.recalled.push((job, record));
            return MachineStep::Pause(BACKOFF.pause(self.looks));
        } else {
            let what = format!(
                "the log is missing lines of commit {}, which has a record",
                txn.id
            );
            self.answers.push((
                job,
                Err(StoreError::Corrupt {
                    section: None,
                    what,
                    source: None,
                }),
            ));
        }
        self.looks = 0;
        if self.recalled.is_empty() {
            self.decide(elapsed)
        } else {
            self.recall()
        }
    }
}
