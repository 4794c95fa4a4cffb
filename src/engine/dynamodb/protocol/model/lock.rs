//! A lock: two clients set a key where it is absent, with a time to live, and touch it while they hold it. Their clocks are
//! wrong, their machines sleep, answers are lost.
//!
//! Time goes in ticks of 25.75 seconds, so the Date of answers, which is cut to the second, lies before the time by one part
//! of a second and another. A touch doesn't say whose lock it renews, so a holder that knows the time, and needn't read the
//! lock first, touches while it has more time left than a request takes. What is made in a tick is visible in the next.

mod state;

use std::collections::BTreeSet;
use std::sync::Arc;

use stateright::{Model, Property};

use self::state::{Client, Doing, State, TICKS, TTL, date, end, lock, moment, time_of};
use super::promises::{is_contiguous, is_once};
use super::table::{Ask, Item, Place, Table};
use super::writer::{Waits, Writer};
use super::{assert_holds, counterexample, set, txn};
use crate::engine::dynamodb::protocol::{CommitMachineAnswer, TouchAnswer, TouchMachine, TouchRequest};
use crate::engine::dynamodb::store_time::{KnownTime, time_after};
use crate::model::{Encoding, Guard, Mutation, Secrecy, Timestamp, Ttl, TtlChoice, Value};
use crate::store::Txn;

#[derive(Clone)]
struct Locks {
    txns: Vec<Arc<Txn>>,
    /// How often each client touches its lock.
    touches: [u8; 2],
    /// How many answers to the first client may be lost.
    lost: u8,
    broken: Option<Broken>,
}

/// What is left out of the protocol on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Broken {
    /// A process that doesn't know the store's time goes by its own clock, which is four ticks slow.
    OwnClock,
    /// A clock that stands still while the machine sleeps is believed.
    Sleep,
    /// The part of a second that has passed since an answer is left out.
    Cut,
    /// A transaction is sent again however much later.
    LateSend,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Event {
    /// The client begins to take the lock.
    Acquires(usize),
    /// The holder begins to touch it, in a process of its own or in the one that had the last answer.
    Touches {
        client: usize,
        is_fresh: bool,
    },
    /// The client's request is answered; a read sees those of the half visible items.
    Answers(usize, u32),
    /// A commit is under way on what a transaction is about.
    FindsBusy(usize),
    /// The answer is lost, before or after the table acted.
    Loses {
        client: usize,
        made: bool,
    },
    /// The answer is lost, and the transaction comes later.
    Delays(usize),
    Arrives,
    PauseEnds(usize),
    /// Time passes, in which one of the machines may sleep.
    Ticks {
        asleep: Option<usize>,
    },
}

impl Locks {
    /// The store's time as a client knows it when it begins to touch.
    fn known_now(&self, client: &Client, tick: u8, is_fresh: bool) -> Option<KnownTime> {
        let slow = || Timestamp::from_epoch(date(tick).epoch() + date(0).epoch() - date(TICKS).epoch());
        let Some((at, steady, wall)) = client.known.filter(|_| !is_fresh) else {
            return (self.broken == Some(Broken::OwnClock)).then(|| slow().into());
        };
        let wall = if self.broken == Some(Broken::Sleep) {
            steady
        } else {
            wall
        };
        let known = time_after(at, time_of(steady), time_of(wall))?;
        let is_cut = self.broken == Some(Broken::Cut);
        Some(if is_cut { known.earliest.into() } else { known })
    }

    fn events_of(state: &State, at: usize, events: &mut Vec<Event>) {
        let client = &state.clients[at];
        // Those of the first client, whose lock the other wants.
        let loses_answers = at == 0 && state.lost > 0;
        let lost = |events: &mut Vec<Event>| {
            if loses_answers {
                let loses = |made| Event::Loses { client: at, made };
                events.extend([false, true].map(loses));
            }
        };
        match &client.doing {
            Doing::Nothing => events.push(Event::Acquires(at)),
            Doing::Holds => {
                let has_time = |until: Timestamp| end(until) > moment(state.tick + 1);
                let has_time = client.holds_until.is_some_and(has_time);
                if client.touches > 0 {
                    events.push(Event::Touches {
                        client: at,
                        is_fresh: true,
                    });
                }
                if client.touches > 0 && has_time {
                    events.push(Event::Touches {
                        client: at,
                        is_fresh: false,
                    });
                }
            }
            Doing::Touches(_, TouchRequest::Read) => {
                let open = state.table.open(&Ask::Items(vec![Place::Entry(lock())])).len();
                events.extend((0..1 << open).map(|seen| Event::Answers(at, seen)));
            }
            Doing::Touches(_, TouchRequest::ReadTogether) => {
                events.push(Event::Answers(at, u32::MAX));
                if !state
                    .table
                    .open(&Ask::Items(vec![Place::Entry(lock())]))
                    .is_empty()
                {
                    events.push(Event::FindsBusy(at));
                }
            }
            Doing::Touches(..) => {
                events.push(Event::Answers(at, 0));
                lost(events);
            }
            Doing::Acquires(writer) => match &writer.waits {
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
                    lost(events);
                    if loses_answers {
                        events.push(Event::Delays(at));
                    }
                }
                Waits::Pause => {
                    // By the time that a client acts in another tick, what it has sent before has come.
                    let is_coming = |(of, .., is_late): &(usize, _, _, bool)| *of == at && *is_late;
                    if !state.late.iter().any(is_coming) {
                        events.push(Event::PauseEnds(at));
                    }
                }
                Waits::Nothing => {}
            },
            Doing::Ended => {}
        }
    }

    fn answers(&self, state: &mut State, at: usize, seen: u32) {
        match state.clients[at].doing.clone() {
            Doing::Acquires(writer) => match &writer.waits {
                Waits::Read(ask) => {
                    let items = state.table.read(ask, seen);
                    let answer = writer.answer(Some(items), date(state.tick));
                    state.take(self, at, answer);
                }
                Waits::Write(transaction, number) => {
                    let written = state.make(at, *number, transaction);
                    state.take(self, at, CommitMachineAnswer::Written(written));
                }
                Waits::Pause | Waits::Nothing => {}
            },
            Doing::Touches(_, TouchRequest::Read | TouchRequest::ReadTogether) => {
                let items = state.table.read(&Ask::Items(vec![Place::Entry(lock())]), seen);
                let entry = items.into_iter().find_map(|item| match item {
                    Item::Entry(entry) => Some(Box::new(entry)),
                    _ => None,
                });
                state.take_touched(self, at, TouchAnswer::Found(entry, date(state.tick)));
            }
            Doing::Touches(_, request) => {
                let answer = state.touch(at, &request);
                state.take_touched(self, at, answer);
            }
            Doing::Nothing | Doing::Holds | Doing::Ended => {}
        }
    }

    /// Loses an answer. A transaction's machine sees that; an update is sent again below it.
    fn loses(&self, state: &mut State, at: usize, made: bool) {
        state.lost -= 1;
        match state.clients[at].doing.clone() {
            Doing::Acquires(writer) => {
                if let (true, Waits::Write(transaction, number)) = (made, &writer.waits) {
                    let _ = state.make(at, *number, transaction);
                }
                state.take(self, at, CommitMachineAnswer::Written(Writer::unanswered()));
            }
            Doing::Touches(_, request) if made => drop(state.touch(at, &request)),
            _ => {}
        }
    }
}

impl Model for Locks {
    type State = State;
    type Action = Event;

    fn init_states(&self) -> Vec<State> {
        vec![State {
            table: Table::of(&[txn("first", vec![set("/a/x", "1")])]),
            tick: 0,
            clients: self.touches.iter().copied().map(Client::new).collect(),
            tokens: BTreeSet::new(),
            late: Vec::new(),
            lost: self.lost,
            wrong: None,
        }]
    }

    fn actions(&self, state: &State, events: &mut Vec<Event>) {
        if state.wrong.is_some() {
            return;
        }
        for client in 0..state.clients.len() {
            Self::events_of(state, client, events);
        }
        if !state.late.is_empty() {
            events.push(Event::Arrives);
        }
        let is_held_up = state.clients.iter().any(|client| client.is_late)
            || state.late.iter().any(|(.., is_late)| *is_late);
        if state.tick < TICKS && !is_held_up {
            events.push(Event::Ticks { asleep: None });
            // It matters to a holder that knows the time.
            let knows = |at: &usize| {
                let client = &state.clients[*at];
                client.doing == Doing::Holds && client.known.is_some()
            };
            let asleep = (0..state.clients.len()).filter(knows);
            events.extend(asleep.map(|at| Event::Ticks { asleep: Some(at) }));
        }
    }

    fn next_state(&self, before: &State, event: Event) -> Option<State> {
        let mut state = before.clone();
        match event {
            Event::Acquires(at) => {
                let writer = Writer::new(Arc::clone(&self.txns[at]));
                state.clients[at].begin(Doing::Acquires(Box::new(writer)));
            }
            Event::Touches { client: at, is_fresh } => {
                let tick = state.tick;
                let client = &mut state.clients[at];
                let mut machine = TouchMachine::new(lock(), None);
                let request = machine.start(self.known_now(client, tick, is_fresh));
                client.begin(Doing::Touches(machine, request));
                client.touches -= 1;
                client.asked_at = tick;
            }
            Event::Answers(at, seen) => self.answers(&mut state, at, seen),
            Event::FindsBusy(at) if matches!(state.clients[at].doing, Doing::Touches(..)) => {
                state.take_touched(self, at, TouchAnswer::UnderWay);
            }
            Event::FindsBusy(at) => {
                let answer = match &state.clients[at].doing {
                    Doing::Acquires(writer) if matches!(writer.waits, Waits::Write(..)) => {
                        CommitMachineAnswer::Written(Writer::conflict())
                    }
                    Doing::Acquires(writer) => writer.answer(None, date(state.tick)),
                    _ => return None,
                };
                state.take(self, at, answer);
            }
            Event::Loses { client, made } => self.loses(&mut state, client, made),
            Event::Delays(at) => {
                state.lost -= 1;
                let client = &state.clients[at];
                if let Doing::Acquires(writer) = &client.doing
                    && let Waits::Write(transaction, number) = writer.waits.clone()
                {
                    state.late.push((at, number, transaction, client.is_late));
                }
                state.take(self, at, CommitMachineAnswer::Written(Writer::unanswered()));
            }
            Event::Arrives => {
                let (client, number, transaction, _) = state.late.pop()?;
                let _ = state.make(client, number, &transaction);
            }
            Event::PauseEnds(at) => {
                if let Doing::Acquires(writer) = &mut state.clients[at].doing
                    && !writer.ends_short_pause()
                {
                    state.table.settle();
                }
                state.take(self, at, CommitMachineAnswer::Next);
            }
            Event::Ticks { asleep } => state.ticks(asleep),
        }
        state.note_what_could_be(self);
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(
                "times to live, touches and answers are as promised",
                |_, state: &State| state.wrong.is_none(),
            ),
            Property::always("one client holds the lock at a time", |_, state: &State| {
                let holds = |client: &&Client| {
                    let until = client.holds_until;
                    until.is_some_and(|until| end(until) > moment(state.tick))
                };
                state.clients.iter().filter(holds).count() <= 1
            }),
            Property::always("each commit is made once and whole", |_, state: &State| {
                is_once(&state.table) && is_contiguous(&state.table)
            }),
            Property::always("nobody is stuck", |model: &Self, state: &State| {
                let mut events = Vec::new();
                model.actions(state, &mut events);
                let is_done =
                    |client: &Client| !matches!(client.doing, Doing::Acquires(_) | Doing::Touches(..));
                !events.is_empty() || state.wrong.is_some() || state.clients.iter().all(is_done)
            }),
        ]
    }
}

fn two_clients() -> Locks {
    let takes = |id: &str| {
        let change = Mutation::Set {
            key: lock(),
            value: Value::new(id, Encoding::Text).expect("a value"),
            secret: Secrecy::Keep,
            ttl: TtlChoice::For(Ttl::from_seconds(u64::from(TTL)).expect("a time to live")),
        };
        Arc::new(txn(id, vec![change]).guarded([Guard::Absent(lock())]))
    };
    Locks {
        txns: ["one", "two"].map(takes).to_vec(),
        touches: [1, 0],
        lost: 1,
        broken: None,
    }
}

#[test]
fn one_client_at_a_time_holds_a_lock() {
    assert_holds("lock", two_clients());
}

#[test]
fn a_lock_that_lapses_is_found_where_a_touch_goes_by_the_machines_clock() {
    let model = Locks {
        broken: Some(Broken::OwnClock),
        ..two_clients()
    };
    assert!(counterexample("lock by the machine's clock", model).is_some());
}

#[test]
fn a_short_time_to_live_is_found_where_a_clock_that_slept_is_believed() {
    let model = Locks {
        broken: Some(Broken::Sleep),
        ..two_clients()
    };
    assert!(counterexample("lock by a clock that slept", model).is_some());
}

#[test]
fn a_short_time_to_live_is_found_where_the_time_is_cut_twice() {
    let model = Locks {
        broken: Some(Broken::Cut),
        ..two_clients()
    };
    assert!(counterexample("lock by a time that is cut twice", model).is_some());
}

#[test]
fn a_late_transaction_is_found_where_it_is_sent_again_at_any_time() {
    let model = Locks {
        broken: Some(Broken::LateSend),
        ..two_clients()
    };
    assert!(counterexample("lock with late sends", model).is_some());
}
