use super::{CommitId, Key, Revision, Section, Timestamp, Ttl, Value};

/// A key with its value and what is known of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Entry {
    /// The key.
    pub key: Key,
    /// The value; for a secret as it is stored.
    pub value: Value,
    /// How often the key was written since it came to be, from 1.
    pub version: u64,
    /// The revision of its section that last changed it.
    pub revision: Revision,
    /// When version 1 was written.
    pub created: Timestamp,
    /// When this version was written.
    pub modified: Timestamp,
    /// Who wrote it, as the writer's credentials said: a claim, of which CloudTrail is the proof.
    pub by: String,
    /// Whether the value is a secret.
    pub secret: bool,
    /// How long it lives after each write or touch, if not for ever.
    pub ttl: Option<Ttl>,
    /// When it ceases to be, if ever.
    pub expires: Option<Timestamp>,
}

impl Entry {
    /// Whether the entry is there at `now`. An entry whose time has come is absent, whether or not the engine
    /// has removed it yet.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.expires.is_none_or(|expires| expires > now)
    }
}

impl AsRef<Value> for Entry {
    fn as_ref(&self) -> &Value {
        &self.value
    }
}

/// Where a section stands.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Head {
    /// The section.
    pub section: Section,
    /// Its current revision: 0 for a section that is registered and has no commit yet.
    pub revision: Revision,
    /// How many keys that revision changed.
    pub changes: u32,
    /// The commit of that revision.
    pub commit: Option<CommitId>,
    /// When it was made.
    pub modified: Option<Timestamp>,
}
