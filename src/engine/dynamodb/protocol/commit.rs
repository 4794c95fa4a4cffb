//! Commits: read, decide, send, and where the answer is lost or a race is, find out and try again. Each is made once.
//!
//! - A transaction that isn't answered is sent again under its token, which DynamoDB honours for ten minutes, but not later
//!   than [`RESENT_WITHIN`] after the read that it was decided on.
//! - A lost race gives back how the items are now: it is decided anew at once. From the second in a row on, a pause as long
//!   as commits take goes before another read.
//! - Where a send before a lost race was never answered, the log is looked at from the heads that were read first: the
//!   commit may be in it.
//! - A commit under a caller's id puts a record. Where one is there, the commit was made, by whoever: its lines are the
//!   answer.

#[cfg(test)]
mod seen;

use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use super::batch::{Batch, committed};
use super::transaction::{Action, CommitRecord, Read, RecordPlace, SectionList, Transaction};
use super::{SETTLED_AFTER, Step};
use crate::model::{Change, CommitId, Entry, Head, Key, Kind, Mutation, Revision, Section, Timestamp};
use crate::store::{Cause, Committed, Decision, Result, StoreError, Txn};

/// How long after the read that gave its times a transaction may be sent for the last time.
pub(in crate::engine::dynamodb) const RESENT_WITHIN: Duration = Duration::from_secs(30);
/// The longest that a request takes, from when it is sent.
pub(in crate::engine::dynamodb) const LONGEST_REQUEST: Duration = Duration::from_secs(20);
// A snapshot takes what is older than that for visible: no transaction may come to be later than it says.
const _: () = assert!(RESENT_WITHIN.as_secs() + LONGEST_REQUEST.as_secs() < SETTLED_AFTER.cast_unsigned());

/// The pause before something is sent again; it doubles from then on.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// How many commit times the longest pause after a lost race has.
const MOST_LOSSES: u32 = 8;
/// How often lines that must become visible are read again.
const LOOKS: u32 = 12;

/// What a commit asks of the table.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::engine::dynamodb) enum CommitRequest {
    /// These items and the config's settings, each strongly consistent by itself.
    Read {
        keys: Vec<Key>,
        sections: Vec<Section>,
        records: Vec<RecordPlace>,
    },
    /// A transaction. `number` is its token: what is sent again under the same is made once.
    Write { transaction: Transaction, number: u32 },
    /// These heads and records in one transaction.
    Confirm {
        sections: Vec<Section>,
        records: Vec<RecordPlace>,
    },
    /// All lines of these logs after a revision.
    LinesAfter(BTreeMap<Section, Revision>),
    /// The lines of one revision of each of these logs.
    LinesOf(BTreeMap<Section, Revision>),
    /// The number of lines of the section list.
    CountSections,
    /// Which of these sections are in the section list, or in the list of the writer's grant.
    Listed(Vec<Section>),
}

/// The answer to a [`CommitRequest`], or the end of a pause.
#[derive(Debug, Clone)]
pub(in crate::engine::dynamodb) enum CommitAnswer {
    Read(Read),
    Written(Written),
    /// None where a commit is under way on one of the items.
    Confirmed(Option<(Vec<Head>, Vec<CommitRecord>)>),
    Lines(Vec<Change>),
    Count(usize),
    Listed(Vec<Section>),
    /// The request failed, and trying again is of no use.
    Failed(StoreError),
    /// The pause is over, or the machine begins.
    Next,
}

/// What became of one send of a transaction.
#[derive(Debug, Clone)]
pub(in crate::engine::dynamodb) enum Written {
    /// It is made.
    Made,
    /// A condition failed, and nothing was written: what each action found, and the time of the answer.
    Lost(Vec<Found>, Option<Timestamp>),
    /// Nothing was written, and the same may be sent again.
    NotYet { error: StoreError, is_conflict: bool },
    /// It may have been made.
    Unanswered(StoreError),
    /// Nothing was written, and it won't be.
    Refused(StoreError),
}

/// What an action of a cancelled transaction found.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::engine::dynamodb) enum Found {
    /// Its condition held, or nothing is known.
    AsRead,
    /// Its condition failed, and this is there instead.
    Entry(Box<Entry>),
    Head(Head),
    Record(CommitRecord),
    /// Its condition failed, and nothing is there, or nothing that matters.
    Other,
}

/// Whose commits these are, and how long they may take.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::engine::dynamodb) struct CommitSettings {
    /// Who is written down as the writer.
    pub(in crate::engine::dynamodb) by: String,
    /// Whether the writer may write the section list.
    pub(in crate::engine::dynamodb) registers_sections: bool,
    /// When the time is over, from when the machine begins.
    pub(in crate::engine::dynamodb) deadline: Duration,
    /// For how long commits are tried at all, for people.
    pub(in crate::engine::dynamodb) patience: Duration,
}

impl CommitSettings {
    /// What those are told whose time is over while others change the same.
    pub(in crate::engine::dynamodb) fn busy(patience: Duration) -> StoreError {
        StoreError::Unavailable {
            problem: format!(
                "others kept changing the same section for {} seconds; nothing was written",
                patience.as_secs()
            ),
            source: None,
        }
    }
}

/// What is left when a machine ends.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::engine::dynamodb) struct Left<J> {
    /// Jobs that wait for their next turn.
    pub(in crate::engine::dynamodb) waiting: Vec<J>,
    /// Jobs that failed together, where the reason may be one's alone: each is tried by itself.
    pub(in crate::engine::dynamodb) apart: Vec<J>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Stage {
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
struct Sent<J> {
    transaction: Transaction,
    made: Vec<(J, Decision)>,
    refused: Vec<(J, Result<Committed>)>,
    left: Vec<J>,
    at: Duration,
}

/// Makes commits that go together, each with its own answer.
#[derive(Debug, Clone)]
pub(in crate::engine::dynamodb) struct CommitMachine<J> {
    settings: CommitSettings,
    stage: Stage,
    open: Vec<J>,
    answers: Vec<(J, Result<Committed>)>,
    read: Option<Read>,
    read_at: Duration,
    /// Where the sections stood when they were read first.
    first: Option<BTreeMap<Section, Revision>>,
    list: SectionList,
    /// The sections that are known to be listed, where it was asked.
    listed: Option<BTreeSet<Section>>,
    /// Whether what was read is known to be whole.
    confirmed: bool,
    sent: Option<Sent<J>>,
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

type Next<J> = Step<CommitRequest, Left<J>>;

impl<J: Borrow<Txn>> CommitMachine<J> {
    /// A machine for these jobs, of which there is one at least.
    pub(in crate::engine::dynamodb) fn new(jobs: Vec<J>, settings: CommitSettings) -> Self {
        Self {
            settings,
            stage: Stage::Reading,
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
    pub(in crate::engine::dynamodb) fn next(&mut self, answer: CommitAnswer, elapsed: Duration) -> Next<J> {
        match (self.stage, answer) {
            (_, CommitAnswer::Failed(error)) => self.failed(error),
            (Stage::Reading, CommitAnswer::Read(read)) => self.take_read(read, elapsed),
            (Stage::Writing, CommitAnswer::Written(written)) => self.written(written, elapsed),
            (Stage::Writing, _) => self.send_again(elapsed),
            (Stage::Confirming, CommitAnswer::Confirmed(found)) => self.take_confirmed(found, elapsed),
            (Stage::Confirming, _) => self.confirm(),
            (Stage::Settling, CommitAnswer::Confirmed(found)) => self.settled(found, elapsed),
            (Stage::Settling, _) => self.settle(),
            (Stage::Looking, CommitAnswer::Lines(lines)) => self.looked(&lines, elapsed),
            (Stage::Looking, _) => self.look(),
            (Stage::Recalling, CommitAnswer::Lines(lines)) => self.take_recalled(lines, elapsed),
            (Stage::Recalling, _) => self.recall(),
            (Stage::Counting, CommitAnswer::Count(lines)) => {
                self.list.uncounted = Some(lines);
                self.decide(elapsed)
            }
            (Stage::Listing, CommitAnswer::Listed(sections)) => {
                self.listed = Some(sections.into_iter().collect());
                self.decide(elapsed)
            }
            (Stage::Reading | Stage::Counting | Stage::Listing, _) => self.read(),
        }
    }

    fn read(&mut self) -> Next<J> {
        self.stage = Stage::Reading;
        self.confirmed = false;
        let txns = || self.open.iter().map(Borrow::borrow);
        let mut keys: Vec<Key> = txns().flat_map(Txn::keys).collect();
        keys.sort();
        keys.dedup();
        let mut records: Vec<RecordPlace> = txns().filter_map(RecordPlace::of).collect();
        records.sort();
        records.dedup();
        Step::Request(CommitRequest::Read {
            keys,
            sections: self.sections(),
            records,
        })
    }

    fn sections(&self) -> Vec<Section> {
        let sections: BTreeSet<Section> = self.open.iter().flat_map(|job| job.borrow().sections()).collect();
        sections.into_iter().collect()
    }

    fn take_read(&mut self, read: Read, elapsed: Duration) -> Next<J> {
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

    /// Recalls what is recorded, and decides the rest.
    fn go_on(&mut self, elapsed: Duration) -> Next<J> {
        let records = self
            .read
            .as_ref()
            .map(|read| read.records.clone())
            .unwrap_or_default();
        for job in std::mem::take(&mut self.open) {
            let txn: &Txn = job.borrow();
            match records.get(&txn.id).filter(|_| txn.recorded) {
                Some(record) => self.recalled.push((job, record.clone())),
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

    fn recall(&mut self) -> Next<J> {
        self.stage = Stage::Recalling;
        let revisions = self.recalled.last().map(|(_, record)| record.revisions.clone());
        Step::Request(CommitRequest::LinesOf(revisions.unwrap_or_default()))
    }

    fn take_recalled(&mut self, lines: Vec<Change>, elapsed: Duration) -> Next<J> {
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
                .made_in(lines)
                .and_then(|made| made.ok_or_else(|| StoreError::IdReused(txn.id.clone())));
            self.answers.push((job, answer));
        } else if self.looks < LOOKS {
            // Of its transaction the record is visible, and not all lines are.
            self.looks += 1;
            self.recalled.push((job, record));
            return Step::Pause(pause_after(self.looks));
        } else {
            let what = format!("the log lacks lines of the commit {}, which has a record", txn.id);
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

    fn decide(&mut self, elapsed: Duration) -> Next<J> {
        if self.open.is_empty() {
            return self.end();
        }
        let Some(read) = &self.read else {
            return self.read();
        };
        if let Some(unknown) = self.unlisted(read) {
            self.stage = Stage::Listing;
            return Step::Request(CommitRequest::Listed(unknown));
        }
        let read = read.clone();
        let mut open = std::mem::take(&mut self.open);
        if let Some(listed) = &self.listed {
            let (refused, others) = split_unregistered(open, &read, listed);
            self.answers.extend(refused);
            open = others;
            if open.is_empty() {
                return self.end();
            }
        }
        let batch = Batch::of(open, &read, &self.settings.by);
        let is_recorded = |(job, _): &(J, Result<Committed>)| RecordPlace::of(job.borrow()).is_some();
        let does_nothing = |(job, decision): &(J, Decision)| {
            decision.changes.is_empty() && RecordPlace::of(job.borrow()).is_some()
        };
        if !self.confirmed && (batch.told.iter().any(is_recorded) || batch.made.iter().any(does_nothing)) {
            // It may be refused for what it did itself, where that was half visible.
            self.open = batch.into_jobs();
            return self.confirm();
        }
        self.answers.extend(batch.told);
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
        let transaction = Transaction::build(&commits, &read, list);
        self.sent = Some(Sent {
            transaction,
            made: batch.made,
            refused: batch.refused,
            left: batch.left,
            at: elapsed,
        });
        self.number += 1;
        self.tries = 0;
        self.send()
    }

    /// New sections of commits over several, of which a writer that may not list them must know whether they are.
    fn unlisted(&self, read: &Read) -> Option<Vec<Section>> {
        if self.settings.registers_sections || self.listed.is_some() {
            return None;
        }
        let new: BTreeSet<Section> = self
            .open
            .iter()
            .map(|job| changed(job.borrow()))
            .filter(|sections| sections.len() > 1)
            .flatten()
            .filter(|section| !read.heads.contains_key(section))
            .collect();
        Some(new.into_iter().collect()).filter(|new: &Vec<Section>| !new.is_empty())
    }

    fn send(&mut self) -> Next<J> {
        self.stage = Stage::Writing;
        match &self.sent {
            Some(sent) => Step::Request(CommitRequest::Write {
                transaction: sent.transaction.clone(),
                number: self.number,
            }),
            None => self.end(),
        }
    }

    fn written(&mut self, written: Written, elapsed: Duration) -> Next<J> {
        match written {
            Written::Made => {
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
            Written::Lost(found, at) => self.lost(found, at, elapsed),
            Written::NotYet { error, is_conflict } => {
                // Of a conflict nothing is to be told: others were faster.
                self.last = (!is_conflict).then_some(error);
                self.pause_before_sending(elapsed)
            }
            Written::Unanswered(error) => {
                self.unanswered = true;
                self.in_doubt
                    .extend(self.sent.as_ref().map(|sent| moved_from(&sent.transaction)));
                self.unanswered_at = elapsed;
                self.last = Some(error);
                self.pause_before_sending(elapsed)
            }
            Written::Refused(error) => self.failed(error),
        }
    }

    fn pause_before_sending(&mut self, elapsed: Duration) -> Next<J> {
        let pause = pause_after(self.tries);
        self.tries += 1;
        if self.is_over_after(pause, elapsed) {
            return self.gave_up();
        }
        Step::Pause(pause)
    }

    fn send_again(&mut self, elapsed: Duration) -> Next<J> {
        if elapsed.saturating_sub(self.read_at) <= RESENT_WITHIN {
            return self.send();
        }
        // What is looked for must not come after the look.
        let arrived = self.unanswered_at + LONGEST_REQUEST;
        if self.unanswered && elapsed < arrived {
            let pause = arrived.saturating_sub(elapsed);
            if elapsed + pause >= self.settings.deadline {
                return self.gave_up();
            }
            return Step::Pause(pause);
        }
        // Its times are too old: it is decided anew, unless it was made.
        self.take_back();
        self.look_or(Self::read)
    }

    /// Takes the jobs of the transaction under way for open ones.
    fn take_back(&mut self) {
        if let Some(sent) = self.sent.take() {
            self.open.extend(sent.made.into_iter().map(|(job, _)| job));
            self.waiting.extend(sent.refused.into_iter().map(|(job, _)| job));
            self.waiting.extend(sent.left);
        }
    }

    fn lost(&mut self, found: Vec<Found>, at: Option<Timestamp>, elapsed: Duration) -> Next<J> {
        let Some(sent) = &self.sent else {
            return self.end();
        };
        self.took = elapsed.saturating_sub(sent.at);
        let transaction = sent.transaction.clone();
        let counts_anew = self.list.learn(&transaction, &found);
        let mut is_race = false;
        if let Some(read) = &mut self.read {
            for (action, found) in transaction.actions.iter().zip(found) {
                if found != Found::AsRead {
                    is_race |= is_as_read(action);
                    learn(read, action, found);
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
            return self.look_or(|machine| machine.try_anew(counts_anew, elapsed));
        }
        self.try_anew(counts_anew, elapsed)
    }

    fn try_anew(&mut self, counts_anew: bool, elapsed: Duration) -> Next<J> {
        if counts_anew {
            self.stage = Stage::Counting;
            return Step::Request(CommitRequest::CountSections);
        }
        if self.losses < 2 {
            return self.go_on(elapsed);
        }
        let pause = self.took * self.losses.min(MOST_LOSSES);
        if self.is_over_after(pause, elapsed) {
            return self.gave_up();
        }
        // What the cancellation gave back is old by then.
        self.stage = Stage::Reading;
        Step::Pause(pause)
    }

    /// Looks in the logs for commits that may have been made, if there are any; the others go on by `then`.
    fn look_or(&mut self, then: impl FnOnce(&mut Self) -> Next<J>) -> Next<J> {
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
    fn settle(&mut self) -> Next<J> {
        self.stage = Stage::Settling;
        Step::Request(CommitRequest::Confirm {
            sections: self
                .first
                .iter()
                .flatten()
                .map(|(section, _)| section.clone())
                .collect(),
            records: Vec::new(),
        })
    }

    fn settled(&mut self, found: Option<(Vec<Head>, Vec<CommitRecord>)>, elapsed: Duration) -> Next<J> {
        let Some((heads, _)) = found else {
            return self.pause_within(elapsed);
        };
        self.stand = heads
            .into_iter()
            .map(|head| (head.section, head.revision))
            .collect();
        self.look()
    }

    fn look(&mut self) -> Next<J> {
        self.stage = Stage::Looking;
        Step::Request(CommitRequest::LinesAfter(self.first.clone().unwrap_or_default()))
    }

    fn looked(&mut self, lines: &[Change], elapsed: Duration) -> Next<J> {
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
            return Step::Pause(pause_after(self.looks));
        }
        for job in std::mem::take(&mut self.open) {
            let lines = lines_of(&job).cloned().unwrap_or_default();
            match job.borrow().made_in(lines).transpose() {
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
        self.stage = Stage::Reading;
        Step::Pause(pause)
    }

    fn confirm(&mut self) -> Next<J> {
        self.stage = Stage::Confirming;
        let mut records: Vec<RecordPlace> = self
            .open
            .iter()
            .filter_map(|job| RecordPlace::of(job.borrow()))
            .collect();
        records.sort();
        records.dedup();
        Step::Request(CommitRequest::Confirm {
            sections: self.sections(),
            records,
        })
    }

    fn take_confirmed(
        &mut self,
        found: Option<(Vec<Head>, Vec<CommitRecord>)>,
        elapsed: Duration,
    ) -> Next<J> {
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
        self.stage = Stage::Reading;
        self.pause_within(elapsed)
    }

    fn pause_before_confirming(&mut self, elapsed: Duration) -> Next<J> {
        self.stage = Stage::Confirming;
        self.pause_within(elapsed)
    }

    fn pause_within(&mut self, elapsed: Duration) -> Next<J> {
        let pause = pause_after(self.tries);
        self.tries += 1;
        if self.is_over_after(pause, elapsed) {
            return self.gave_up();
        }
        Step::Pause(pause)
    }

    /// Whether no time is left after a pause of about that length, which may be half as long again.
    fn is_over_after(&self, pause: Duration, elapsed: Duration) -> bool {
        elapsed + pause + pause / 2 >= self.settings.deadline
    }

    /// The time is over.
    fn gave_up(&mut self) -> Next<J> {
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

    fn unknown(&mut self, cause: Option<&Cause>) -> Next<J> {
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
    fn failed(&mut self, error: StoreError) -> Next<J> {
        self.take_back();
        self.open
            .extend(std::mem::take(&mut self.recalled).into_iter().map(|(job, _)| job));
        if self.unanswered {
            return self.unknown(Some(&error.into()));
        }
        let is_of_all = matches!(error.kind(), Kind::Throttled | Kind::Unavailable);
        if self.open.len() > 1 && !is_of_all {
            return Step::Done(Left {
                waiting: std::mem::take(&mut self.waiting),
                apart: std::mem::take(&mut self.open),
            });
        }
        for job in std::mem::take(&mut self.open) {
            self.answers.push((job, Err(error.clone())));
        }
        self.end()
    }

    fn end(&mut self) -> Next<J> {
        Step::Done(Left {
            waiting: std::mem::take(&mut self.waiting),
            apart: Vec::new(),
        })
    }
}

/// The heads that a transaction moves, each as it is before.
fn moved_from(transaction: &Transaction) -> BTreeMap<Section, Revision> {
    let moved = transaction.actions.iter().filter_map(|action| match action {
        Action::MoveHead { from, to } => Some((to.section.clone(), from.unwrap_or_default())),
        _ => None,
    });
    moved.collect()
}

/// The longest pause before that try.
fn pause_after(tries: u32) -> Duration {
    (FIRST_PAUSE * 2_u32.saturating_pow(tries.min(8))).min(LONGEST_PAUSE)
}

/// Whether the action fails where somebody else has changed what was read.
fn is_as_read(action: &Action) -> bool {
    match action {
        Action::PutEntry { .. }
        | Action::DeleteEntry { .. }
        | Action::CheckEntry { .. }
        | Action::MoveHead { .. }
        | Action::CheckHead { .. } => true,
        Action::PutLine { .. }
        | Action::Register { .. }
        | Action::CountSections { .. }
        | Action::StartCount { .. }
        | Action::PutRecord(_) => false,
    }
}

fn learn(read: &mut Read, action: &Action, found: Found) {
    match (action, found) {
        (_, Found::Entry(entry)) => {
            read.entries.insert(entry.key.clone(), *entry);
        }
        (_, Found::Head(head)) => {
            read.heads.insert(head.section.clone(), head);
        }
        (_, Found::Record(record)) => {
            read.records.insert(record.place.id.clone(), record);
        }
        (
            Action::PutEntry {
                entry: Entry { key, .. },
                ..
            }
            | Action::DeleteEntry { key, .. }
            | Action::CheckEntry { key, .. },
            _,
        ) => {
            read.entries.remove(key);
        }
        (
            Action::MoveHead {
                to: Head { section, .. },
                ..
            }
            | Action::CheckHead { section, .. },
            _,
        ) => {
            read.heads.remove(section);
        }
        _ => {}
    }
}

/// The sections that a commit would change.
fn changed(txn: &Txn) -> BTreeSet<Section> {
    txn.changes.iter().map(|change| change.key().section()).collect()
}

/// Jobs with their answers.
type Told<J> = Vec<(J, Result<Committed>)>;

/// Refuses commits over several sections of which one is new and in no list: a snapshot couldn't know that it belongs to
/// them.
fn split_unregistered<J: Borrow<Txn>>(
    jobs: Vec<J>,
    read: &Read,
    listed: &BTreeSet<Section>,
) -> (Told<J>, Vec<J>) {
    let (mut refused, mut others) = (Vec::new(), Vec::new());
    for job in jobs {
        let sections = changed(job.borrow());
        let is_unknown =
            |section: &&Section| !read.heads.contains_key(*section) && !listed.contains(*section);
        let unknown = sections
            .iter()
            .find(is_unknown)
            .filter(|_| sections.len() > 1)
            .cloned();
        match unknown {
            Some(section) => refused.push((job, Err(StoreError::Unregistered(section)))),
            None => others.push(job),
        }
    }
    (refused, others)
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
    let mut whole = since;
    let mut next = 0;
    for line in lines {
        if line.revision != whole.next() || line.index != next {
            break;
        }
        next += 1;
        if next == line.of {
            (whole, next) = (whole.next(), 0);
        }
    }
    whole >= upto
}
