//! What keys are to hold, and what that changes.

use std::collections::BTreeMap;

use super::OpsResult;
use super::compare::{ValueDifference, compare};
use crate::model::{Entry, Key, Secrecy, Timestamp, Ttl, TtlChoice, Value};
use crate::store::{Store, StoreExt as _};

/// The value that a key is to hold, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DesiredValue {
    /// Its value.
    pub value: Value,
    /// Whether the value is a secret, and whether it is sealed already.
    pub secret: Secrecy,
    /// How long it is to live after each write or touch, if not for ever.
    pub ttl: Option<Ttl>,
    /// When it is to end, where that isn't counted from the commit.
    pub until: Option<Timestamp>,
}

impl AsRef<Value> for DesiredValue {
    fn as_ref(&self) -> &Value {
        &self.value
    }
}

impl From<Value> for DesiredValue {
    /// A value without a time to live, as a secret where the key holds one.
    fn from(value: Value) -> Self {
        Self {
            value,
            secret: Secrecy::Keep,
            ttl: None,
            until: None,
        }
    }
}

impl From<Entry> for DesiredValue {
    /// The same value, whose time to live begins again. That of a secret must have been revealed: it is encrypted
    /// for the key that it comes to.
    fn from(entry: Entry) -> Self {
        let secret = if entry.secret {
            Secrecy::Secret
        } else {
            Secrecy::Keep
        };
        Self {
            value: entry.value,
            secret,
            ttl: entry.ttl,
            until: None,
        }
    }
}

impl DesiredValue {
    /// The same value at another key, until the same moment. That of a secret must have been revealed.
    pub fn moved(entry: Entry) -> Self {
        Self {
            until: entry.expires,
            ..entry.into()
        }
    }

    /// What an entry of the same key once held: a secret as it was encrypted then, and until the moment at which it
    /// would have ended. None where that has passed at `now`.
    pub fn again(entry: Entry, now: Timestamp) -> Option<Self> {
        if !entry.is_live(now) {
            return None;
        }
        let secret = if entry.secret {
            Secrecy::Sealed
        } else {
            Secrecy::Keep
        };
        Some(Self {
            ttl: entry.ttl,
            until: entry.expires,
            value: entry.value,
            secret,
        })
    }

    /// What becomes of the key's time to live.
    pub fn ttl_choice(&self) -> TtlChoice {
        match (self.ttl, self.until) {
            (Some(ttl), Some(expires)) => TtlChoice::Until { ttl, expires },
            (Some(ttl), None) => TtlChoice::For(ttl),
            (None, _) => TtlChoice::Never,
        }
    }

    /// Whether what is there lives as long as it is to.
    pub fn lives_as(&self, now: &Entry) -> bool {
        now.ttl == self.ttl && (self.until.is_none() || now.expires == self.until)
    }

    /// Whether it is to be a secret.
    pub fn is_secret(&self) -> bool {
        matches!(self.secret, Secrecy::Secret | Secrecy::Sealed)
    }
}

/// One key of a plan: what is there, and what is to be.
pub type KeyChange = ValueDifference<Entry, DesiredValue>;

/// An entry by what it is compared by: of a secret the plain value, unless what is wanted is sealed, too.
struct ComparedEntry {
    entry: Entry,
    plain: Option<Value>,
}

impl AsRef<Value> for ComparedEntry {
    fn as_ref(&self) -> &Value {
        self.plain.as_ref().unwrap_or(&self.entry.value)
    }
}

/// What it takes for keys that are as they are `now` to hold what is wanted. Secrets are compared by their values.
pub(super) async fn changes(
    store: &dyn Store,
    now: BTreeMap<Key, Entry>,
    wanted: BTreeMap<Key, DesiredValue>,
) -> OpsResult<BTreeMap<Key, KeyChange>> {
    let by_plain = |entry: &&Entry| {
        let wanted = wanted.get(&entry.key);
        entry.secret && wanted.is_some_and(|wanted| wanted.secret != Secrecy::Sealed)
    };
    let secrets: Vec<Entry> = now.values().filter(by_plain).cloned().collect();
    let revealed = store.reveal(secrets).await?.into_iter();
    let mut plain: BTreeMap<Key, Value> = revealed.map(|entry| (entry.key, entry.value)).collect();
    let now = now
        .into_iter()
        .map(|(key, entry)| {
            let plain = plain.remove(&key);
            (key, ComparedEntry { entry, plain })
        })
        .collect();
    Ok(compare(now, wanted)
        .into_iter()
        .map(|(key, difference)| (key, settle(difference)))
        .collect())
}

fn settle(difference: ValueDifference<ComparedEntry, DesiredValue>) -> KeyChange {
    // A secret that is set stays one.
    let kept = |entry: &Entry, wanted: DesiredValue| match wanted.secret {
        Secrecy::Keep if entry.secret => DesiredValue {
            secret: Secrecy::Secret,
            ..wanted
        },
        _ => wanted,
    };
    match difference {
        ValueDifference::Added(wanted) => ValueDifference::Added(wanted),
        ValueDifference::Removed(ComparedEntry { entry, .. }) => ValueDifference::Removed(entry),
        ValueDifference::Changed(ComparedEntry { entry, .. }, wanted) => {
            let wanted = kept(&entry, wanted);
            ValueDifference::Changed(entry, wanted)
        }
        ValueDifference::Same(ComparedEntry { entry, .. }, wanted) => {
            let wanted = kept(&entry, wanted);
            // What ceases to be at another time, or to be a secret, is not as it is to be.
            if wanted.lives_as(&entry) && entry.secret == wanted.is_secret() {
                ValueDifference::Same(entry, wanted)
            } else {
                ValueDifference::Changed(entry, wanted)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Encoding, Revision};

    fn entry(ttl: u64, expires: i64) -> Entry {
        Entry {
            key: "/db/a".parse().expect("a key"),
            value: Value::new("1", Encoding::Text).expect("a value"),
            version: 1,
            revision: Revision::new(1),
            created: Timestamp::from_epoch(0),
            modified: Timestamp::from_epoch(0),
            by: "me".into(),
            secret: false,
            ttl: Some(seconds(ttl)),
            expires: Some(Timestamp::from_epoch(expires)),
        }
    }

    fn seconds(seconds: u64) -> Ttl {
        Ttl::from_seconds(seconds).expect("a time to live")
    }

    #[test]
    fn what_comes_again_ends_when_it_would_have() {
        let at = |now| DesiredValue::again(entry(60, 100), Timestamp::from_epoch(now));
        for now in [40, 99, i64::MIN] {
            let again = at(now).expect("it is alive");
            let (ttl, expires) = (seconds(60), Timestamp::from_epoch(100));
            assert_eq!(again.ttl_choice(), TtlChoice::Until { ttl, expires });
        }
        assert_eq!(at(100), None, "its time is over");
        let for_ever = Entry {
            ttl: None,
            expires: None,
            ..entry(60, 100)
        };
        let again = DesiredValue::again(for_ever, Timestamp::from_epoch(99)).expect("it has no end");
        assert_eq!(again.ttl_choice(), TtlChoice::Never);
    }

    #[test]
    fn what_ends_at_the_same_moment_is_the_same() {
        let again = DesiredValue::again(entry(60, 100), Timestamp::from_epoch(50)).expect("it is alive");
        let beside = |now: Entry| {
            settle(ValueDifference::Same(
                ComparedEntry {
                    entry: now,
                    plain: None,
                },
                again.clone(),
            ))
        };
        assert!(matches!(beside(entry(60, 100)), ValueDifference::Same(..)));
        assert!(matches!(beside(entry(60, 110)), ValueDifference::Changed(..)));
        assert!(matches!(beside(entry(50, 100)), ValueDifference::Changed(..)));
    }
}
