//! Commits that are found in the log.

use super::{AppliedChange, Committed, Result, StoreError, Txn};
use crate::model::{Change, Head, Mutation, Op, Secrecy, TtlChoice};

impl Txn {
    /// The answer to this commit where it took place already: `lines` are all that the log holds under its id, of all
    /// its sections.
    ///
    /// Fails with [`StoreError::IdReused`] where a commit of other changes left them. Secrets are not compared: each
    /// time they are encrypted otherwise. Fails with [`StoreError::Purged`] where the commit took place and the answer
    /// would have a value that was purged since, which isn't compared either.
    pub fn answer_in(&self, mut lines: Vec<Change>) -> Result<Option<Committed>> {
        let Some(at) = lines.first().map(|line| line.at) else {
            return Ok(None);
        };
        let place = |line: &Change| {
            let same = |change: &Mutation| is_line_of(line, change);
            self.changes.iter().position(same)
        };
        let is_in_the_log = |change: &Mutation| match change {
            // Of a key that was absent nothing is logged.
            Mutation::Delete { .. } => true,
            Mutation::Set { key, .. } => lines.iter().any(|line| line.key == *key),
        };
        // Of a commit of more sections not all lines are here.
        let sections = self.sections();
        let is_wider = |line: &Change| line.with.keys().any(|other| !sections.contains(other));
        let is_other = |line: &Change| place(line).is_none() || is_wider(line);
        if lines.iter().any(is_other) || !self.changes.iter().all(is_in_the_log) {
            return Err(StoreError::IdReused(self.id.clone()));
        }
        lines.sort_by_key(place);
        let mut heads: Vec<Head> = lines
            .iter()
            .filter(|line| line.index == 0)
            .map(|line| Head {
                section: line.key.section(),
                revision: line.revision,
                changes: line.of,
                commit: Some(self.id.clone()),
                modified: Some(at),
            })
            .collect();
        heads.sort_by(|a, b| a.section.cmp(&b.section));
        // No entry would say that it was deleted.
        let applied = |change: Change| -> Result<AppliedChange> {
            Ok(AppliedChange {
                entry: change.entry()?,
                previous: change.replaced()?,
                change,
            })
        };
        Ok(Some(Committed {
            commit: self.id.clone(),
            at,
            heads,
            changes: lines.into_iter().map(applied).collect::<Result<_>>()?,
        }))
    }
}

/// Whether the change would have left this line.
fn is_line_of(line: &Change, change: &Mutation) -> bool {
    if line.key != *change.key() {
        return false;
    }
    match (&line.op, change) {
        (Op::Delete, Mutation::Delete { .. }) => true,
        (
            Op::Set {
                value: written,
                secret: is_secret,
                ttl: lives,
                ..
            },
            Mutation::Set {
                value, secret, ttl, ..
            },
        ) => {
            let is_same_value = written.value().is_none_or(|written| match secret {
                Secrecy::Plain => !is_secret && written == value,
                Secrecy::Keep => *is_secret || written == value,
                Secrecy::Secret | Secrecy::Sealed => *is_secret,
            });
            let is_same_ttl = match ttl {
                TtlChoice::Never => lives.is_none(),
                TtlChoice::Keep => true,
                TtlChoice::For(ttl) | TtlChoice::Until { ttl, .. } => *lives == Some(*ttl),
            };
            is_same_value && is_same_ttl
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{CommitId, Encoding, Key, Revision, Timestamp, Value};

    fn key(text: &str) -> Key {
        text.parse().expect(text)
    }

    fn value(text: &str) -> Value {
        Value::new(text, Encoding::Text).expect("a value")
    }

    fn set(at: &str, to: &str) -> Mutation {
        Mutation::set(key(at), value(to))
    }

    fn line(at: &str, index: u32, of: u32, to: Option<(&str, bool)>) -> Change {
        let set = |(to, secret): (&str, bool)| Op::Set {
            value: value(to).into(),
            version: 1,
            secret,
            ttl: None,
            expires: None,
        };
        Change {
            key: key(at),
            revision: Revision::new(7),
            index,
            of,
            op: to.map_or(Op::Delete, set),
            previous: None,
            by: "me".into(),
            at: Timestamp::from_epoch(100),
            commit: "once".parse::<CommitId>().expect("an id"),
            with: std::collections::BTreeMap::new(),
            message: None,
            from: None,
        }
    }

    fn txn(changes: Vec<Mutation>) -> Txn {
        Txn {
            id: "once".parse().expect("an id"),
            ..Txn::new(changes)
        }
    }

    #[test]
    fn its_lines_are_its_answer_in_its_own_order() {
        let changes = vec![
            set("/s/b", "2"),
            set("/r/a", "1"),
            Mutation::Delete { key: key("/s/none") },
            Mutation::Delete { key: key("/s/a") },
        ];
        let lines = vec![
            line("/r/a", 0, 1, Some(("1", false))),
            line("/s/b", 0, 2, Some(("2", false))),
            line("/s/a", 1, 2, None),
        ];
        let made = txn(changes)
            .answer_in(lines)
            .expect("the same")
            .expect("it is there");
        let keys: Vec<_> = made.changes.iter().map(|a| a.change.key.as_str()).collect();
        assert_eq!(keys, ["/s/b", "/r/a", "/s/a"]);
        let heads: Vec<_> = made
            .heads
            .iter()
            .map(|h| (h.section.as_str(), h.changes))
            .collect();
        assert_eq!(heads, [("/r", 1), ("/s", 2)]);
        assert_eq!(made.at, Timestamp::from_epoch(100));
        assert_eq!(
            txn(vec![set("/s/b", "2")]).answer_in(vec![]).expect("no lines"),
            None
        );
    }

    #[test]
    fn a_part_of_what_was_made_is_another_commit() {
        let mut made = line("/s/a", 0, 1, Some(("1", false)));
        let other: crate::model::Section = "/r".parse().expect("a section");
        made.with.insert(other, Revision::new(3));
        let part = txn(vec![set("/s/a", "1")]).answer_in(vec![made.clone()]);
        assert!(matches!(part, Err(StoreError::IdReused(_))), "{part:?}");
        let whole = txn(vec![set("/s/a", "1"), set("/r/a", "1")]);
        let other = line("/r/a", 0, 1, Some(("1", false)));
        assert!(whole.answer_in(vec![made, other]).expect("the same").is_some());
    }

    #[test]
    fn other_changes_under_its_id_are_refused() {
        type Case = (Vec<Mutation>, Option<(&'static str, bool)>, bool);
        let ttl = crate::model::Ttl::from_seconds(60).expect("a ttl");
        let with = |secret, ttl| Mutation::Set {
            key: key("/s/a"),
            value: value("1"),
            secret,
            ttl,
        };
        let plain = Some(("1", false));
        let cases: [Case; 12] = [
            (vec![set("/s/a", "1")], plain, true),
            (vec![set("/s/a", "1")], Some(("sealed", true)), true),
            (vec![set("/s/a", "2")], plain, false),
            (vec![set("/s/b", "1")], plain, false),
            (vec![set("/s/a", "1"), set("/s/b", "1")], plain, false),
            (vec![Mutation::Delete { key: key("/s/a") }], plain, false),
            (vec![set("/s/a", "1")], None, false),
            (vec![], plain, false),
            (vec![with(Secrecy::Secret, TtlChoice::Never)], plain, false),
            (
                vec![with(Secrecy::Plain, TtlChoice::Never)],
                Some(("sealed", true)),
                false,
            ),
            (vec![with(Secrecy::Keep, TtlChoice::Keep)], plain, true),
            (vec![with(Secrecy::Keep, TtlChoice::For(ttl))], plain, false),
        ];
        for (changes, logged, is_same) in cases {
            let outcome = txn(changes.clone()).answer_in(vec![line("/s/a", 0, 1, logged)]);
            match outcome {
                Ok(Some(_)) => assert!(is_same, "{changes:?}"),
                Err(StoreError::IdReused(id)) => {
                    assert!(!is_same, "{changes:?}");
                    assert_eq!(id.as_str(), "once");
                }
                other => panic!("{other:?}"),
            }
        }
    }
}
