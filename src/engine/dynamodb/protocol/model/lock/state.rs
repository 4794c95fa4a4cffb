//! The clients of a lock and what is promised to them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::super::key;
use super::super::promises::is_so;
use super::super::table::{Item, NOW, Place, Table};
use super::super::writer::{SendOutcome, Told, Waits, Writer};
use super::{Broken, Locks};
use crate::engine::dynamodb::protocol::{
    CommitMachineAnswer, MachineStep, TableAction, TouchAnswer, TouchMachine, TouchRequest, Transaction,
};
use crate::model::{Change, Entry, Key, Op, Timestamp};
use crate::store::Txn;

/// Quarters of a second in a tick: more than a request takes (20 s), and less than two sends of a transaction may lie apart
/// (30 s).
const TICK: i64 = 103;
/// How many ticks pass.
pub(super) const TICKS: u8 = 4;
/// How long the lock lives, in seconds.
pub(super) const TTL: u8 = 52;

#[derive(Debug, Clone, PartialEq, Hash)]
pub(super) struct State {
    pub(super) table: Table,
    pub(super) tick: u8,
    pub(super) clients: Vec<Client>,
    /// The transactions that were made, by the client and the number of the token.
    pub(super) tokens: BTreeSet<(usize, u32)>,
    /// Sends that nobody waits for any more, and whether a tick has passed since.
    pub(super) late: Vec<(usize, u32, Arc<Transaction>, bool)>,
    pub(super) lost: u8,
    /// What is against a promise.
    pub(super) wrong: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Hash)]
pub(super) struct Client {
    pub(super) doing: Doing,
    /// Until when it holds the lock, as far as it knows.
    pub(super) holds_until: Option<Timestamp>,
    /// The Date of the last answer, and the ticks since, by the clock that stands still in sleep and by the other.
    pub(super) known: Option<(Timestamp, u8, u8)>,
    pub(super) touches: u8,
    /// The ticks since its operation began.
    pub(super) elapsed: u8,
    /// Whether a tick has passed since its request was sent.
    pub(super) is_late: bool,
    /// The tick of which its touch knows the time.
    pub(super) asked_at: u8,
    /// Whether the lock was not its own at a moment since its touch began.
    pub(super) may_fail: bool,
}

#[derive(Debug, Clone, PartialEq, Hash)]
pub(super) enum Doing {
    Nothing,
    Acquires(Box<Writer>),
    Holds,
    Touches(TouchMachine, TouchRequest),
    Ended,
}

pub(super) fn lock() -> Key {
    key("/a/lock")
}

/// A moment in quarters of a second.
pub(super) fn moment(tick: u8) -> i64 {
    4 * NOW.epoch() + 3 + i64::from(tick) * TICK
}

/// The Date of answers at a tick.
pub(super) fn date(tick: u8) -> Timestamp {
    Timestamp::from_epoch(moment(tick) / 4)
}

/// How long so many ticks take.
pub(super) fn time_of(ticks: u8) -> Duration {
    Duration::from_millis(u64::from(ticks) * TICK.unsigned_abs() * 250)
}

/// When something that ends then ends, in quarters of a second.
pub(super) fn end(expires: Timestamp) -> i64 {
    4 * expires.epoch()
}

impl Client {
    pub(super) fn new(touches: u8) -> Self {
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
    pub(super) fn begin(&mut self, doing: Doing) {
        self.doing = doing;
        self.elapsed = 0;
        self.is_late = false;
    }

    /// Forgets what makes no difference any more, so that states which are alike are equal.
    fn forget_what_is_over(&mut self) {
        match self.doing {
            Doing::Touches(..) => {}
            Doing::Acquires(_) | Doing::Holds if self.touches > 0 => {
                (self.may_fail, self.asked_at) = (false, 0);
            }
            _ => (self.may_fail, self.asked_at, self.known) = (false, 0, None),
        }
        if matches!(self.doing, Doing::Holds | Doing::Ended) {
            (self.elapsed, self.is_late) = (0, false);
        }
    }

    pub(super) fn is_waiting(&self) -> bool {
        match &self.doing {
            Doing::Acquires(writer) => matches!(writer.waits, Waits::Read(_) | Waits::Write(..)),
            Doing::Touches(..) => true,
            Doing::Nothing | Doing::Holds | Doing::Ended => false,
        }
    }
}

impl State {
    pub(super) fn lock(&self) -> Option<&Entry> {
        match self.table.get(&Place::Entry(lock())) {
            Some(Item::Entry(entry)) => Some(entry),
            _ => None,
        }
    }

    pub(super) fn break_promise(&mut self, what: String) {
        self.wrong.get_or_insert(what);
    }

    /// Notes whose right it is by now to fail.
    pub(super) fn note_what_could_be(&mut self, model: &Locks) {
        let held = self
            .lock()
            .filter(|entry| entry.is_live(date(self.tick)))
            .cloned();
        for (client, txn) in self.clients.iter_mut().zip(&model.txns) {
            client.forget_what_is_over();
            if let Doing::Touches(..) = client.doing {
                client.may_fail |= !held.as_ref().is_some_and(|entry| is_of(entry, txn));
            }
            if let Doing::Acquires(writer) = &mut client.doing {
                writer.may_be_refused |= held.is_some();
            }
        }
    }

    /// Checks that what was just written lives as long as it should: for its whole time from the tick on by which it was
    /// decided, and less than that by so many ticks from now on.
    pub(super) fn check_ttl(&mut self, expires: Option<Timestamp>, decided_at: u8, late: u8) {
        let ends = expires.map_or(i64::MAX, end);
        let ttl = 4 * i64::from(TTL);
        if ends < moment(decided_at) + ttl {
            self.break_promise("a time to live is shorter than asked for".into());
        }
        if ends < moment(self.tick) + ttl - i64::from(late) * TICK {
            self.break_promise("a time to live began too long ago".into());
        }
    }

    /// Makes a transaction once under its token.
    pub(super) fn make(&mut self, client: usize, number: u32, transaction: &Transaction) -> SendOutcome {
        if self.tokens.contains(&(client, number)) {
            return SendOutcome::Done;
        }
        if let Err(found) = self.table.write(transaction) {
            return SendOutcome::Lost(found, Some(date(self.tick)));
        }
        self.tokens.insert((client, number));
        let entry = transaction.actions.iter().find_map(|action| match action {
            TableAction::PutEntry { entry, .. } => Some(entry),
            _ => None,
        });
        if let Some(entry) = entry {
            let decided_at = (0..TICKS).find(|tick| date(*tick) == entry.modified);
            // It is sent for the last time a tick after the read, and comes a tick after that.
            self.check_ttl(entry.expires, decided_at.unwrap_or(TICKS), 2);
        }
        SendOutcome::Done
    }

    pub(super) fn take(&mut self, model: &Locks, at: usize, answer: CommitMachineAnswer) {
        let txn = &model.txns[at];
        let client = &mut self.clients[at];
        let Doing::Acquires(writer) = &mut client.doing else {
            return;
        };
        if matches!(
            answer,
            CommitMachineAnswer::Read(_) | CommitMachineAnswer::Written(SendOutcome::Lost(..))
        ) {
            client.known = Some((date(self.tick), 0, 0));
        }
        let elapsed = match model.broken {
            Some(Broken::LateSend) => Duration::ZERO,
            _ => time_of(client.elapsed),
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

    pub(super) fn take_touched(&mut self, model: &Locks, at: usize, answer: TouchAnswer) {
        let client = &mut self.clients[at];
        let Doing::Touches(machine, request) = &mut client.doing else {
            return;
        };
        client.known = Some((date(self.tick), 0, 0));
        client.is_late = false;
        client.asked_at = self.tick;
        match machine.next(answer) {
            Ok(MachineStep::Request(next)) => *request = next,
            Ok(MachineStep::Pause(_)) => {
                // It ends when what was under way is visible.
                self.table.settle();
                *request = TouchRequest::Read;
            }
            Ok(MachineStep::Done(entry)) if is_of(&entry, &model.txns[at]) => {
                client.holds_until = entry.expires;
                client.doing = Doing::Holds;
            }
            // It is another's by now.
            Ok(MachineStep::Done(_)) => {
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
    pub(super) fn touch(&mut self, at: usize, request: &TouchRequest) -> TouchAnswer {
        let before = self.lock().and_then(|entry| entry.expires);
        let answer = self.table.touch(&lock(), request, date(self.tick));
        if let TouchAnswer::Renewed(entry) = &answer {
            self.check_ttl(entry.expires, self.clients[at].asked_at, 1);
            if entry.expires < before {
                self.break_promise("a touch cuts a time to live".into());
            }
        }
        answer
    }

    pub(super) fn ticks(&mut self, asleep: Option<usize>) {
        self.tick += 1;
        self.table.settle();
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

pub(super) fn is_of(entry: &Entry, txn: &Txn) -> bool {
    entry.value.as_text() == Some(txn.id.as_str())
}

pub(super) fn expiry(line: &Change) -> Option<Timestamp> {
    match line.op {
        Op::Set { expires, .. } => expires,
        Op::Delete => None,
    }
}
