//! How a machine ends: its time is over, a request failed, or everything is answered.

use std::borrow::Borrow;
use std::time::Duration;

use super::super::MachineStep;
use super::{CommitMachine, CommitSettings, CommitStep, UnfinishedJobs};
use crate::model::ErrorKind;
use crate::store::{Cause, StoreError, Txn};

impl<J: Borrow<Txn>> CommitMachine<J> {
    /// Takes the jobs of the transaction under way for open ones.
    pub(super) fn take_back(&mut self) {
        if let Some(sent) = self.sent.take() {
            self.open.extend(sent.made.into_iter().map(|(job, _)| job));
            self.waiting.extend(sent.refused.into_iter().map(|(job, _)| job));
            self.waiting.extend(sent.left);
        }
    }

    /// Whether no time is left after a pause of about that length, which may be half as long again.
    pub(super) fn is_over_after(&self, pause: Duration, elapsed: Duration) -> bool {
        elapsed + pause + pause / 2 >= self.settings.deadline
    }

    /// The time is over.
    pub(super) fn gave_up(&mut self) -> CommitStep<J> {
        if self.unanswered && !self.is_over {
            // Whether it was made can still be found out.
            self.is_over = true;
            self.take_back();
            return self.look_or(|machine| machine.unknown(None));
        }
        let last = self.last.take();
        if self.unanswered {
            return self.unknown(last.map(Cause::from).as_ref());
        }
        let error = last.unwrap_or_else(|| CommitSettings::busy(self.settings.patience));
        self.take_back();
        for job in std::mem::take(&mut self.open) {
            self.answers.push((job, Err(error.clone())));
        }
        self.end()
    }

    pub(super) fn unknown(&mut self, cause: Option<&Cause>) -> CommitStep<J> {
        self.take_back();
        for job in std::mem::take(&mut self.open) {
            let error = StoreError::OutcomeUnknown {
                commit: Borrow::<Txn>::borrow(&job).id.clone(),
                source: cause.cloned(),
            };
            self.answers.push((job, Err(error)));
        }
        self.end()
    }

    /// A request failed for good.
    pub(super) fn failed(&mut self, error: StoreError) -> CommitStep<J> {
        self.take_back();
        self.open
            .extend(std::mem::take(&mut self.recalled).into_iter().map(|(job, _)| job));
        if self.unanswered {
            return self.unknown(Some(&error.into()));
        }
        let is_of_all = matches!(error.kind(), ErrorKind::Throttled | ErrorKind::Unavailable);
        if self.open.len() > 1 && !is_of_all {
            return MachineStep::Done(UnfinishedJobs {
                waiting: std::mem::take(&mut self.waiting),
                apart: std::mem::take(&mut self.open),
            });
        }
        for job in std::mem::take(&mut self.open) {
            self.answers.push((job, Err(error.clone())));
        }
        self.end()
    }

    pub(super) fn end(&mut self) -> CommitStep<J> {
        MachineStep::Done(UnfinishedJobs {
            waiting: std::mem::take(&mut self.waiting),
            apart: Vec::new(),
        })
    }
}
