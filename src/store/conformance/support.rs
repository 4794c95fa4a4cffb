//! What the checks have in common.

use std::sync::Arc;

use futures::TryStreamExt as _;

use super::harness::{Harness, TestClock};
use crate::model::{
    Change, Clock as _, Encoding, Entry, Head, Key, Mutation, Prefix, Revision, Secrecy, Section, Timestamp,
    Ttl, TtlChoice, Value,
};
use crate::store::{
    Committed, Conflict, Consistency, Heads, Listed, Scope, Snapshot, Store, StoreError, Txn,
};

/// The config under test, with one handle open.
pub(super) struct Config {
    pub(super) harness: Box<dyn Harness>,
    pub(super) clock: Arc<TestClock>,
    pub(super) store: Arc<dyn Store>,
}

/// All that can be read of a config.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Everything {
    snapshot: Snapshot,
    log: Vec<Change>,
}

impl Config {
    pub(super) async fn new(harness: Box<dyn Harness>, clock: Arc<TestClock>) -> Self {
        let store = harness.open().await;
        Self {
            harness,
            clock,
            store,
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(super) async fn commit(&self, changes: Vec<Mutation>) -> Committed {
        self.store
            .commit(Txn::new(changes))
            .await
            .expect("a commit without guards")
    }

    pub(super) async fn set(&self, at: &str, to: &str) -> Entry {
        let mut done = self.commit(vec![set(at, to)]).await;
        done.changes
            .remove(0)
            .entry
            .expect("a set gives the entry afterwards")
    }

    pub(super) async fn delete(&self, at: &str) {
        self.commit(vec![delete(at)]).await;
    }

    /// The conflict of a commit that must be refused and leave everything as it was.
    pub(super) async fn refused(&self, txn: Txn) -> Conflict {
        let before = self.everything().await;
        let conflict = match self.store.commit(txn).await {
            Err(StoreError::Conflict(conflict)) => *conflict,
            other => panic!("expected a conflict, got {other:?}"),
        };
        assert_eq!(
            self.everything().await,
            before,
            "a refused commit changed something"
        );
        conflict
    }

    pub(super) async fn get(&self, at: &str) -> Option<Entry> {
        self.store
            .get(&key(at), Consistency::Strong)
            .await
            .expect("a get")
    }

    pub(super) async fn entry(&self, at: &str) -> Entry {
        self.get(at).await.unwrap_or_else(|| panic!("{at} is absent"))
    }

    pub(super) async fn list(&self, scope: &Scope) -> Vec<Listed> {
        let listed = self.store.list(scope, Consistency::Strong);
        listed.try_collect().await.expect("a listing")
    }

    pub(super) async fn names(&self, scope: &Scope) -> Vec<String> {
        let listed = self.list(scope).await;
        listed.iter().map(|item| item.name().to_owned()).collect()
    }

    pub(super) async fn snapshot(&self, prefixes: &[&str]) -> Snapshot {
        let prefixes: Vec<Prefix> = prefixes.iter().map(|text| prefix(text)).collect();
        self.store.snapshot(&prefixes).await.expect("a snapshot")
    }

    pub(super) async fn changes(&self, of: &str, after: u64) -> Vec<Change> {
        let changes = self.store.changes(&section(of), Revision::new(after));
        changes.try_collect().await.expect("the log")
    }

    pub(super) async fn history(&self, of: &str, before: Option<u64>) -> Vec<Change> {
        let history = self.store.history(&key(of), before.map(Revision::new));
        history.try_collect().await.expect("a history")
    }

    /// The oldest revision that a log names which no longer goes back to `after`.
    pub(super) async fn compacted(&self, of: &str, after: u64) -> u64 {
        let changes = self.store.changes(&section(of), Revision::new(after));
        match changes.try_collect::<Vec<_>>().await {
            Err(StoreError::Compacted {
                section: named,
                wanted,
                oldest,
            }) => {
                assert_eq!(named, section(of));
                assert_eq!(wanted, Revision::new(after));
                oldest.get()
            }
            other => panic!("expected Compacted, got {other:?}"),
        }
    }

    pub(super) async fn heads(&self) -> Vec<Head> {
        self.store.heads(Heads::All).await.expect("the heads")
    }

    pub(super) async fn head(&self, of: &str) -> Option<Head> {
        let heads = self.store.heads(Heads::Of(vec![section(of)])).await;
        heads.expect("the heads").pop()
    }

    /// Where a section stands; 0 without a head.
    pub(super) async fn revision(&self, of: &str) -> u64 {
        self.head(of).await.map_or(0, |head| head.revision.get())
    }

    /// All that can be read, of which a snapshot, the log and the listing must agree.
    pub(super) async fn everything(&self) -> Everything {
        let snapshot = self.snapshot(&["/"]).await;
        let listed = self.list(&Scope::all(Prefix::all())).await;
        let entries: Vec<Entry> = listed
            .into_iter()
            .map(|item| match item {
                Listed::Entry(entry) => *entry,
                Listed::Folder(folder) => panic!("a recursive listing gave the folder {folder}"),
            })
            .collect();
        assert_eq!(snapshot.entries, entries, "a snapshot and a listing disagree");
        let mut log = Vec::new();
        for head in &snapshot.heads {
            log.extend(self.changes(head.section.as_str(), 0).await);
        }
        Everything { snapshot, log }
    }
}

pub(super) fn key(text: &str) -> Key {
    text.parse().expect(text)
}

pub(super) fn section(text: &str) -> Section {
    text.parse().expect(text)
}

pub(super) fn prefix(text: &str) -> Prefix {
    text.parse().expect(text)
}

pub(super) fn text(value: &str) -> Value {
    Value::new(value, Encoding::Text).expect("a value")
}

pub(super) fn bytes(value: impl Into<Vec<u8>>) -> Value {
    Value::new(value, Encoding::Detect).expect("a value")
}

pub(super) fn set(at: &str, to: &str) -> Mutation {
    Mutation::set(key(at), text(to))
}

pub(super) fn delete(at: &str) -> Mutation {
    Mutation::Delete { key: key(at) }
}

pub(super) fn hours(hours: u64) -> Ttl {
    Ttl::from_seconds(hours * 3600).expect("a time to live")
}

pub(super) fn set_with(at: &str, to: &str, ttl: TtlChoice) -> Mutation {
    Mutation::Set {
        key: key(at),
        value: text(to),
        secret: Secrecy::Keep,
        ttl,
    }
}

/// A write that lives for an hour.
pub(super) fn set_for_an_hour(at: &str, to: &str) -> Mutation {
    set_with(at, to, TtlChoice::For(hours(1)))
}

/// The most that a value may hold, filled with `with`.
pub(super) fn largest(with: u8) -> Value {
    bytes(vec![with; Value::MAX_BYTES])
}
