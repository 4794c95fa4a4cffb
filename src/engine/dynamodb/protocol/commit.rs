//! Commits: read, decide, send, and where the answer is lost or a race is, find out and try again. Each is made once.
//!
//! - A transaction that isn't answered is sent again under its token, which DynamoDB honours for ten minutes, but not later
//!   than [`RESENT_WITHIN`] after the read that it was decided on.
//! - A lost race gives back how the items are now: it is decided again at once. From the second in a row on, a pause as long
//!   as commits take goes before another read.
//! - Where a send before a lost race was never answered, the log is looked at from the heads that were read first: the
//!   commit may be in it.
//! - A commit under a caller's id puts a record. Where one is there, the commit was made, by this process or
//!   another: its lines are the answer.

mod confirm;
mod end;
mod look;
mod messages;
mod recall;
mod registration;
#[cfg(test)]
mod seen;

use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

pub(in crate::engine::dynamodb) use self::messages::{
    CommitMachineAnswer, CommitMachineRequest, CommitSettings, SendOutcome, UnfinishedJobs,
};
use self::registration::{split_unregistered, unlisted_sections};
use super::batch::{CommitBatch, committed};
use super::commit_basis::CommitBasis;
use super::commit_record::{CommitRecord, RecordPlace};
use super::found_item::FoundItem;
use super::table_action::TableAction;
use super::transaction::{SectionList, Transaction};
use super::{BACKOFF, FIRST_PAUSE, MachineStep, SETTLED_AFTER};
use crate::model::{Key, Revision, Section, Timestamp};
use crate::store::{Committed, Decision, Result, StoreError, Txn};

/// How long after the read that gave its times a transaction may be sent for the last time.
pub(in crate::engine::dynamodb) const RESENT_WITHIN: Duration = Duration::from_secs(30);
/// The longest that a request takes, from when it is sent.
pub(in crate::engine::dynamodb) const LONGEST_REQUEST: Duration = Duration::from_secs(20);
// A snapshot takes what is older than that for visible: no transaction may come to be later than it says.
const _: () = assert!(RESENT_WITHIN.as_secs() + LONGEST_REQUEST.as_secs() < SETTLED_AFTER.cast_unsigned());

/// How many commit times the longest pause after a lost race has.
const MOST_LOSSES: u32 = 8;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum CommitStage {
    Reading,
    Writing,
    Confirming,
    Settling,
    Looking,
    Recalling,
    Counting,
    Listing,
}

/// A batch whose transaction is under way.
#[derive(Debug, Clone)]
struct SentBatch<J> {
    transaction: Arc<Transaction>,
    made: Vec<(J, Decision)>,
    refused: Vec<(J, Result<Committed>)>,
    left: Vec<J>,
    /// When it was sent last.
    at: Duration,
}

/// Makes commits that go together, each with its own answer.
#[derive(Debug, Clone)]
pub(in crate::engine::dynamodb) struct CommitMachine<J> {
    settings: CommitSettings,
    stage: CommitStage,
    open: Vec<J>,
    answers: Vec<(J, Result<Committed>)>,
    read: Option<CommitBasis>,
    read_at: Duration,
    /// Where the sections stood when they were read first.
    first: Option<BTreeMap<Section, Revision>>,
    list: SectionList,
    /// The sections that are known to be listed, where it was asked.
    listed: Option<BTreeSet<Section>>,
    /// Whether what was read is known to be whole.
    confirmed: bool,
    sent: Option<SentBatch<J>>,
    number: u32,
    /// Commits that have a record, which gives their answers.
    recalled: Vec<(J, CommitRecord)>,
    /// Where the sections stand, as far as the log is looked at.
    stand: BTreeMap<Section, Revision>,
    waiting: Vec<J>,
    unanswered: bool,
    /// The heads that transactions without an answer move, each as it was then. Such a transaction can still be made for as
    /// long as all of them are so.
    in_doubt: Vec<BTreeMap<Section, Revision>>,
    /// When it was known that the last send wasn't answered.
    unanswered_at: Duration,
    /// Whether the time is over, and a last look is made.
    is_over: bool,
    last: Option<StoreError>,
    losses: u32,
    tries: u32,
    looks: u32,
    /// How long the last transaction took.
    took: Duration,
}

type CommitStep<J> = MachineStep<CommitMachineRequest, UnfinishedJobs<J>>;

impl<J: Borrow<Txn>> CommitMachine<J> {
    /// A machine for these jobs, of which there is one at least.
    pub(in crate::engine::dynamodb) fn new(jobs: Vec<J>, settings: CommitSettings) -> Self {
        Self {
            settings,
            stage: CommitStage::Reading,
            open: jobs,
            answers: Vec::new(),
            read: None,
            read_at: Duration::ZERO,
            first: None,
            list: SectionList::default(),
            listed: None,
            confirmed: false,
            sent: None,
            number: 0,
            recalled: Vec::new(),
            stand: BTreeMap::new(),
            waiting: Vec::new(),
            unanswered: false,
            in_doubt: Vec::new(),
            unanswered_at: Duration::ZERO,
            is_over: false,
            last: None,
            losses: 0,
            tries: 0,
            looks: 0,
            took: FIRST_PAUSE,
        }
    }

    /// The answers that are known by now, each given once.
    pub(in crate::engine::dynamodb) fn take_answers(&mut self) -> Vec<(J, Result<Committed>)> {
        std::mem::take(&mut self.answers)
    }

    /// Takes an answer, `elapsed` after the machine began, and says what comes next.
    pub(in crate::engine::dynamodb) fn next(
        &mut self,
        answer: CommitMachineAnswer,
        elapsed: Duration,
    ) -> CommitStep<J> {
        match (self.stage, answer) {
            (_, CommitMachineAnswer::Failed(error)) => self.failed(error),
            (CommitStage::Reading, CommitMachineAnswer::Read(read)) => self.take_read(read, elapsed),
            (CommitStage::Writing, CommitMachineAnswer::Written(written)) => self.written(written, elapsed),
            (CommitStage::Writing, _) => self.send_again(elapsed),
            (CommitStage::Confirming, CommitMachineAnswer::Confirmed(found)) => {
                self.take_confirmed(found, elapsed)
            }
            (CommitStage::Confirming, _) => self.confirm(),
            (CommitStage::Settling, CommitMachineAnswer::Confirmed(found)) => self.settled(found, elapsed),
            (CommitStage::Settling, _) => self.settle(),
            (CommitStage::Looking, CommitMachineAnswer::Lines(lines)) => self.looked(&lines, elapsed),
            (CommitStage::Looking, _) => self.look(),
            (CommitStage::Recalling, CommitMachineAnswer::Lines(lines)) => self.take_recalled(lines, elapsed),
            (CommitStage::Recalling, _) => self.recall(),
            (CommitStage::Counting, CommitMachineAnswer::Count(lines)) => {
                self.list.uncounted = Some(lines);
                self.decide(elapsed)
            }
            (CommitStage::Listing, CommitMachineAnswer::Listed(sections)) => {
                self.listed = Some(sections.into_iter().collect());
                self.decide(elapsed)
            }
            (CommitStage::Reading | CommitStage::Counting | CommitStage::Listing, _) => self.read(),
        }
    }

    fn read(&mut self) -> CommitStep<J> {
        self.stage = CommitStage::Reading;
        self.confirmed = false;
        let txns = || self.open.iter().map(Borrow::borrow);
        let mut keys: Vec<Key> = txns().flat_map(Txn::keys).collect();
        keys.sort();
        keys.dedup();
        let mut records: Vec<RecordPlace> = txns().filter_map(RecordPlace::of).collect();
        records.sort();
        records.dedup();
        MachineStep::Request(CommitMachineRequest::Read {
            keys,
            sections: self.sections(),
            records,
        })
    }

    fn sections(&self) -> Vec<Section> {
        let sections: BTreeSet<Section> = self.open.iter().flat_map(|job| job.borrow().sections()).collect();
        sections.into_iter().collect()
    }

    fn take_read(&mut self, read: CommitBasis, elapsed: Duration) -> CommitStep<J> {
        if self.first.is_none() {
            let stands_at = |section: Section| {
                let head = read.heads.get(&section);
                let revision = head.map_or(Revision::ZERO, |head| head.revision);
                (section, revision)
            };
            self.first = Some(self.sections().into_iter().map(stands_at).collect());
        }
        self.read = Some(read);
        self.read_at = elapsed;
        self.go_on(elapsed)
    }

    fn decide(&mut self, elapsed: Duration) -> CommitStep<J> {
        if self.open.is_empty() {
            return self.end();
        }
        let Some(read) = self.read.take() else {
            return self.read();
        };
        let step = self.decide_on(&read, elapsed);
        self.read = Some(read);
        step
    }

    fn decide_on(&mut self, read: &CommitBasis, elapsed: Duration) -> CommitStep<J> {
        if !self.settings.registers_sections && self.listed.is_none() {
            let unlisted = unlisted_sections(&self.open, read);
            if !unlisted.is_empty() {
                self.stage = CommitStage::Listing;
                return MachineStep::Request(CommitMachineRequest::Listed(unlisted));
            }
        }
        let mut open = std::mem::take(&mut self.open);
        if let Some(listed) = &self.listed {
            let (refused, others) = split_unregistered(open, read, listed);
            self.answers.extend(refused);
            open = others;
            if open.is_empty() {
                return self.end();
            }
        }
        let batch = CommitBatch::of(open, read, &self.settings.by);
        let is_recorded = |(job, _): &(J, Result<Committed>)| RecordPlace::of(job.borrow()).is_some();
        let does_nothing = |(job, decision): &(J, Decision)| {
            decision.changes.is_empty() && RecordPlace::of(job.borrow()).is_some()
        };
        if !self.confirmed && (batch.answered.iter().any(is_recorded) || batch.made.iter().any(does_nothing))
        {
            // It may be refused for what it did itself, where that was half visible.
            self.open = batch.into_jobs();
            return self.confirm();
        }
        self.answers.extend(batch.answered);
        if batch.made.is_empty() {
            self.waiting.extend(batch.left);
            return self.end();
        }
        let commits: Vec<(&Txn, &Decision)> = batch
            .made
            .iter()
            .map(|(job, decision)| (job.borrow(), decision))
            .collect();
        let list = self.settings.registers_sections.then_some(&self.list);
        let transaction = Transaction::build(&commits, read, list);
        self.sent = Some(SentBatch {
            transaction: Arc::new(transaction),
            made: batch.made,
            refused: batch.refused,
            left: batch.left,
            at: elapsed,
        });
        self.number += 1;
        self.tries = 0;
        self.send(elapsed)
    }

    fn send(&mut self, elapsed: Duration) -> CommitStep<J> {
        self.stage = CommitStage::Writing;
        let Some(sent) = &mut self.sent else {
            return self.end();
        };
        sent.at = elapsed;
        MachineStep::Request(CommitMachineRequest::Write {
            transaction: Arc::clone(&sent.transaction),
            number: self.number,
        })
    }

    fn written(&mut self, written: SendOutcome, elapsed: Duration) -> CommitStep<J> {
        match written {
            SendOutcome::Done => {
                let (Some(sent), Some(read)) = (self.sent.take(), &self.read) else {
                    return self.end();
                };
                for (job, decision) in sent.made {
                    let answer = committed(job.borrow(), read, decision);
                    self.answers.push((job, Ok(answer)));
                }
                self.answers.extend(sent.refused);
                self.waiting.extend(sent.left);
                self.end()
            }
            SendOutcome::Lost(found, at) => self.lost(found, at, elapsed),
            SendOutcome::NotYet { error, is_conflict } => {
                // A conflict is no error of its own: others were faster.
                self.last = (!is_conflict).then_some(error);
                self.pause_before_sending(elapsed)
            }
            SendOutcome::Unanswered(error) => {
                self.unanswered = true;
                self.in_doubt
                    .extend(self.sent.as_ref().map(|sent| moved_from(&sent.transaction)));
                self.unanswered_at = elapsed;
                self.last = Some(error);
                self.pause_before_sending(elapsed)
            }
            SendOutcome::Refused(error) => self.failed(error),
        }
    }

    fn pause_before_sending(&mut self, elapsed: Duration) -> CommitStep<J> {
        let pause = BACKOFF.pause(self.tries);
        self.tries += 1;
        if self.is_over_after(pause, elapsed) {
            return self.gave_up();
        }
        MachineStep::Pause(pause)
    }

    fn send_again(&mut self, elapsed: Duration) -> CommitStep<J> {
        if elapsed.saturating_sub(self.read_at) <= RESENT_WITHIN {
            return self.send(elapsed);
        }
        // What is looked for must not come after the look.
        let arrived = self.unanswered_at + LONGEST_REQUEST;
        if self.unanswered && elapsed < arrived {
            let pause = arrived.saturating_sub(elapsed);
            if elapsed + pause >= self.settings.deadline {
                return self.gave_up();
            }
            return MachineStep::Pause(pause);
        }
        // Its times are too old: it is decided again, unless it was made.
        self.take_back();
        self.look_or(Self::read)
    }

    fn lost(&mut self, found: Vec<FoundItem>, at: Option<Timestamp>, elapsed: Duration) -> CommitStep<J> {
        let Some(sent) = &self.sent else {
            return self.end();
        };
        self.took = elapsed.saturating_sub(sent.at);
        let transaction = Arc::clone(&sent.transaction);
        let must_count = self.list.learn(&transaction, &found);
        let mut is_race = false;
        if let Some(read) = &mut self.read {
            for (action, found) in transaction.actions.iter().zip(found) {
                if found != FoundItem::AsRead {
                    is_race |= action.is_as_read();
                    read.learn(action, found);
                }
            }
            read.now = at.unwrap_or(read.now);
        }
        self.take_back();
        self.open.append(&mut self.waiting);
        self.confirmed = false;
        if is_race {
            self.losses += 1;
        }
        if self.unanswered {
            return self.look_or(|machine| machine.try_again(must_count, elapsed));
        }
        self.try_again(must_count, elapsed)
    }

    fn try_again(&mut self, must_count: bool, elapsed: Duration) -> CommitStep<J> {
        if must_count {
            self.stage = CommitStage::Counting;
            return MachineStep::Request(CommitMachineRequest::CountSections);
        }
        if self.losses < 2 {
            return self.go_on(elapsed);
        }
        let pause = self.took * self.losses.min(MOST_LOSSES);
        if self.is_over_after(pause, elapsed) {
            return self.gave_up();
        }
        // What the cancellation gave back is old by then.
        self.stage = CommitStage::Reading;
        MachineStep::Pause(pause)
    }
}

/// The heads that a transaction moves, each as it is before.
fn moved_from(transaction: &Transaction) -> BTreeMap<Section, Revision> {
    let moved = transaction.actions.iter().filter_map(|action| match action {
        TableAction::MoveHead { from, to } => Some((to.section.clone(), from.unwrap_or_default())),
        _ => None,
    });
    moved.collect()
}
