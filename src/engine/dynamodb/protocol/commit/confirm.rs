//! Making sure that what was read is whole, where it is to be answered without a transaction.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::time::Duration;

use super::super::commit_record::{CommitRecord, RecordPlace};
use super::super::{BACKOFF, MachineStep};
use super::{CommitMachine, CommitMachineRequest, CommitStage, CommitStep};
use crate::model::{Head, Revision, Section};
use crate::store::Txn;

impl<J: Borrow<Txn>> CommitMachine<J> {
    pub(super) fn confirm(&mut self) -> CommitStep<J> {
        self.stage = CommitStage::Confirming;
        let mut records: Vec<RecordPlace> = self
            .open
            .iter()
            .filter_map(|job| RecordPlace::of(job.borrow()))
            .collect();
        records.sort();
        records.dedup();
        MachineStep::Request(CommitMachineRequest::Confirm {
            sections: self.sections(),
            records,
        })
    }

    pub(super) fn take_confirmed(
        &mut self,
        found: Option<(Vec<Head>, Vec<CommitRecord>)>,
        elapsed: Duration,
    ) -> CommitStep<J> {
        let (Some((heads, records)), Some(read)) = (found, &mut self.read) else {
            return self.pause_before_confirming(elapsed);
        };
        read.records = records
            .into_iter()
            .map(|record| (record.place.id.clone(), record))
            .collect();
        let heads: HashMap<&Section, Revision> =
            heads.iter().map(|head| (&head.section, head.revision)).collect();
        let before: HashMap<&Section, Revision> = read
            .heads
            .iter()
            .map(|(section, head)| (section, head.revision))
            .collect();
        if heads == before {
            // No commit came since, and none was half visible: this read waits for those that are under way.
            self.confirmed = true;
            return self.go_on(elapsed);
        }
        if !read.records.is_empty() {
            return self.go_on(elapsed);
        }
        self.stage = CommitStage::Reading;
        self.pause_within(elapsed)
    }

    pub(super) fn pause_before_confirming(&mut self, elapsed: Duration) -> CommitStep<J> {
        self.stage = CommitStage::Confirming;
        self.pause_within(elapsed)
    }

    pub(super) fn pause_within(&mut self, elapsed: Duration) -> CommitStep<J> {
        let pause = BACKOFF.pause(self.tries);
        self.tries += 1;
        if self.is_over_after(pause, elapsed) {
            return self.gave_up();
        }
        MachineStep::Pause(pause)
    }
}
