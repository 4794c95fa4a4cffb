use std::collections::BTreeMap;
use std::time::Duration;

use crate::model::{Change, CommitId, Entry, Guard, Head, Key, Message, Mutation, Section, Timestamp};

/// A commit to execute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Txn {
    /// Its ID, which appears in the log.
    pub id: CommitId,
    /// Conditions that must hold.
    pub guards: Vec<Guard>,
    /// The changes, each key at most once.
    pub changes: Vec<Mutation>,
    /// The writer to record; none for the identity that opened the store.
    pub by: Option<String>,
    /// What the commit is for.
    pub message: Option<Message>,
    /// The keys that are moved: each new one, which is set, with the old one, which is deleted. It is only recorded.
    pub moved: BTreeMap<Key, Key>,
    /// Whether the caller chose the ID, and can send the commit again, to any process: it is applied once, and every
    /// sender gets the first result. This holds for [`Self::RECORDED_FOR`] at least.
    pub recorded: bool,
}

impl Txn {
    /// How long a commit with a caller's ID is recorded.
    pub const RECORDED_FOR: Duration = Duration::from_hours(24);

    /// A commit of these changes with a new ID and no guards.
    pub fn new(changes: Vec<Mutation>) -> Self {
        Self {
            id: CommitId::random(),
            guards: Vec::new(),
            changes,
            by: None,
            message: None,
            moved: BTreeMap::new(),
            recorded: false,
        }
    }

    /// The same with these guards.
    #[must_use]
    pub fn guarded(mut self, guards: impl IntoIterator<Item = Guard>) -> Self {
        self.guards.extend(guards);
        self
    }

    /// The same with this message.
    #[must_use]
    pub fn with_message(mut self, message: Option<Message>) -> Self {
        self.message = message;
        self
    }

    /// The key that is moved to this one: the commit deletes it. What a writer says of another key isn't recorded.
    pub(super) fn moved_here(&self, key: &Key) -> Option<&Key> {
        let old = self.moved.get(key)?;
        let is_old = |change: &Mutation| match change {
            Mutation::Delete { key } => key == old,
            // In a chain of moves another key comes to where this one was.
            Mutation::Set { key, .. } => key == old && self.moved.contains_key(key),
        };
        self.changes.iter().any(is_old).then_some(old)
    }

    /// Every key that is changed or guarded, once each, ordered.
    pub fn keys(&self) -> Vec<Key> {
        let changed = self.changes.iter().map(Mutation::key);
        let mut keys: Vec<Key> = changed
            .chain(self.guards.iter().filter_map(Guard::key))
            .cloned()
            .collect();
        keys.sort();
        keys.dedup();
        keys
    }

    /// Every section that is changed or guarded, once each, ordered.
    pub fn sections(&self) -> Vec<Section> {
        let changed = self.changes.iter().map(|change| change.key().section());
        let mut sections: Vec<Section> = changed.chain(self.guards.iter().map(Guard::section)).collect();
        sections.sort();
        sections.dedup();
        sections
    }
}

/// The change of one key by a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppliedChange {
    /// The line of the log.
    pub change: Change,
    /// The entry afterwards; none after a delete.
    pub entry: Option<Entry>,
    /// The entry that was replaced or deleted, if there was one.
    pub previous: Option<Entry>,
}

/// An applied commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// Its id.
    pub commit: CommitId,
    /// When, by the store's clock.
    pub at: Timestamp,
    /// The heads of the changed sections after it.
    pub heads: Vec<Head>,
    /// Its changes, without deletes of absent keys.
    pub changes: Vec<AppliedChange>,
}
