//! A lock: two clients set a key where it is absent, with a time to live, and touch it while they hold it. Their clocks are
//! wrong, their machines sleep, answers are lost.
//!
//! Time goes in ticks. A moment of the store lies half a second after the Date of its answers, which is cut to the second.
//! A touch doesn't say whose lock it renews, so a holder touches while it has more time left than a request takes.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use stateright::{Model, Property};

use super::promises::{is_contiguous, is_once, is_so};
use super::table::{Ask, Item, NOW, Place, Table};
use super::writer::{Told, Waits, Writer, Written};
use super::{assert_holds, counterexample, key, set, txn};
use crate::engine::dynamodb::protocol::{
    Action, CommitAnswer, Step, TouchAnswer, TouchMachine, TouchRequest, Transaction,
};
use crate::engine::dynamodb::store_time::time_after;
use crate::model::{Change, Encoding, Entry, Guard, Mutation, Op, Secrecy, Timestamp, Ttl, TtlChoice, Value};
use crate::store::Txn;

/// Seconds of a tick: more than a request takes (20), and less than two sends of a transaction may lie apart (30).
const TICK: u8 = 25;
/// How many ticks pass.
const TICKS: u8 = 4;
/// How long the lock lives, in seconds.
const TTL: u8 = 50;
/// How long before it is made the times of a commit may be read, in seconds.
const LATEST: u8 = 50;

#[derive(Clone)]
struct Locks {
    txns: Vec<Arc<Txn>>,
    /// How often each client touches its lock.
    touches: u8,
    /// How many answers may be lost.
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
    /// A transaction is sent again however much later.
    LateSend,
}

#[derive(Debug, Clone, PartialEq, Hash)]
struct State {
    table: Table,
    tick: u8,
    clients: Vec<Client>,
    /// The transactions that were made, by the client and the number of the token.
    tokens: BTreeSet<(usize, u32)>,
    /// Sends that nobody waits for any more, and whether a tick has passed since.
    late: Vec<(usize, u32, Arc<Transaction>, bool)>,
    lost: u8,
    /// What is against a promise.
    wrong: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Hash)]
struct Client {
    doing: Doing,
    /// Until when it holds the lock, as far as it knows.
    holds_until: Option<Timestamp>,
    /// The Date of the last answer, and the ticks since, by the clock that stands still in sleep and by the other.
    known: Option<(Timestamp, u8, u8)>,
    touches: u8,
    /// The ticks since its operation began.
    elapsed: u8,
    /// Whether a tick has passed since its request was sent.
    is_late: bool,
    /// The tick of which its touch knows the time.
    asked_at: u8,
    /// Whether the lock was not its own at a moment since its touch began.
    may_fail: bool,
}

#[derive(Debug, Clone, PartialEq, Hash)]
enum Doing {
    Nothing,
    Acquires(Box<Writer>),
    Holds,
    Touches(TouchMachine, TouchRequest),
    Ended,
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

fn lock() -> crate::model::Key {
    key("/a/lock")
}

/// The Date of answers at a tick.
fn date(tick: u8) -> Timestamp {
    Timestamp::from_epoch(NOW.epoch() + i64::from(tick) * i64::from(TICK))
}

/// A moment in half seconds.
fn moment(tick: u8) -> i64 {
    2 * date(tick).epoch() + 1
}

fn seconds(ticks: u8) -> Duration {
    Duration::from_secs(u64::from(ticks) * u64::from(TICK))
}

impl Client {
    fn new(touches: u8) -> Self {
        Self {
            doing: Doing::Nothing,
            holds_until: None,
            known: None,
            touches,
            elapsed: 0,
            is_late: false,
            asked_at: 0,
            may_fail: false,
        }
    }

    /// Begins something.
    fn begin(&mut self, doing: Doing) {
        self.doing = doing;
        self.elapsed = 0;
        self.is_late = false;
    }

    fn is_waiting(&self) -> bool {
        match &self.doing {
            Doing::Acquires(writer) => matches!(writer.waits, Waits::Read(_) | Waits::Write(..)),
            Doing::Touches(..) => true,
            Doing::Nothing | Doing::Holds | Doing::Ended => false,
        }
    }
}

impl State {
    fn lock(&self) -> Option<&Entry> {
        match self.table.get(&Place::Entry(lock())) {
            Some(Item::Entry(entry)) => Some(entry),
            _ => None,
        }
    }

    fn break_promise(&mut self, what: String) {
        self.wrong.get_or_insert(what);
    }

    /// Notes whose right it is by now to fail.
    fn note_what_could_be(&mut self, model: &Locks) {
        let held = self
            .lock()
            .filter(|entry| entry.is_live(date(self.tick)))
            .cloned();
        for (client, txn) in self.clients.iter_mut().zip(&model.txns) {
            client.may_fail |= !held.as_ref().is_some_and(|entry| is_of(entry, txn));
            if let Doing::Acquires(writer) = &mut client.doing {
                writer.may_be_refused |= held.is_some();
            }
        }
    }

    /// Checks that what was just written lives as long as it should: for its whole time from the moment by which it was
    /// decided, and less than that by `late` seconds from now.
    fn check_ttl(&mut self, expires: Option<Timestamp>, decided_at: i64, late: u8) {
        let ends = expires.map_or(i64::MAX, |at| 2 * at.epoch());
        let ttl = 2 * i64::from(TTL);
        if ends < decided_at + ttl {
            self.break_promise("a time to live is shorter than asked for".into());
        }
        if ends < moment(self.tick) + ttl - 2 * i64::from(late) {
            self.break_promise("a time to live began too long ago".into());
        }
    }

    /// Makes a transaction once under its token.
    fn make(&mut self, client: usize, number: u32, transaction: &Transaction) -> Written {
        if self.tokens.contains(&(client, number)) {
            return Written::Made;
        }
        if let Err(found) = self.table.write(transaction) {
            return Written::Lost(found, Some(date(self.tick)));
        }
        self.tokens.insert((client, number));
        let entry = transaction.actions.iter().find_map(|action| match action {
            Action::PutEntry { entry, .. } => Some(entry),
            _ => None,
        });
        if let Some(entry) = entry {
            self.check_ttl(entry.expires, 2 * entry.modified.epoch() + 1, LATEST);
        }
        Written::Made
    }

    fn take(&mut self, model: &Locks, at: usize, answer: CommitAnswer) {
        let txn = &model.txns[at];
        let client = &mut self.clients[at];
        let Doing::Acquires(writer) = &mut client.doing else {
            return;
        };
        if matches!(
            answer,
            CommitAnswer::Read(_) | CommitAnswer::Written(Written::Lost(..))
        ) {
            client.known = Some((date(self.tick), 0, 0));
        }
        let elapsed = match model.broken {
            Some(Broken::LateSend) => Duration::ZERO,
            _ => seconds(client.elapsed),
        };
        client.is_late = false;
        writer.take(answer, elapsed);
        if writer.told.is_none() {
            return;
        }
        let is_true = is_so(writer, txn, &self.table);
        match &writer.told {
            Some(Told::Made(lines)) => {
                client.holds_until = lines.first().and_then(expiry);
                client.doing = Doing::Holds;
            }
            _ => client.doing = Doing::Ended,
        }
        if !is_true {
            self.break_promise(format!("{} was answered wrongly", txn.id));
        }
    }

    fn take_touched(&mut self, model: &Locks, at: usize, answer: TouchAnswer) {
        let client = &mut self.clients[at];
        let Doing::Touches(machine, request) = &mut client.doing else {
            return;
        };
        client.known = Some((date(self.tick), 0, 0));
        client.is_late = false;
        client.asked_at = self.tick;
        match machine.next(answer) {
            Ok(Step::Request(next)) => *request = next,
            Ok(Step::Pause(_)) => *request = TouchRequest::Read,
            Ok(Step::Done(entry)) if is_of(&entry, &model.txns[at]) => {
                client.holds_until = entry.expires;
                client.doing = Doing::Holds;
            }
            // It is another's by now.
            Ok(Step::Done(_)) => {
                client.holds_until = None;
                client.doing = Doing::Ended;
            }
            Err(error) => {
                client.holds_until = None;
                client.doing = Doing::Ended;
                if !client.may_fail {
                    self.break_promise(format!("a holder's touch failed: {error}"));
                }
            }
        }
    }

    /// Does what a touch asks for.
    fn touch(&mut self, at: usize, request: &TouchRequest) -> TouchAnswer {
        let before = self.lock().and_then(|entry| entry.expires);
        let answer = self.table.touch(&lock(), request, date(self.tick));
        if let TouchAnswer::Renewed(entry) = &answer {
            self.check_ttl(entry.expires, moment(self.clients[at].asked_at), TICK);
            if entry.expires < before {
                self.break_promise("a touch cuts a time to live".into());
            }
        }
        answer
    }

    fn ticks(&mut self, asleep: Option<usize>) {
        self.tick += 1;
        for (at, client) in self.clients.iter_mut().enumerate() {
            if let Some((_, steady, wall)) = &mut client.known {
                *steady += u8::from(asleep != Some(at));
                *wall += 1;
            }
            let is_waiting = client.is_waiting();
            client.is_late |= is_waiting;
            if matches!(client.doing, Doing::Acquires(_) | Doing::Touches(..)) {
                client.elapsed += 1;
            }
        }
        for (.., is_late) in &mut self.late {
            *is_late = true;
        }
    }
}

fn is_of(entry: &Entry, txn: &Txn) -> bool {
    entry.value.as_text() == Some(txn.id.as_str())
}

fn expiry(line: &Change) -> Option<Timestamp> {
    match line.op {
        Op::Set { expires, .. } => expires,
        Op::Delete => None,
    }
}

impl Locks {
    /// The store's time as a client knows it when it begins to touch.
    fn known_now(&self, client: &Client, tick: u8, is_fresh: bool) -> Option<Timestamp> {
        match (client.known.filter(|_| !is_fresh), self.broken) {
            (None, Some(Broken::OwnClock)) => {
                let slow = i64::from(TICKS) * i64::from(TICK);
                Some(Timestamp::from_epoch(date(tick).epoch() - slow))
            }
            (None, _) => None,
            (Some((at, steady, _)), Some(Broken::Sleep)) => time_after(at, seconds(steady), seconds(steady)),
            (Some((at, steady, wall)), _) => time_after(at, seconds(steady), seconds(wall)),
        }
    }

    fn events_of(state: &State, at: usize, events: &mut Vec<Event>) {
        let client = &state.clients[at];
        let lost = |events: &mut Vec<Event>| {
            if state.lost > 0 {
                let loses = |made| Event::Loses { client: at, made };
                events.extend([false, true].map(loses));
            }
        };
        match &client.doing {
            Doing::Nothing => events.push(Event::Acquires(at)),
            Doing::Holds => {
                let has_time = |until: Timestamp| 2 * until.epoch() > moment(state.tick + 1);
                if client.touches > 0 && client.holds_until.is_some_and(has_time) {
                    let touches = |is_fresh| Event::Touches { client: at, is_fresh };
                    events.extend([false, true].map(touches));
                }
            }
            Doing::Touches(_, TouchRequest::Read) => {
                let open = state.table.open(&Ask::Items(vec![Place::Entry(lock())])).len();
                events.extend((0..1 << open).map(|seen| Event::Answers(at, seen)));
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
                    if state.lost > 0 {
                        events.push(Event::Delays(at));
                    }
                }
                Waits::Pause => events.push(Event::PauseEnds(at)),
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
                    state.take(self, at, CommitAnswer::Written(written));
                }
                Waits::Pause | Waits::Nothing => {}
            },
            Doing::Touches(_, TouchRequest::Read) => {
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
                state.take(self, at, CommitAnswer::Written(Writer::unanswered()));
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
            clients: vec![Client::new(self.touches); self.txns.len()],
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
            // It matters to those who know the time.
            let knows = |at: &usize| state.clients[*at].known.is_some();
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
                client.may_fail = false;
            }
            Event::Answers(at, seen) => self.answers(&mut state, at, seen),
            Event::FindsBusy(at) => {
                let answer = match &state.clients[at].doing {
                    Doing::Acquires(writer) if matches!(writer.waits, Waits::Write(..)) => {
                        CommitAnswer::Written(Writer::conflict())
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
                state.take(self, at, CommitAnswer::Written(Writer::unanswered()));
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
                state.take(self, at, CommitAnswer::Next);
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
                    until.is_some_and(|until| 2 * until.epoch() > moment(state.tick))
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
        touches: 1,
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
fn a_late_transaction_is_found_where_it_is_sent_again_at_any_time() {
    let model = Locks {
        broken: Some(Broken::LateSend),
        ..two_clients()
    };
    assert!(counterexample("lock with late sends", model).is_some());
}
