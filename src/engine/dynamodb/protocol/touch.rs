//! Renewing a time to live: by the store's clock, whatever the machine's says.
//!
//! Where the store's time is known, one conditional update does it. Else the entry is read first, and the update is
//! made on condition that it is as it was read. A plain read may miss a commit that is under way, so what it shows
//! refuses nothing: a read in a transaction does, which waits for that commit.
//!
//! A lock needs no machine of its own: it is a commit that sets a key where it is absent, with a time to live, and
//! touches by its holder. A model drives both together. A touch doesn't say whose lock it renews, so a holder touches
//! while it has more time left than a request takes.

use super::table_action::EntryAsRead;
use super::{BACKOFF, MachineStep};
use crate::engine::dynamodb::store_time::KnownTime;
use crate::model::{Entry, Key, Timestamp, Ttl};
use crate::store::{Result, StoreError};

/// How often an entry that others change meanwhile is tried.
const TRIES: u32 = 8;

/// A request to the table.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::engine::dynamodb) enum TouchRequest {
    /// The entry, strongly consistent.
    Read,
    /// The entry, in a transaction.
    ReadTogether,
    /// Renews what has not expired by `now`: with this time to live, or with the one that it has.
    Renew { now: KnownTime, ttl: Option<Ttl> },
    /// Sets when the entry expires, if it is as it was read.
    Set {
        was: EntryAsRead,
        ttl: Ttl,
        expires: Timestamp,
    },
}

/// The answer to a [`TouchRequest`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine::dynamodb) enum TouchAnswer {
    /// It is renewed, and is this now.
    Renewed(Box<Entry>),
    /// What is there, which was read or which the update's condition failed on, at that time of the store.
    Found(Option<Box<Entry>>, Timestamp),
    /// A commit is under way on it.
    UnderWay,
}

/// Renews one entry.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::engine::dynamodb) struct TouchMachine {
    key: Key,
    ttl: Option<Ttl>,
    /// Whether a plain read is under way.
    reads_plainly: bool,
    tries: u32,
}

impl TouchMachine {
    pub(in crate::engine::dynamodb) fn new(key: Key, ttl: Option<Ttl>) -> Self {
        Self {
            key,
            ttl,
            reads_plainly: false,
            tries: 0,
        }
    }

    /// The first request; `now` is the store's time, where it is known.
    pub(in crate::engine::dynamodb) fn start(&mut self, now: Option<KnownTime>) -> TouchRequest {
        self.reads_plainly = now.is_none();
        match now {
            Some(now) => TouchRequest::Renew { now, ttl: self.ttl },
            None => TouchRequest::Read,
        }
    }

    /// Takes an answer and says what comes next. After a pause the entry is read.
    ///
    /// Fails with [`StoreError::NotFound`], [`StoreError::NoTtl`], and [`StoreError::Busy`] where others change the
    /// entry all the time.
    pub(in crate::engine::dynamodb) fn next(
        &mut self,
        answer: TouchAnswer,
    ) -> Result<MachineStep<TouchRequest, Entry>> {
        let (found, now) = match answer {
            TouchAnswer::Renewed(entry) => return Ok(MachineStep::Done(*entry)),
            TouchAnswer::Found(found, now) => (found, now),
            TouchAnswer::UnderWay => {
                self.reads_plainly = true;
                self.count_try()?;
                return Ok(MachineStep::Pause(BACKOFF.pause(self.tries)));
            }
        };
        let is_plain = std::mem::take(&mut self.reads_plainly);
        let entry = found.filter(|entry| entry.is_live(now));
        let ttl = entry.as_ref().and_then(|entry| self.ttl.or(entry.ttl));
        let (entry, ttl) = match (entry, ttl) {
            (Some(entry), Some(ttl)) => (entry, ttl),
            _ if is_plain => return Ok(MachineStep::Request(TouchRequest::ReadTogether)),
            (Some(_), None) => return Err(StoreError::NoTtl(self.key.clone())),
            (None, _) => return Err(StoreError::NotFound(self.key.clone())),
        };
        self.count_try()?;
        Ok(MachineStep::Request(TouchRequest::Set {
            was: Some((entry.revision, entry.expires)),
            ttl,
            expires: now.expiry_after(ttl),
        }))
    }

    fn count_try(&mut self) -> Result<()> {
        self.tries += 1;
        if self.tries > TRIES {
            return Err(StoreError::Busy(format!(
                "{} changed too often; its time to live was not renewed",
                self.key
            )));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Encoding, Revision, Value};

    fn key() -> Key {
        "/lock".parse().expect("a key")
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_epoch(seconds)
    }

    fn ttl(seconds: u64) -> Ttl {
        Ttl::from_seconds(seconds).expect("a ttl")
    }

    fn entry(expires: Option<i64>) -> Entry {
        Entry {
            key: key(),
            value: Value::new("me", Encoding::Text).expect("a value"),
            version: 1,
            revision: Revision::new(3),
            created: at(0),
            modified: at(0),
            by: String::new(),
            secret: false,
            ttl: expires.map(|_| ttl(30)),
            expires: expires.map(at),
        }
    }

    fn found(entry: Option<Entry>, now: i64) -> TouchAnswer {
        TouchAnswer::Found(entry.map(Box::new), at(now))
    }

    #[test]
    fn where_the_time_is_known_it_is_one_request() {
        let mut machine = TouchMachine::new(key(), None);
        assert_eq!(
            machine.start(Some(at(100).into())),
            TouchRequest::Renew {
                now: at(100).into(),
                ttl: None
            }
        );
        let renewed = TouchAnswer::Renewed(Box::new(entry(Some(131))));
        assert_eq!(
            machine.next(renewed).expect("an entry"),
            MachineStep::Done(entry(Some(131)))
        );
    }

    #[test]
    fn where_it_is_not_known_the_entry_is_read_and_its_lapse_is_judged_by_the_answers_time() {
        let mut machine = TouchMachine::new(key(), None);
        assert_eq!(machine.start(None), TouchRequest::Read);
        let set = |was, now: i64| {
            MachineStep::Request(TouchRequest::Set {
                was: Some((Revision::new(3), Some(at(was)))),
                ttl: ttl(30),
                expires: at(now + 31),
            })
        };
        let mut next = |answer| machine.next(answer).expect("another try");
        assert_eq!(next(found(Some(entry(Some(120))), 100)), set(120, 100));
        // Somebody else renewed it meanwhile: it is decided again on what the update found.
        assert_eq!(next(found(Some(entry(Some(140))), 110)), set(140, 110));
        let lapsed = machine.next(found(Some(entry(Some(140))), 140));
        assert!(matches!(lapsed, Err(StoreError::NotFound(_))));
    }

    #[test]
    fn what_has_no_time_to_live_is_refused_unless_one_is_given() {
        let answer = || found(Some(entry(None)), 100);
        let mut machine = TouchMachine::new(key(), None);
        machine.start(Some(at(100).into()));
        assert!(matches!(machine.next(answer()), Err(StoreError::NoTtl(_))));
        let given = TouchMachine::new(key(), Some(ttl(60))).next(answer());
        assert!(matches!(
            given,
            Ok(MachineStep::Request(TouchRequest::Set { .. }))
        ));
    }

    /// It may be half of a commit that is under way.
    #[test]
    fn what_a_read_shows_refuses_nothing() {
        for shown in [None, Some(entry(None)), Some(entry(Some(90)))] {
            let mut machine = TouchMachine::new(key(), None);
            assert_eq!(machine.start(None), TouchRequest::Read);
            let step = machine.next(found(shown.clone(), 100)).expect("another read");
            assert_eq!(
                step,
                MachineStep::Request(TouchRequest::ReadTogether),
                "{shown:?}"
            );
            let step = machine.next(TouchAnswer::UnderWay).expect("a pause");
            assert!(matches!(step, MachineStep::Pause(_)), "{step:?}");
            machine
                .next(found(shown.clone(), 100))
                .expect("a plain read refuses nothing");
            machine.next(found(shown, 100)).expect_err("this read is final");
        }
    }

    #[test]
    fn it_ends_where_others_go_on() {
        let mut machine = TouchMachine::new(key(), None);
        for round in 0..i64::from(TRIES) {
            machine
                .next(found(Some(entry(Some(200 + round))), 100))
                .expect("another try");
        }
        let ended = machine.next(found(Some(entry(Some(300))), 100));
        assert!(matches!(ended, Err(StoreError::Busy(_))));
    }
}
