//! What keys are to hold, and what that changes.

use std::collections::BTreeMap;

use super::Result;
use super::compare::{Difference, compare};
use crate::model::{Entry, Key, Secrecy, Ttl, Value};
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
        }
    }
}

impl Wanted {
    /// What an entry of the same key once held, without a time to live: a secret as it was encrypted then.
    pub fn again(entry: Entry) -> Self {
        let secret = if entry.secret {
            Secrecy::Sealed
        } else {
            Secrecy::Keep
        };
        Self {
            value: entry.value,
            secret,
            ttl: None,
        }
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
            if entry.ttl == wanted.ttl && entry.secret == wanted.is_secret() {
                Difference::Same(entry, wanted)
            } else {
                Difference::Changed(entry, wanted)
            }
        }
    }
}
