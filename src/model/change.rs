use std::collections::BTreeMap;

use super::{CommitId, Entry, Key, LoggedValue, PurgedValue, Revision, Section, Timestamp, Ttl, Value};

/// What becomes of an entry's time to live when it is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TtlChoice {
    /// It has none afterwards, as in etcd and Redis.
    #[default]
    Never,
    /// It keeps the one it has, and lives on until the moment it had.
    Keep,
    /// It lives that long from now.
    For(Ttl),
    /// It lives that long after each touch, and until then without one: what it had before, given back. A moment later
    /// than `For` would give is cut to that.
    Until {
        /// How long it lives after a touch.
        ttl: Ttl,
        /// When it ceases to be.
        expires: Timestamp,
    },
}

/// Whether a value that is written is a secret.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Secrecy {
    /// As the key is: the value, which is plain, must be sealed first where the key holds a secret.
    #[default]
    Keep,
    /// It is to be one: the value, which is plain, must be sealed first.
    Secret,
    /// It is one: the value is an [`Envelope`](super::Envelope) that was sealed for this config and key.
    Sealed,
    /// It is none, whatever the key holds.
    Plain,
}

/// What a commit is asked to do to one key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Mutation {
    /// Write the key.
    Set {
        /// The key.
        key: Key,
        /// Its new value.
        value: Value,
        /// Whether it is a secret.
        secret: Secrecy,
        /// What becomes of its time to live.
        ttl: TtlChoice,
    },
    /// Remove the key. Of a key that is absent nothing is changed and nothing logged.
    Delete {
        /// The key.
        key: Key,
    },
}

impl Mutation {
    /// Writes a value without a time to live, as a secret where the key holds one.
    pub fn set(key: Key, value: Value) -> Self {
        Self::Set {
            key,
            value,
            secret: Secrecy::Keep,
            ttl: TtlChoice::Never,
        }
    }

    /// Removes a key.
    pub fn delete(key: Key) -> Self {
        Self::Delete { key }
    }

    /// The same with a value that lives that long from the commit on. A delete stays as it is.
    ///
    /// ```
    /// use discfg::model::{Mutation, Value};
    ///
    /// let lease = Mutation::set("/lease".parse()?, Value::text("me")?).ttl("30s".parse()?);
    /// # drop(lease);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn ttl(self, ttl: Ttl) -> Self {
        self.with_ttl(TtlChoice::For(ttl))
    }

    /// The same with a value that lives on as long as the one that it replaces would have. A delete stays as it is.
    #[must_use]
    pub fn keep_ttl(self) -> Self {
        self.with_ttl(TtlChoice::Keep)
    }

    /// The same as a secret. A delete stays as it is.
    #[must_use]
    pub fn secret(mut self) -> Self {
        if let Self::Set { secret, .. } = &mut self {
            *secret = Secrecy::Secret;
        }
        self
    }

    fn with_ttl(mut self, choice: TtlChoice) -> Self {
        if let Self::Set { ttl, .. } = &mut self {
            *ttl = choice;
        }
        self
    }

    /// The key it is about.
    pub fn key(&self) -> &Key {
        match self {
            Self::Set { key, .. } | Self::Delete { key } => key,
        }
    }
}

/// A condition that must hold for a commit, at the moment of the commit.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Guard {
    /// The key has no entry.
    Absent(Key),
    /// The key has an entry.
    Present(Key),
    /// The key's entry was last changed at that revision.
    Revision(Key, Revision),
    /// The key's entry has exactly these bytes as its value. Of a secret that can't be told.
    Value(Key, Value),
    /// The section stands at that revision.
    Section(Section, Revision),
}

impl Guard {
    /// The key it is about, unless it is about a section.
    pub fn key(&self) -> Option<&Key> {
        match self {
            Self::Absent(key) | Self::Present(key) | Self::Revision(key, _) | Self::Value(key, _) => {
                Some(key)
            }
            Self::Section(..) => None,
        }
    }

    /// The section it is about.
    pub fn section(&self) -> Section {
        match self {
            Self::Section(section, _) => section.clone(),
            Self::Absent(key) | Self::Present(key) | Self::Revision(key, _) | Self::Value(key, _) => {
                key.section()
            }
        }
    }
}

/// What a commit did to a key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Op {
    /// The key was written.
    Set {
        /// The new value.
        value: LoggedValue,
        /// The new version.
        version: u64,
        /// Whether the value is a secret.
        secret: bool,
        /// Its time to live.
        ttl: Option<Ttl>,
        /// When it ceases to be.
        expires: Option<Timestamp>,
    },
    /// The key was removed.
    Delete,
}

/// What a change replaced.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Previous {
    /// The value before.
    pub value: LoggedValue,
    /// Its version.
    pub version: u64,
    /// The revision that had written it.
    pub revision: Revision,
    /// Whether it was a secret.
    pub secret: bool,
    /// When the key had come to be.
    pub created: Timestamp,
    /// When it had been written.
    pub modified: Timestamp,
    /// Who had written it.
    pub by: String,
    /// How long it had lived after each write or touch, if not for ever.
    pub ttl: Option<Ttl>,
    /// When it would have ceased to be, if ever.
    pub expires: Option<Timestamp>,
}

impl From<&Entry> for Previous {
    fn from(entry: &Entry) -> Self {
        Self {
            value: entry.value.clone().into(),
            version: entry.version,
            revision: entry.revision,
            secret: entry.secret,
            created: entry.created,
            modified: entry.modified,
            by: entry.by.clone(),
            ttl: entry.ttl,
            expires: entry.expires,
        }
    }
}

/// One line of a section's log.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Change {
    /// The key.
    pub key: Key,
    /// The revision of the key's section.
    pub revision: Revision,
    /// Which line of that revision this is, from 0.
    pub index: u32,
    /// How many lines that revision has.
    pub of: u32,
    /// What was done.
    pub op: Op,
    /// What was there before, if anything was.
    pub previous: Option<Previous>,
    /// Who did it, as the writer's credentials said.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// In which commit.
    pub commit: CommitId,
    /// The other sections that the commit changed, each with its revision there.
    pub with: BTreeMap<Section, Revision>,
    /// What the commit is for, as its writer says. It is as untrusted as a value: see [`Message`](super::Message) for
    /// what discfg writes.
    pub message: Option<String>,
    /// The key that was moved here.
    pub from: Option<Key>,
}

impl Change {
    /// The bytes of its values: of what was written and of what that replaced.
    pub fn bytes(&self) -> usize {
        let new = match &self.op {
            Op::Set { value, .. } => value.len(),
            Op::Delete => 0,
        };
        new + self.previous.as_ref().map_or(0, |previous| previous.value.len())
    }

    /// Whether the value that was written was purged.
    pub fn is_purged(&self) -> bool {
        matches!(&self.op, Op::Set { value, .. } if value.is_purged())
    }

    /// The entry that this change left behind; none after a delete. Fails where its value was purged, which is not the
    /// same as none.
    pub fn entry(&self) -> Result<Option<Entry>, PurgedValue> {
        let Op::Set {
            value,
            version,
            secret,
            ttl,
            expires,
        } = &self.op
        else {
            return Ok(None);
        };
        Ok(Some(Entry {
            key: self.key.clone(),
            value: self.kept(value, self.revision)?,
            version: *version,
            revision: self.revision,
            created: self
                .previous
                .as_ref()
                .map_or(self.at, |previous| previous.created),
            modified: self.at,
            by: self.by.clone(),
            secret: *secret,
            ttl: *ttl,
            expires: *expires,
        }))
    }

    /// The entry that this change replaced; none where there was none. Fails where its value was purged, which is not the
    /// same as none.
    pub fn replaced(&self) -> Result<Option<Entry>, PurgedValue> {
        let Some(previous) = &self.previous else {
            return Ok(None);
        };
        Ok(Some(Entry {
            key: self.key.clone(),
            value: self.kept(&previous.value, previous.revision)?,
            version: previous.version,
            revision: previous.revision,
            created: previous.created,
            modified: previous.modified,
            by: previous.by.clone(),
            secret: previous.secret,
            ttl: previous.ttl,
            expires: previous.expires,
        }))
    }

    fn kept(&self, value: &LoggedValue, revision: Revision) -> Result<Value, PurgedValue> {
        value.value().cloned().ok_or_else(|| PurgedValue {
            key: self.key.clone(),
            revision,
        })
    }
}
