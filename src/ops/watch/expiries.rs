use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Change, Entry, Key, Op, Revision, Section, Timestamp};

/// The entries with a time to live that a watcher knows of. An expiry leaves no trace in the log, so the watcher has
/// to expect it.
#[derive(Debug, Default)]
pub(super) struct Expiries {
    known: BTreeMap<Key, Expiry>,
    order: BTreeSet<(Timestamp, Key)>,
}

/// When an entry ceases to be, and what it is until then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Expiry {
    pub(super) at: Timestamp,
    pub(super) version: u64,
    pub(super) revision: Revision,
}

impl Expiries {
    /// Expects the entry's end, if it has one.
    pub(super) fn expect(&mut self, entry: &Entry) {
        let Some(at) = entry.expires else { return };
        let expiry = Expiry {
            at,
            version: entry.version,
            revision: entry.revision,
        };
        self.put(entry.key.clone(), expiry);
    }

    /// Follows a line of the log.
    pub(super) fn follow(&mut self, line: &Change) {
        // What was read of the entry itself is no older than the line, and knows of a touch.
        let is_newer = self
            .known
            .get(&line.key)
            .is_none_or(|known| known.revision < line.revision);
        if !is_newer {
            return;
        }
        self.forget(&line.key);
        if let Op::Set {
            version,
            expires: Some(at),
            ..
        } = &line.op
        {
            let expiry = Expiry {
                at: *at,
                version: *version,
                revision: line.revision,
            };
            self.put(line.key.clone(), expiry);
        }
    }

    /// Expects the end of a known entry at another time.
    pub(super) fn put_off(&mut self, key: &Key, at: Timestamp) {
        if let Some(expiry) = self.forget(key) {
            self.put(key.clone(), Expiry { at, ..expiry });
        }
    }

    /// Expects nothing of the key any more, and gives what was expected.
    pub(super) fn forget(&mut self, key: &Key) -> Option<Expiry> {
        let expiry = self.known.remove(key)?;
        self.order.remove(&(expiry.at, key.clone()));
        Some(expiry)
    }

    /// Expects nothing of a section any more.
    pub(super) fn forget_section(&mut self, section: &Section) {
        self.known.retain(|key, _| key.section() != *section);
        self.order.retain(|(_, key)| key.section() != *section);
    }

    /// What ends first, and when.
    pub(super) fn first(&self) -> Option<(Timestamp, &Key)> {
        self.order.first().map(|(at, key)| (*at, key))
    }

    fn put(&mut self, key: Key, expiry: Expiry) {
        self.forget(&key);
        self.order.insert((expiry.at, key.clone()));
        self.known.insert(key, expiry);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{CommitId, Encoding, Value};

    fn key(text: &str) -> Key {
        text.parse().expect("a key")
    }

    fn line(at: &str, revision: u64, op: Op) -> Change {
        Change {
            key: key(at),
            revision: Revision::new(revision),
            index: 0,
            of: 1,
            op,
            previous: None,
            by: "me".into(),
            at: Timestamp::from_epoch(0),
            commit: CommitId::random(),
            with: std::collections::BTreeMap::new(),
            message: None,
            from: None,
        }
    }

    fn until(expires: Option<i64>) -> Op {
        Op::Set {
            value: Value::new("v", Encoding::Text).expect("a value").into(),
            version: 1,
            secret: false,
            ttl: None,
            expires: expires.map(Timestamp::from_epoch),
        }
    }

    fn first(expiries: &Expiries) -> Option<(i64, &str)> {
        expiries.first().map(|(at, key)| (at.epoch(), key.as_str()))
    }

    #[test]
    fn the_log_says_what_is_to_be_expected() {
        let mut expiries = Expiries::default();
        expiries.follow(&line("/a/x", 1, until(Some(20))));
        expiries.follow(&line("/a/y", 2, until(Some(10))));
        assert_eq!(first(&expiries), Some((10, "/a/y")));
        expiries.follow(&line("/a/y", 3, until(None)));
        assert_eq!(first(&expiries), Some((20, "/a/x")));
        expiries.follow(&line("/a/x", 4, Op::Delete));
        assert_eq!(first(&expiries), None);
    }

    #[test]
    fn a_line_that_is_no_newer_than_the_entry_changes_nothing() {
        let mut expiries = Expiries::default();
        expiries.follow(&line("/a/x", 5, until(Some(10))));
        expiries.put_off(&key("/a/x"), Timestamp::from_epoch(90));
        expiries.follow(&line("/a/x", 4, Op::Delete));
        expiries.follow(&line("/a/x", 5, until(Some(10))));
        assert_eq!(first(&expiries), Some((90, "/a/x")));
        expiries.put_off(&key("/a/unknown"), Timestamp::from_epoch(1));
        expiries.follow(&line("/b/x", 1, until(Some(95))));
        expiries.forget_section(&"/a".parse().expect("a section"));
        assert_eq!(first(&expiries), Some((95, "/b/x")));
    }
}
