//! A watcher, and writers that go on meanwhile.

mod watcher;

use std::time::Duration;

use stateright::{Model, Property};

use self::watcher::{Delivered, Doing, Watcher, watched};
use super::table::{Ask, NOW, Table};
use super::{assert_holds, counterexample, delete, set, txn};
use crate::model::Revision;
use crate::store::Txn;

/// When lines that don't become visible are taken for lost.
const LONG: Duration = Duration::from_mins(1);

/// A watcher of two sections while each of these writers makes its commits in turn.
#[derive(Clone)]
struct Watches {
    there: Vec<Txn>,
    writers: Vec<Vec<Txn>>,
    /// How many lines a page of a log has at most.
    page: usize,
    /// How many pauses may end before everything is visible.
    short_pauses: u8,
    /// Whether the log of the first section loses what was there before.
    forgets: bool,
    broken: Option<Broken>,
}

/// What is left out of the protocol on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Broken {
    /// What is seen of a revision is taken for all of it.
    Whole,
    /// A line is looked for in a plain read.
    FirstLine,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct State {
    table: Table,
    /// How many commits each writer has made.
    made: Vec<usize>,
    has_forgotten: bool,
    watcher: Watcher,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Event {
    /// The writer makes its next commit.
    Commits(usize),
    /// The watcher's request is answered, and sees those of the half visible items.
    Reads(u32),
    /// A commit is under way on the line that is looked for.
    FindsBusy,
    PauseEnds,
    /// What was in the first section's log before leaves it.
    Forgets,
}

impl State {
    /// Whether each section was delivered from its beginning: commits as its log has them, each once, whole and in order,
    /// and nothing left out but what its log had lost where it started over.
    fn is_delivered(&self) -> bool {
        let delivered = self.watcher.delivered.iter();
        delivered.into_iter().all(|(section, delivered)| {
            let mut at = Revision::ZERO;
            delivered.iter().all(|what| match what {
                Delivered::Commit(lines) => {
                    at = at.next();
                    let there = self.table.log(section).filter(|line| line.revision == at);
                    lines.iter().eq(there) || (self.has_forgotten && lines[0].revision == at)
                }
                Delivered::Resync(to) => {
                    let is_gone = self.has_forgotten && *section == watched()[0] && *to > at;
                    at = *to;
                    is_gone
                }
            }) && at == self.watcher.machine.seen(section)
        })
    }

    /// Whether the watcher gets to where all sections stand, if nothing happens any more.
    fn gets_there(&self, model: &Watches) -> bool {
        let mut state = self.clone();
        for _ in 0..40 {
            let seen = |section| state.watcher.machine.seen(&section) == state.table.revision(&section);
            if state.watcher.doing == Doing::Looks && watched().into_iter().all(seen) {
                return true;
            }
            let event = match state.watcher.doing {
                Doing::Pauses => Event::PauseEnds,
                _ => Event::Reads(u32::MAX),
            };
            state.follow(model, &event);
        }
        false
    }

    fn follow(&mut self, model: &Watches, event: &Event) {
        let Self {
            table,
            made,
            has_forgotten,
            watcher,
        } = self;
        match event {
            Event::Commits(writer) => {
                let txn = &model.writers[*writer][made[*writer]];
                made[*writer] += 1;
                if let Some(transaction) = table.decided(txn, NOW) {
                    table.write(&transaction).expect("a commit");
                }
            }
            Event::Reads(seen) => match (watcher.ask(model), watcher.doing.clone()) {
                (Some(ask), _) => {
                    let items = table.read(&ask, *seen);
                    watcher.take(Some(items), model);
                }
                (None, Doing::Resyncs(section)) => watcher.resync(&section, table),
                (None, _) => {}
            },
            Event::FindsBusy => watcher.take(None, model),
            Event::PauseEnds => {
                if watcher.pauses < model.short_pauses {
                    watcher.pauses += 1;
                } else {
                    table.settle();
                    watcher.elapsed += LONG;
                }
                watcher.doing = Doing::Looks;
            }
            Event::Forgets => {
                *has_forgotten = true;
                table.forget(&watched()[0]);
            }
        }
    }
}

impl Model for Watches {
    type State = State;
    type Action = Event;

    fn init_states(&self) -> Vec<State> {
        vec![State {
            table: Table::of(&self.there),
            made: vec![0; self.writers.len()],
            has_forgotten: false,
            watcher: Watcher::new(),
        }]
    }

    fn actions(&self, state: &State, events: &mut Vec<Event>) {
        match (&state.watcher.doing, state.watcher.ask(self)) {
            (Doing::Pauses, _) => events.push(Event::PauseEnds),
            (_, Some(ask)) => {
                let open = state.table.open(&ask).len();
                if matches!(ask, Ask::Together(_)) {
                    events.push(Event::Reads(u32::MAX));
                    if open > 0 {
                        events.push(Event::FindsBusy);
                    }
                } else {
                    events.extend((0..1 << open).map(Event::Reads));
                }
            }
            (_, None) => events.push(Event::Reads(0)),
        }
        let writers = self.writers.iter().zip(&state.made).enumerate();
        let unfinished = writers.filter(|(_, (commits, made))| **made < commits.len());
        events.extend(unfinished.map(|(writer, _)| Event::Commits(writer)));
        if self.forgets && !state.has_forgotten && state.table.is_settled() {
            events.push(Event::Forgets);
        }
    }

    fn next_state(&self, before: &State, event: Event) -> Option<State> {
        let mut state = before.clone();
        state.follow(self, &event);
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(
                "each commit is delivered once, whole and in order",
                |_, state: &State| state.is_delivered(),
            ),
            Property::always(
                "everything that is made is delivered",
                |model: &Self, state: &State| {
                    let is_done = |(made, commits): (&usize, &Vec<Txn>)| *made == commits.len();
                    let are_done = state.made.iter().zip(&model.writers).all(is_done);
                    !are_done || state.watcher.doing != Doing::Looks || state.gets_there(model)
                },
            ),
        ]
    }
}

/// Commits of one and two lines, of one and both sections.
fn two_writers() -> Watches {
    Watches {
        there: vec![txn("first", vec![set("/a/x", "1")])],
        writers: vec![
            vec![
                txn("both", vec![set("/a/x", "2"), set("/a/y", "2"), set("/b/x", "2")]),
                txn("last", vec![delete("/a/y")]),
            ],
            vec![txn("other", vec![set("/b/x", "3"), set("/b/y", "3")])],
        ],
        page: 2,
        short_pauses: 1,
        forgets: false,
        broken: None,
    }
}

#[test]
fn each_commit_is_watched_once_whole_and_in_order() {
    assert_holds("watcher", two_writers());
}

#[test]
fn a_section_whose_log_is_gone_starts_over() {
    let mut model = Watches {
        forgets: true,
        ..two_writers()
    };
    model.writers.iter_mut().for_each(|commits| commits.truncate(1));
    assert_holds("watcher of a log that loses lines", model);
}

#[test]
fn a_part_of_a_commit_is_found_where_what_is_seen_is_taken_for_all() {
    let model = Watches {
        broken: Some(Broken::Whole),
        ..two_writers()
    };
    assert!(counterexample("watcher that doesn't wait for lines", model).is_some());
}

#[test]
fn a_section_that_starts_over_for_nothing_is_found_without_transactional_lines() {
    let model = Watches {
        broken: Some(Broken::FirstLine),
        ..two_writers()
    };
    assert!(counterexample("watcher with plain reads of lines", model).is_some());
}
