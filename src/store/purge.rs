//! What of a key's log is purged, which every engine decides alike.

use std::time::Duration;

use super::{Result, StoreError};
use crate::model::{Change, Key, LoggedValue, Op, Revision, Timestamp};

/// How old the newest line of a key must be for its old values to be purged: twice the time after which all lines of a
/// commit are visible. Until then a commit whose outcome was lost looks for its lines, and a snapshot replays the log's
/// newest ones.
pub const PURGE_AFTER: Duration = Duration::from_mins(2);

/// What a purge did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Purged {
    /// The lines of the log from which values were removed.
    pub lines: usize,
    /// The revision whose value is kept, since it is the key's current one; none where the key has no entry.
    pub kept: Option<Revision>,
}

/// Which values of a line are purged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PurgedParts {
    /// The value that was written.
    pub value: bool,
    /// The value that it replaced.
    pub previous: bool,
}

impl PurgedParts {
    /// What of a line of the key is purged, if anything is; `current` is the revision of the key's entry. Of a line that is
    /// purged already it is nothing.
    pub fn of(line: &Change, current: Option<Revision>) -> Option<Self> {
        let is_there = |value: &LoggedValue| !value.is_purged();
        let parts = Self {
            value: current.is_none_or(|current| line.revision < current)
                && matches!(&line.op, Op::Set { value, .. } if is_there(value)),
            previous: line
                .previous
                .as_ref()
                .is_some_and(|previous| is_there(&previous.value)),
        };
        (parts.value || parts.previous).then_some(parts)
    }
}

/// The lines of a purge, gathered one by one.
#[derive(Debug, Clone)]
pub struct PurgePlan<L> {
    key: Key,
    current: Option<Revision>,
    newest: Option<Timestamp>,
    lines: Vec<(L, PurgedParts)>,
}

impl<L> PurgePlan<L> {
    /// Begins a purge of a key whose entry is of the revision `current`, read before the log is: what replaces it
    /// meanwhile has lines of its own.
    pub fn new(key: Key, current: Option<Revision>) -> Self {
        Self {
            key,
            current,
            newest: None,
            lines: Vec::new(),
        }
    }

    /// Takes a line of the key, and by what an engine finds it again.
    pub fn take(&mut self, line: &Change, place: L) {
        self.newest = self.newest.max(Some(line.at));
        self.lines
            .extend(PurgedParts::of(line, self.current).map(|parts| (place, parts)));
    }

    /// What is to be purged `now`, and from which lines.
    ///
    /// Fails with [`StoreError::NotFound`] where the key has neither an entry nor a line, and with
    /// [`StoreError::PurgeTooSoon`] where there is something to purge and the newest line is younger than
    /// [`PURGE_AFTER`].
    pub fn finish(self, now: Timestamp) -> Result<(Purged, Vec<(L, PurgedParts)>)> {
        let Some(newest) = self
            .newest
            .or(self.current.map(|_| Timestamp::from_epoch(i64::MIN)))
        else {
            return Err(StoreError::NotFound(self.key));
        };
        let from = newest.epoch().saturating_add(PURGE_AFTER.as_secs().cast_signed());
        if !self.lines.is_empty() && from > now.epoch() {
            return Err(StoreError::PurgeTooSoon {
                key: self.key,
                wait: from.saturating_sub(now.epoch()).unsigned_abs(),
            });
        }
        let purged = Purged {
            lines: self.lines.len(),
            kept: self.current,
        };
        Ok((purged, self.lines))
    }
}

/// A line for one who follows the log: where its value was purged, the section starts over from a snapshot, as where the
/// lines are gone.
pub(crate) fn followed(line: Change) -> Result<Change> {
    if !line.is_purged() {
        return Ok(line);
    }
    Err(StoreError::Compacted {
        section: line.key.section(),
        wanted: Revision::new(line.revision.get().saturating_sub(1)),
        oldest: line.revision,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::model::{CommitId, Encoding, Previous, Value};

    fn logged(text: &str) -> LoggedValue {
        Value::new(text, Encoding::Text).expect("a value").into()
    }

    fn line(revision: u64, value: Option<LoggedValue>, previous: Option<LoggedValue>) -> Change {
        let op = value.map_or(Op::Delete, |value| Op::Set {
            value,
            version: revision,
            secret: false,
            ttl: None,
            expires: None,
        });
        let at = Timestamp::from_epoch(1000 + revision.cast_signed());
        let previous = previous.map(|value| Previous {
            value,
            version: revision - 1,
            revision: Revision::new(revision - 1),
            secret: false,
            created: at,
            modified: at,
            by: "me".into(),
            ttl: None,
            expires: None,
        });
        Change {
            key: "/db/a".parse().expect("a key"),
            revision: Revision::new(revision),
            index: 0,
            of: 1,
            op,
            previous,
            by: "me".into(),
            at,
            commit: CommitId::random(),
            with: BTreeMap::new(),
            message: None,
            from: None,
        }
    }

    fn plan(lines: &[Change], current: Option<u64>) -> PurgePlan<u64> {
        let mut plan = PurgePlan::new("/db/a".parse().expect("a key"), current.map(Revision::new));
        for line in lines {
            plan.take(line, line.revision.get());
        }
        plan
    }

    fn parts(value: bool, previous: bool) -> PurgedParts {
        PurgedParts { value, previous }
    }

    #[test]
    fn all_goes_but_the_current_value() {
        let lines = [
            line(1, Some(logged("a")), None),
            line(2, Some(logged("b")), Some(logged("a"))),
            line(3, Some(logged("c")), Some(LoggedValue::Purged)),
            line(4, None, Some(logged("c"))),
            line(5, Some(LoggedValue::Purged), None),
        ];
        let late = Timestamp::from_epoch(10_000);
        let (purged, found) = plan(&lines, Some(3)).finish(late).expect("old lines");
        assert_eq!((purged.lines, purged.kept), (3, Some(Revision::new(3))));
        assert_eq!(
            found,
            [
                (1, parts(true, false)),
                (2, parts(true, true)),
                (4, parts(false, true))
            ]
        );
        let (_, found) = plan(&lines, None).finish(late).expect("old lines");
        assert!(found.contains(&(3, parts(true, false))), "{found:?}");
    }

    #[test]
    fn it_waits_until_everything_has_settled() {
        let lines = [
            line(1, Some(logged("a")), None),
            line(2, Some(logged("b")), Some(logged("a"))),
        ];
        let at = |epoch| plan(&lines, Some(2)).finish(Timestamp::from_epoch(epoch));
        let young = at(1121);
        assert!(
            matches!(young, Err(StoreError::PurgeTooSoon { wait: 1, .. })),
            "{young:?}"
        );
        at(1122).expect("two minutes have passed");
        let alone = [line(2, Some(logged("b")), None)];
        let nothing = plan(&alone, Some(2)).finish(Timestamp::from_epoch(1002));
        assert_eq!(nothing.expect("nothing to do is done at once").0.lines, 0);
    }

    #[test]
    fn a_key_that_never_was_is_not_found() {
        let none = plan(&[], None).finish(Timestamp::from_epoch(0));
        assert!(matches!(none, Err(StoreError::NotFound(_))), "{none:?}");
        let compacted = plan(&[], Some(1)).finish(Timestamp::from_epoch(0));
        assert_eq!(compacted.expect("an entry whose line is gone").0.lines, 0);
    }
}
