//! Looking in the log for commits whose sends were not answered.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::time::Duration;

use super::super::commit_record::{CommitRecord, RecordPlace};
use super::super::{BACKOFF, LOOKS, MachineStep};
use super::{CommitMachine, CommitMachineRequest, CommitStage, CommitStep, MOST_LOSSES};
use crate::model::{Change, CommitId, Head, LogPosition, Mutation, Revision, Section};
use crate::store::{Cause, Txn};

impl<J: Borrow<Txn>> CommitMachine<J> {
    /// Looks in the logs for commits that may have been made, if there are any; the others go on by `then`.
    pub(super) fn look_or(&mut self, then: impl FnOnce(&mut Self) -> CommitStep<J>) -> CommitStep<J> {
        // A record tells of its own accord.
        let is_sought = |job: &J| RecordPlace::of(job.borrow()).is_none();
        if !self.unanswered || !self.open.iter().any(is_sought) {
            return then(self);
        }
        self.looks = 0;
        self.settle()
    }

    /// Reads where the sections stand, in one transaction: a commit that came before is in the log up to there, whether or
    /// not its lines are visible yet.
    pub(super) fn settle(&mut self) -> CommitStep<J> {
        self.stage = CommitStage::Settling;
        MachineStep::Request(CommitMachineRequest::Confirm {
            sections: self
                .first
                .iter()
                .flatten()
                .map(|(section, _)| section.clone())
                .collect(),
            records: Vec::new(),
        })
    }

    pub(super) fn settled(
        &mut self,
        found: Option<(Vec<Head>, Vec<CommitRecord>)>,
        elapsed: Duration,
    ) -> CommitStep<J> {
        let Some((heads, _)) = found else {
            return self.pause_within(elapsed);
        };
        self.stand = heads
            .into_iter()
            .map(|head| (head.section, head.revision))
            .collect();
        self.look()
    }

    pub(super) fn look(&mut self) -> CommitStep<J> {
        self.stage = CommitStage::Looking;
        MachineStep::Request(CommitMachineRequest::LinesAfter(
            self.first.clone().unwrap_or_default(),
        ))
    }

    pub(super) fn looked(&mut self, lines: &[Change], elapsed: Duration) -> CommitStep<J> {
        let mut by_commit: HashMap<CommitId, Vec<Change>> = HashMap::new();
        for line in lines {
            by_commit
                .entry(line.commit.clone())
                .or_default()
                .push(line.clone());
        }
        let lines_of = |job: &J| by_commit.get(&Borrow::<Txn>::borrow(job).id);
        let is_whole = |job: &J| lines_of(job).is_none_or(|lines| has_all(job.borrow(), lines));
        let first = self.first.clone().unwrap_or_default();
        let is_reached = |(section, stands_at): (&Section, &Revision)| {
            let since = first.get(section).copied().unwrap_or_default();
            reaches(
                lines.iter().filter(|line| line.key.section() == *section),
                since,
                *stands_at,
            )
        };
        if !self.stand.iter().all(is_reached) || !self.open.iter().all(is_whole) {
            self.looks += 1;
            if self.looks > LOOKS {
                return self.unknown(None);
            }
            return MachineStep::Pause(BACKOFF.pause(self.looks));
        }
        for job in std::mem::take(&mut self.open) {
            let lines = lines_of(&job).cloned().unwrap_or_default();
            match job.borrow().answer_in(lines).transpose() {
                Some(answer) => self.answers.push((job, answer)),
                None => self.open.push(job),
            }
        }
        if self.open.is_empty() {
            return self.end();
        }
        if self.is_over {
            // A send may still be on its way.
            let last = self.last.take();
            return self.unknown(last.map(Cause::from).as_ref());
        }
        let stand = &self.stand;
        let is_as_then =
            |(section, then): (&Section, &Revision)| stand.get(section).copied().unwrap_or_default() == *then;
        self.in_doubt.retain(|heads| heads.iter().all(is_as_then));
        self.unanswered = !self.in_doubt.is_empty();
        let pause = self.took * self.losses.min(MOST_LOSSES);
        if self.is_over_after(pause, elapsed) {
            return self.gave_up();
        }
        self.stage = CommitStage::Reading;
        MachineStep::Pause(pause)
    }
}

/// Whether these are all lines of the commit, as far as it says itself.
fn has_all(txn: &Txn, lines: &[Change]) -> bool {
    let of = |line: &Change| {
        let section = line.key.section();
        let there = lines.iter().filter(|line| line.key.section() == section).count();
        there == line.of as usize
    };
    let is_there = |change: &Mutation| match change {
        Mutation::Set { key, .. } => lines.iter().any(|line| line.key == *key),
        Mutation::Delete { .. } => true,
    };
    let others = lines.iter().flat_map(|line| line.with.keys());
    let mut others = others.map(|section| lines.iter().any(|line| line.key.section() == *section));
    lines.iter().all(of) && others.all(|is_there| is_there) && txn.changes.iter().all(is_there)
}

/// Whether a section's lines, in order, are all of those after `since` up to `upto`.
fn reaches<'l>(lines: impl Iterator<Item = &'l Change>, since: Revision, upto: Revision) -> bool {
    let mut next = LogPosition::after(since);
    for line in lines {
        if !next.pass(line) {
            break;
        }
    }
    next >= LogPosition::after(upto)
}
