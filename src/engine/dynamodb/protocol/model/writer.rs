//! A writer of the models: a machine, and what it waits for.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::table::{Ask, Item, NOW, Place};
pub(super) use crate::engine::dynamodb::protocol::SendOutcome;
use crate::engine::dynamodb::protocol::{
    CommitBasis, CommitMachine, CommitMachineAnswer, CommitMachineRequest, CommitRecord, CommitSettings,
    MachineStep, Transaction,
};
use crate::model::{Change, Head, Revision, Section, Timestamp};
use crate::store::{Committed, Result, StoreError, Txn};

/// When an answer that is lost is given up: the latest that something is sent again.
const LAST_SEND: Duration = Duration::from_secs(29);

/// How many pauses may end before everything is visible.
const SHORT_PAUSES: u8 = 1;

#[derive(Debug, Clone, PartialEq, Hash)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is noted by itself, in any combination"
)]
pub(super) struct Writer {
    machine: CommitMachine<Arc<Txn>>,
    /// The request that is read for.
    request: Asked,
    pub(super) waits: Waits,
    pub(super) told: Option<Told>,
    pub(super) has_crashed: bool,
    /// Whether it would have been refused at a moment since it began.
    pub(super) may_be_refused: bool,
    /// Whether there would have been nothing to do at a moment since it began.
    pub(super) may_do_nothing: bool,
    /// Whether the time in which it may send again is over.
    pub(super) is_late: bool,
    pauses: u8,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Waits {
    Read(Ask),
    Write(Arc<Transaction>, u32),
    Pause,
    Nothing,
}

/// The kind of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Asked {
    Read,
    Write,
    Confirm,
    Lines,
    Count,
    Listed,
}

/// What a writer is told.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Told {
    Made(Vec<Change>),
    Refused(String),
    Failed(String),
}

impl Writer {
    pub(super) fn new(txn: Arc<Txn>) -> Self {
        let settings = CommitSettings {
            by: String::new(),
            registers_sections: true,
            deadline: Duration::MAX,
            patience: Duration::from_secs(1),
        };
        let mut writer = Self {
            machine: CommitMachine::new(vec![txn], settings),
            request: Asked::Read,
            waits: Waits::Nothing,
            told: None,
            has_crashed: false,
            may_be_refused: false,
            may_do_nothing: false,
            is_late: false,
            pauses: 0,
        };
        writer.wake(Duration::ZERO);
        writer
    }

    pub(super) fn conflict() -> SendOutcome {
        SendOutcome::NotYet {
            error: lost("a conflict"),
            is_conflict: true,
        }
    }

    pub(super) fn unanswered() -> SendOutcome {
        SendOutcome::Unanswered(lost("no answer"))
    }

    /// Whether it waits to send a transaction again.
    pub(super) fn is_sending(&self) -> bool {
        self.request == Asked::Write
    }

    /// Whether this pause may end before everything is visible.
    pub(super) fn ends_short_pause(&mut self) -> bool {
        let is_short = self.pauses < SHORT_PAUSES;
        self.pauses += u8::from(is_short);
        is_short
    }

    pub(super) fn wake(&mut self, elapsed: Duration) {
        self.take(CommitMachineAnswer::Next, elapsed);
    }

    pub(super) fn take_written(&mut self, written: SendOutcome) {
        let elapsed = match written {
            SendOutcome::Unanswered(_) => LAST_SEND,
            _ => Duration::ZERO,
        };
        self.take(CommitMachineAnswer::Written(written), elapsed);
    }

    /// What was read; none where a commit was under way.
    pub(super) fn take_items(&mut self, items: Option<Vec<Item>>) {
        let answer = self.answer(items, NOW);
        self.take(answer, Duration::ZERO);
    }

    /// What was read at that time as an answer to the request under way.
    pub(super) fn answer(&self, items: Option<Vec<Item>>, now: Timestamp) -> CommitMachineAnswer {
        match (self.request, items) {
            (Asked::Confirm, items) => CommitMachineAnswer::Confirmed(items.map(confirmed)),
            (Asked::Read, Some(items)) => CommitMachineAnswer::Read(read(items, now)),
            (Asked::Lines, Some(items)) => {
                CommitMachineAnswer::Lines(items.into_iter().filter_map(line).collect())
            }
            (Asked::Count, Some(items)) => CommitMachineAnswer::Count(items.len()),
            (Asked::Listed, Some(items)) => {
                let sections = items.into_iter().filter_map(|item| match item {
                    Item::Listed(section) => Some(section),
                    _ => None,
                });
                CommitMachineAnswer::Listed(sections.collect())
            }
            _ => CommitMachineAnswer::Next,
        }
    }

    pub(super) fn take(&mut self, answer: CommitMachineAnswer, elapsed: Duration) {
        let step = self.machine.next(answer, elapsed);
        for (_, answer) in self.machine.take_answers() {
            self.told = Some(told(answer));
        }
        self.waits = match step {
            MachineStep::Request(request) => self.wait_for(request),
            MachineStep::Pause(_) => Waits::Pause,
            MachineStep::Done(_) => Waits::Nothing,
        };
    }

    fn wait_for(&mut self, request: CommitMachineRequest) -> Waits {
        let lines = |of: BTreeMap<Section, Revision>, is_one: bool| {
            let range = |at: Revision| {
                if is_one {
                    (Revision::new(at.get() - 1), at)
                } else {
                    (at, Revision::new(u64::MAX))
                }
            };
            let each = of.into_iter().map(|(section, at)| (section, range(at)));
            Waits::Read(Ask::Lines(each.collect()))
        };
        let (asked, waits) = match request {
            CommitMachineRequest::Read {
                keys,
                sections,
                records,
            } => {
                let places = keys.into_iter().map(Place::Entry);
                let places = places.chain(sections.into_iter().map(Place::Head));
                let places = places.chain(records.into_iter().map(Place::Record));
                (Asked::Read, Waits::Read(Ask::Items(places.collect())))
            }
            CommitMachineRequest::Write { transaction, number } => {
                (Asked::Write, Waits::Write(transaction, number))
            }
            CommitMachineRequest::Confirm { sections, records } => {
                let places = sections.into_iter().map(Place::Head);
                let places = places.chain(records.into_iter().map(Place::Record));
                (Asked::Confirm, Waits::Read(Ask::Together(places.collect())))
            }
            CommitMachineRequest::LinesAfter(of) => (Asked::Lines, lines(of, false)),
            CommitMachineRequest::LinesOf(of) => (Asked::Lines, lines(of, true)),
            CommitMachineRequest::CountSections => (Asked::Count, Waits::Read(Ask::List)),
            CommitMachineRequest::Listed(sections) => {
                let places = sections.into_iter().map(Place::Listed);
                (Asked::Listed, Waits::Read(Ask::Items(places.collect())))
            }
        };
        self.request = asked;
        waits
    }
}

fn lost(problem: &str) -> StoreError {
    StoreError::Unavailable {
        problem: problem.into(),
        source: None,
    }
}

fn told(answer: Result<Committed>) -> Told {
    match answer {
        Ok(made) => Told::Made(made.changes.into_iter().map(|applied| applied.change).collect()),
        Err(error @ StoreError::Conflict(_)) => Told::Refused(error.to_string()),
        Err(error) => Told::Failed(error.to_string()),
    }
}

fn confirmed(items: Vec<Item>) -> (Vec<Head>, Vec<CommitRecord>) {
    let (mut heads, mut records) = (Vec::new(), Vec::new());
    for item in items {
        match item {
            Item::Head(head) => heads.push(head),
            Item::Record(record) => records.push(record),
            _ => {}
        }
    }
    (heads, records)
}

fn read(items: Vec<Item>, now: Timestamp) -> CommitBasis {
    let mut read = CommitBasis::at(now);
    for item in items {
        match item {
            Item::Entry(entry) => drop(read.entries.insert(entry.key.clone(), entry)),
            Item::Head(head) => drop(read.heads.insert(head.section.clone(), head)),
            Item::Record(record) => drop(read.records.insert(record.place.id.clone(), record)),
            _ => {}
        }
    }
    read
}

fn line(item: Item) -> Option<Change> {
    match item {
        Item::Line(line) => Some(*line),
        _ => None,
    }
}
