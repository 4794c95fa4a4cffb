use std::time::Duration;

use crate::model::{Change, CommitId, Entry, Guard, Head, Key, Mutation, Section, Timestamp};

/// A commit to be executed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Txn {
    /// Its id, under which it can be looked for.
    pub id: CommitId,
    /// What must hold.
    pub guards: Vec<Guard>,
    /// What is to change, each key at most once.
    pub changes: Vec<Mutation>,
    /// Who is written down as the writer; none for whom the store was opened as.
    pub by: Option<String>,
    /// Whether the id is the caller's, under which it may be sent again, to whichever process: it takes place once, and
    /// each of its senders gets the answer of the first. Honoured for [`Self::RECORDED_FOR`] at least.
    pub recorded: bool,
}

impl Txn {
    /// For how long a commit under a caller's id is known by it.
    pub const RECORDED_FOR: Duration = Duration::from_hours(24);

    /// A commit of these changes with a new id and no guards.
    pub fn new(changes: Vec<Mutation>) -> Self {
        Self {
            id: CommitId::random(),
            guards: Vec::new(),
            changes,
            by: None,
            recorded: false,
        }
    }

    /// The same with these guards.
    #[must_use]
    pub fn guarded(mut self, guards: impl IntoIterator<Item = Guard>) -> Self {
        self.guards.extend(guards);
        self
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

/// What became of one key in a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppliedChange {
    /// The line of the log.
    pub change: Change,
    /// The entry afterwards; none after a delete.
    pub entry: Option<Entry>,
    /// The entry that was replaced or deleted, if there was one.
    pub previous: Option<Entry>,
}

/// A commit that took place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// Its id.
    pub commit: CommitId,
    /// When, by the store's clock.
    pub at: Timestamp,
    /// Where the sections that it changed stand after it.
    pub heads: Vec<Head>,
    /// What it did. A delete of an absent key isn't in it.
    pub changes: Vec<AppliedChange>,
}
