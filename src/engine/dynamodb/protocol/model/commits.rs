//! Writers that make commits at the same time, of which one may stop for ever and one answer may be lost.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use stateright::{Model, Property};

use super::promises::{is_contiguous, is_once, is_so};
use super::table::{Ask, NOW, Table};
use super::writer::{SendOutcome, Waits, Writer};
use super::{assert_holds, counterexample, delete, key, section, set, txn};
use crate::engine::dynamodb::protocol::{TableAction, Transaction};
use crate::model::{Guard, Revision};
use crate::store::Txn;

#[derive(Clone)]
pub(super) struct Commits {
    pub(super) there: Vec<Txn>,
    pub(super) txns: Vec<Arc<Txn>>,
    /// What others commit meanwhile, each at one moment.
    pub(super) others: Vec<Txn>,
    /// How many answers to transactions may be lost.
    pub(super) lost: u8,
    /// How many writers may stop for ever.
    pub(super) crashes: u8,
    pub(super) broken: Option<Broken>,
}

/// What is left out of the protocol on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Broken {
    /// Transactions have no conditions on heads.
    Heads,
    /// Transactions don't check entries that they don't write.
    Checks,
    /// Requests come later than any time that is waited for.
    LongestRequest,
    /// Commits leave no record.
    Records,
}

#[derive(Debug, Clone, PartialEq, Hash)]
pub(super) struct State {
    pub(super) table: Table,
    pub(super) writers: Vec<Writer>,
    /// The transactions that were made, by the writer and the number of the token.
    tokens: BTreeSet<(usize, u32)>,
    /// Sends that nobody waits for any more.
    late: Vec<(usize, u32, Arc<Transaction>)>,
    /// How many commits others have made.
    others: usize,
    lost: u8,
    crashes: u8,
    /// Commits that did something else than what they are to do on the table as it was.
    wrong: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Event {
    /// A writer's request is answered; the read sees those of the half visible items.
    Answers(usize, u32),
    /// A commit is under way on what a transaction is about.
    FindsBusy(usize),
    /// The answer to a transaction is lost, before or after it was made.
    Loses {
        writer: usize,
        made: bool,
    },
    /// The answer is lost, and the transaction comes later.
    Delays(usize),
    Arrives,
    /// Somebody else makes the next commit.
    OtherCommits,
    PauseEnds(usize),
    /// A pause ends long after what was read.
    LongPauseEnds(usize),
    Crashes(usize),
}

impl State {
    /// Makes a transaction once under its token.
    fn make(
        &mut self,
        model: &Commits,
        writer: usize,
        number: u32,
        transaction: &Transaction,
    ) -> SendOutcome {
        let token = (writer, number);
        if self.tokens.contains(&token) {
            return SendOutcome::Done;
        }
        let transaction = &model.weakened(transaction);
        let expected = self.table.decide(&model.txns[writer], NOW);
        if let Err(found) = self.table.write(transaction) {
            return SendOutcome::Lost(found, Some(NOW));
        }
        self.tokens.insert(token);
        let lines = transaction.actions.iter().filter_map(|action| match action {
            TableAction::PutLine { line, .. } => Some(&**line),
            _ => None,
        });
        let id = &model.txns[writer].id;
        match expected {
            Err(error) => self.wrong = Some(format!("{id} was made, but {error}")),
            Ok(expected) if !expected.changes.iter().map(|applied| &applied.change).eq(lines) => {
                self.wrong = Some(format!("{id} did something else than {:?}", expected.changes));
            }
            Ok(_) => {}
        }
        self.note_what_could_be(model);
        SendOutcome::Done
    }

    /// Keeps what the writers may be told by now: what they would have been told at a moment since they began.
    pub(super) fn note_what_could_be(&mut self, model: &Commits) {
        for (writer, txn) in self.writers.iter_mut().zip(&model.txns) {
            match self.table.decide(txn, NOW) {
                Err(_) => writer.may_be_refused = true,
                Ok(decision) if decision.changes.is_empty() => writer.may_do_nothing = true,
                Ok(_) => {}
            }
        }
    }
}

impl Commits {
    fn weakened(&self, transaction: &Transaction) -> Transaction {
        let mut transaction = transaction.clone();
        match self.broken {
            Some(Broken::Heads) => transaction.actions.retain(|action| {
                !matches!(
                    action,
                    TableAction::CheckHead { .. } | TableAction::MoveHead { .. }
                )
            }),
            Some(Broken::Checks) => {
                let is_check = |action: &TableAction| matches!(action, TableAction::CheckEntry { .. });
                transaction.actions.retain(|action| !is_check(action));
            }
            Some(Broken::Records) => {
                transaction
                    .actions
                    .retain(|action| !matches!(action, TableAction::PutRecord(_)));
            }
            _ => {}
        }
        transaction
    }

    /// What may happen to a writer.
    fn events_of(&self, state: &State, at: usize, events: &mut Vec<Event>) {
        let writer = &state.writers[at];
        match &writer.waits {
            Waits::Read(ask) => {
                let open = state.table.open(ask).len();
                if matches!(ask, Ask::Together(_)) {
                    events.push(Event::Answers(at, u32::MAX));
                    if open > 0 {
                        events.push(Event::FindsBusy(at));
                    }
                } else {
                    events.extend((0..1 << open).map(|seen| Event::Answers(at, seen)));
                }
            }
            Waits::Write(transaction, _) => {
                events.push(Event::Answers(at, 0));
                if !state.table.open_to(transaction).is_empty() {
                    events.push(Event::FindsBusy(at));
                }
                if state.lost > 0 {
                    events.push(Event::Loses {
                        writer: at,
                        made: false,
                    });
                    events.push(Event::Loses {
                        writer: at,
                        made: true,
                    });
                    events.push(Event::Delays(at));
                }
            }
            Waits::Pause => {
                events.push(Event::PauseEnds(at));
                // A request takes no longer than such a pause.
                let has_come =
                    !writer.is_late || state.late.is_empty() || self.broken == Some(Broken::LongestRequest);
                if state.lost < self.lost && writer.is_sending() && has_come {
                    events.push(Event::LongPauseEnds(at));
                }
            }
            Waits::Nothing => return,
        }
        if state.crashes > 0 {
            events.push(Event::Crashes(at));
        }
    }
}

impl Model for Commits {
    type State = State;
    type Action = Event;

    fn init_states(&self) -> Vec<State> {
        let mut state = State {
            table: Table::of(&self.there),
            writers: self.txns.iter().cloned().map(Writer::new).collect(),
            tokens: BTreeSet::new(),
            late: Vec::new(),
            others: 0,
            lost: self.lost,
            crashes: self.crashes,
            wrong: None,
        };
        state.note_what_could_be(self);
        vec![state]
    }

    fn actions(&self, state: &State, events: &mut Vec<Event>) {
        for writer in 0..state.writers.len() {
            self.events_of(state, writer, events);
        }
        if !state.late.is_empty() {
            events.push(Event::Arrives);
        }
        if state.others < self.others.len() {
            events.push(Event::OtherCommits);
        }
    }

    fn next_state(&self, before: &State, event: Event) -> Option<State> {
        let mut state = before.clone();
        match event {
            Event::Answers(at, seen) => match state.writers[at].waits.clone() {
                Waits::Read(ask) => {
                    let items = state.table.read(&ask, seen);
                    state.writers[at].take_items(Some(items));
                }
                Waits::Write(transaction, number) => {
                    let written = state.make(self, at, number, &transaction);
                    state.writers[at].take_written(written);
                }
                Waits::Pause | Waits::Nothing => return None,
            },
            Event::FindsBusy(at) => match state.writers[at].waits {
                Waits::Write(..) => state.writers[at].take_written(Writer::conflict()),
                _ => state.writers[at].take_items(None),
            },
            Event::Loses { writer, made } => {
                state.lost -= 1;
                if let (true, Waits::Write(transaction, number)) = (made, state.writers[writer].waits.clone())
                {
                    let _ = state.make(self, writer, number, &transaction);
                }
                state.writers[writer].take_written(Writer::unanswered());
            }
            Event::Delays(writer) => {
                state.lost -= 1;
                if let Waits::Write(transaction, number) = state.writers[writer].waits.clone() {
                    state.late.push((writer, number, transaction));
                }
                state.writers[writer].take_written(Writer::unanswered());
            }
            Event::Arrives => {
                let (writer, number, transaction) = state.late.pop()?;
                let _ = state.make(self, writer, number, &transaction);
            }
            Event::OtherCommits => {
                let transaction = state.table.decided(&self.others[state.others], NOW)?;
                state.others += 1;
                state.table.write(&transaction).ok()?;
                state.note_what_could_be(self);
            }
            Event::PauseEnds(at) => {
                if state.writers[at].ends_short_pause() {
                    state.writers[at].wake(Duration::ZERO);
                } else {
                    state.table.settle();
                    state.writers[at].wake(Duration::ZERO);
                }
            }
            Event::LongPauseEnds(at) => {
                state.table.settle();
                let writer = &mut state.writers[at];
                let is_late = std::mem::replace(&mut writer.is_late, true);
                writer.wake(Duration::from_secs(if is_late { 55 } else { 31 }));
            }
            Event::Crashes(at) => {
                state.crashes -= 1;
                state.writers[at].waits = Waits::Nothing;
                state.writers[at].has_crashed = true;
            }
        }
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(
                "a commit does what it is to do as the table stands",
                |_, state: &State| state.wrong.is_none(),
            ),
            Property::always("logs are contiguous", |_, state: &State| {
                is_contiguous(&state.table)
            }),
            Property::always("each commit is made once and whole", |_, state: &State| {
                is_once(&state.table)
            }),
            Property::always("what writers are told is so", |model: &Self, state: &State| {
                let told = state.writers.iter().zip(&model.txns);
                told.into_iter()
                    .all(|(writer, txn)| is_so(writer, txn, &state.table))
            }),
            Property::always("nobody is stuck", |model: &Self, state: &State| {
                let mut events = Vec::new();
                model.actions(state, &mut events);
                let is_done = |writer: &Writer| writer.has_crashed || writer.told.is_some();
                !events.is_empty() || state.writers.iter().all(is_done)
            }),
        ]
    }
}

/// Two writers of the same two sections, each with a guard.
fn two_writers() -> Commits {
    let first = txn("one", vec![set("/a/x", "2"), set("/b/x", "2")]).guarded([Guard::Absent(key("/b/x"))]);
    let second = txn("two", vec![set("/a/y", "3")]).guarded([Guard::Section(section("/b"), Revision::ZERO)]);
    Commits {
        there: vec![txn("first", vec![set("/a/x", "1")])],
        txns: [first, second].map(Arc::new).to_vec(),
        others: Vec::new(),
        lost: 1,
        crashes: 1,
        broken: None,
    }
}

/// One moves a value to another key, and another deletes both.
fn mover_and_deleter() -> Commits {
    let moves = txn("moves", vec![set("/a/y", "2"), delete("/a/x")]);
    let deletes = txn("deletes", vec![delete("/a/x"), delete("/a/y")]);
    Commits {
        there: vec![txn("first", vec![set("/a/x", "1")])],
        txns: [moves, deletes].map(Arc::new).to_vec(),
        others: Vec::new(),
        lost: 1,
        crashes: 1,
        broken: None,
    }
}

#[test]
fn commits_of_two_writers_are_made_once_and_whole() {
    assert_holds("two writers", two_writers());
}

#[test]
fn a_delete_leaves_nothing_that_was_there() {
    assert_holds("a mover and a deleter", mover_and_deleter());
}

#[test]
fn a_lost_race_is_found_without_conditions_on_heads() {
    let model = Commits {
        broken: Some(Broken::Heads),
        ..two_writers()
    };
    assert!(counterexample("two writers without conditions on heads", model).is_some());
}

#[test]
fn a_key_left_behind_is_found_without_checks_of_what_was_absent() {
    let model = Commits {
        broken: Some(Broken::Checks),
        ..mover_and_deleter()
    };
    assert!(counterexample("a mover and a deleter without checks", model).is_some());
}

#[test]
fn a_late_transaction_is_found_without_a_longest_request() {
    let model = Commits {
        broken: Some(Broken::LongestRequest),
        ..two_writers()
    };
    assert!(counterexample("two writers without a longest request", model).is_some());
}
