//! What keys are to hold, and what that changes.

use std::collections::BTreeMap;

use super::Result;
use super::compare::{Difference, compare};
use crate::model::{Entry, Key, Secrecy, Timestamp, Ttl, TtlChoice, Value};
use crate::store::{Store, StoreExt as _};

/// What a key is to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Its value.
    pub value: Value,
    /// Whether the value is a secret, and whether it is sealed already.
    pub secret: Secrecy,
    /// How long it is to live from the commit on, if not for ever.
    pub ttl: Option<Ttl>,
    /// The moment that this comes to, for what is to end when it would have ended before.
    pub until: Option<Timestamp>,
}

impl AsRef<Value> for Wanted {
    fn as_ref(&self) -> &Value {
        &self.value
    }
}

impl From<Value> for Wanted {
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

impl From<Entry> for Wanted {
    /// The same value, with the same time to live anew. That of a secret must have been revealed: it is encrypted
    /// anew for the key that it comes to.
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

impl Wanted {
    /// What an entry of the same key once held: a secret as it was encrypted then, and until the moment at which it
    /// would have ended. None where that has passed at `now`.
    pub fn again(entry: Entry, now: Timestamp) -> Option<Self> {
        if !entry.is_live(now) {
            return None;
        }
        let left = |until: Timestamp| {
            let seconds = until.epoch().saturating_sub(now.epoch());
            // More than any may live is left where the clock is far behind: then what it had.
            let left = u64::try_from(seconds).ok().map(Ttl::from_seconds);
            left.and_then(Result::ok).or(entry.ttl)
        };
        let secret = if entry.secret {
            Secrecy::Sealed
        } else {
            Secrecy::Keep
        };
        Some(Self {
            ttl: entry.expires.and_then(left),
            until: entry.expires,
            value: entry.value,
            secret,
        })
    }

    /// What becomes of the time to live of a key that is as it is `now`.
    pub fn ttl_over(&self, now: Option<&Entry>) -> TtlChoice {
        match self.ttl {
            // What already ends at that moment also keeps how long it lives after a touch.
            Some(_) if self.ends_as(now) => TtlChoice::Keep,
            Some(ttl) => TtlChoice::For(ttl),
            None => TtlChoice::Never,
        }
    }

    fn ends_as(&self, now: Option<&Entry>) -> bool {
        self.until.is_some() && now.is_some_and(|now| now.expires == self.until)
    }

    /// Whether it is to be a secret.
    pub fn is_secret(&self) -> bool {
        matches!(self.secret, Secrecy::Secret | Secrecy::Sealed)
    }
}

/// One key of a plan: what is there, and what is to be.
pub type Change = Difference<Entry, Wanted>;

/// An entry by what it is compared by: of a secret the plain value, unless what is wanted is sealed, too.
struct Compared {
    entry: Entry,
    plain: Option<Value>,
}

impl AsRef<Value> for Compared {
    fn as_ref(&self) -> &Value {
        self.plain.as_ref().unwrap_or(&self.entry.value)
    }
}

/// What it takes for keys that are as they are `now` to hold what is wanted. Secrets are compared by their values.
pub(super) async fn changes(
    store: &dyn Store,
    now: BTreeMap<Key, Entry>,
    wanted: BTreeMap<Key, Wanted>,
) -> Result<BTreeMap<Key, Change>> {
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
            (key, Compared { entry, plain })
        })
        .collect();
    Ok(compare(now, wanted)
        .into_iter()
        .map(|(key, difference)| (key, settle(difference)))
        .collect())
}

fn settle(difference: Difference<Compared, Wanted>) -> Change {
    // A secret that is set stays one.
    let kept = |entry: &Entry, wanted: Wanted| match wanted.secret {
        Secrecy::Keep if entry.secret => Wanted {
            secret: Secrecy::Secret,
            ..wanted
        },
        _ => wanted,
    };
    match difference {
        Difference::Added(wanted) => Difference::Added(wanted),
        Difference::Removed(Compared { entry, .. }) => Difference::Removed(entry),
        Difference::Changed(Compared { entry, .. }, wanted) => {
            let wanted = kept(&entry, wanted);
            Difference::Changed(entry, wanted)
        }
        Difference::Same(Compared { entry, .. }, wanted) => {
            let wanted = kept(&entry, wanted);
            // What ceases to be at another time, or to be a secret, is not as it is to be.
            let ends_alike = entry.ttl == wanted.ttl || wanted.ends_as(Some(&entry));
            if ends_alike && entry.secret == wanted.is_secret() {
                Difference::Same(entry, wanted)
            } else {
                Difference::Changed(entry, wanted)
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
        let at = |now| Wanted::again(entry(60, 100), Timestamp::from_epoch(now));
        let left = |now| at(now).map(|wanted| wanted.ttl_over(None));
        assert_eq!(left(40), Some(TtlChoice::For(seconds(60))));
        assert_eq!(left(99), Some(TtlChoice::For(seconds(1))));
        assert_eq!(left(100), None, "its time is over");
        assert_eq!(
            left(i64::MIN),
            Some(TtlChoice::For(seconds(60))),
            "a clock far behind"
        );
        let for_ever = Entry {
            ttl: None,
            expires: None,
            ..entry(60, 100)
        };
        let again = Wanted::again(for_ever.clone(), Timestamp::from_epoch(99)).expect("it has no end");
        assert_eq!(again.ttl_over(Some(&entry(60, 100))), TtlChoice::Never);
        let again = at(50).expect("it is alive");
        assert_eq!(again.ttl_over(Some(&entry(60, 100))), TtlChoice::Keep);
        for now in [entry(60, 101), for_ever] {
            assert_eq!(again.ttl_over(Some(&now)), TtlChoice::For(seconds(50)));
        }
    }

    #[test]
    fn what_ends_at_the_same_moment_is_the_same() {
        let again = Wanted::again(entry(60, 100), Timestamp::from_epoch(50)).expect("it is alive");
        let beside = |now: Entry| {
            settle(Difference::Same(
                Compared {
                    entry: now,
                    plain: None,
                },
                again.clone(),
            ))
        };
        assert!(matches!(beside(entry(60, 100)), Difference::Same(..)));
        assert!(matches!(beside(entry(60, 110)), Difference::Changed(..)));
    }
}
