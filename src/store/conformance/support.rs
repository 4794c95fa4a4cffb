//! What the checks have in common.

use std::sync::Arc;

use futures::stream::BoxStream;
use futures::{StreamExt as _, TryStreamExt as _};

use super::harness::Harness;
use crate::model::{
    Change, Clock as _, Encoding, Entry, Head, Key, Mutation, Prefix, Revision, Secrecy, Section, TestClock,
    Timestamp, Ttl, TtlChoice, Value,
};
use crate::store::{
    Admin, Committed, Conflict, Consistency, Heads, Listed, Result, Scope, Snapshot, Store, StoreError, Txn,
};

/// The config under test, with one handle open.
pub(super) struct Config {
    pub(super) harness: Box<dyn Harness>,
    pub(super) clock: Arc<TestClock>,
    pub(super) store: Arc<dyn Store>,
}

/// How many items an engine may list or log in a check, and how often a writer may lose a race: many times what any
/// check needs, so that one that never ends is found out.
pub(super) const ENOUGH: usize = 10_000;

/// All that can be read of a config.
pub(super) struct Everything {
    snapshot: Snapshot,
    log: Vec<Change>,
}

impl Everything {
    /// What of it another one has otherwise, in a few words; none where they are equal.
    fn difference(&self, other: &Self) -> Option<String> {
        if self.snapshot.heads != other.snapshot.heads {
            return Some("a section stands elsewhere".into());
        }
        let (ours, theirs) = (&self.snapshot.entries, &other.snapshot.entries);
        if let Some(key) = first_difference(ours, theirs, |entry| entry.key.to_string()) {
            return Some(format!("the entry of {key}"));
        }
        let line = first_difference(&self.log, &other.log, |line| {
            format!("{} at revision {}", line.key, line.revision)
        });
        line.map(|line| format!("the line of {line}"))
    }
}

/// The name of the first item that only one of them has in its place.
fn first_difference<T: PartialEq>(ours: &[T], theirs: &[T], name: impl Fn(&T) -> String) -> Option<String> {
    let same = ours
        .iter()
        .zip(theirs)
        .take_while(|(ours, theirs)| ours == theirs)
        .count();
    ours.get(same).or(theirs.get(same)).map(name)
}

/// All of a stream that ends.
async fn all_of<T>(what: &str, items: BoxStream<'_, Result<T>>) -> Result<Vec<T>> {
    let items: Vec<T> = items.take(ENOUGH).try_collect().await?;
    assert!(items.len() < ENOUGH, "{what} doesn't end");
    Ok(items)
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

    /// Its provisioning side, which a check can't do without.
    pub(super) async fn admin(&self) -> Arc<dyn Admin> {
        let admin = self.harness.admin().await;
        admin.expect("`Harness::admin` gives one, or the macro is told `without admin`")
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
        self.is_still(&before).await;
        conflict
    }

    /// Fails where anything that can be read is otherwise than before.
    pub(super) async fn is_still(&self, before: &Everything) {
        let changed = before.difference(&self.everything().await);
        assert_eq!(
            changed, None,
            "what was to leave everything as it was changed something"
        );
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
        all_of("a listing", listed).await.expect("a listing")
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
        all_of("a log", changes).await.expect("the log")
    }

    pub(super) async fn history(&self, of: &str, before: Option<u64>) -> Vec<Change> {
        let history = self.store.history(&key(of), before.map(Revision::new));
        all_of("a history", history).await.expect("a history")
    }

    /// The oldest revision that a log names which no longer goes back to `after`.
    pub(super) async fn compacted(&self, of: &str, after: u64) -> u64 {
        let changes = self.store.changes(&section(of), Revision::new(after));
        match all_of("a log", changes).await {
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
        let differs = first_difference(&snapshot.entries, &entries, |entry| entry.key.to_string());
        assert_eq!(differs, None, "a snapshot and a listing disagree");
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
