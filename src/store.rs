//! The trait that every engine implements, and what it speaks of.

mod admin;
mod cause;
#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
mod cursor;
mod data_key;
mod decide;
mod error;
mod ext;
mod heads;
mod limit;
mod listing;
mod past_entries;
mod purge;
mod repeated_commit;
mod seal;
mod snapshot;
mod txn;
mod unreadable_sections;
mod watch;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use async_stream::try_stream;
use async_trait::async_trait;
use futures::stream::{self, BoxStream};
use futures::{StreamExt as _, TryStreamExt as _};

pub use admin::{Admin, Meta};
pub use cause::Cause;
pub use cursor::Cursor;
pub use data_key::{DataKey, DataKeys};
pub use decide::{CommitState, Decision, HeadMove, decide};
pub use error::{Conflict, Result, StoreError};
pub use ext::StoreExt;
pub use heads::Heads;
pub use limit::Limit;
pub use listing::{Listed, Scope};
pub use past_entries::PastEntries;
pub(crate) use purge::followed;
pub use purge::{PURGE_AFTER, PurgePlan, Purged, PurgedParts};
pub use snapshot::{Digest, Digester, Snapshot};
pub use txn::{AppliedChange, Committed, Txn};
pub use unreadable_sections::UnreadableSections;
pub(crate) use watch::{AfterLog, Taken, WatchMachine};

use crate::model::{Change, Entry, Head, Key, Prefix, Revision, Section, StoreStatus, Ttl};

/// How many reads of a [`Store::get_many`] go on side by side.
const SIDE_BY_SIDE: usize = 16;

/// The consistency of a read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Consistency {
    /// It sees every commit that completed before the read started.
    #[default]
    Strong,
    /// It may miss the latest commits. On DynamoDB it costs half as much.
    Eventual,
}

/// How long [`Store::wait`] waits, and how often a polling engine checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadline {
    /// The longest wait; the result is empty if nothing has moved by then.
    pub within: Duration,
    /// The pause between two checks of a polling engine. It checks at the start, and stops when less than a whole
    /// pause is left: a wait of one interval costs one check.
    pub interval: Duration,
}

/// The data of a config in any engine. Every engine passes the suite `store::conformance` (feature
/// `conformance`).
///
/// No result contains an expired entry, by the store's clock. There is no gap between a [`snapshot`](Self::snapshot)
/// and the [`changes`](Self::changes) after its heads, so read the snapshot first and then follow the changes, as
/// [`ops::watch`](crate::ops::watch) does from [`Start::Snapshot`](crate::ops::Start::Snapshot).
///
/// Implementations need `#[discfg::async_trait]`.
///
/// A principal that can write a section can store anything there. A read that finds invalid data fails with
/// [`StoreError::Corrupt`], which names the section; it skips the section if it is one of `except`.
#[async_trait]
pub trait Store: Send + Sync {
    /// Returns the entry of a key, if it exists.
    ///
    /// ```
    /// use discfg::store::Consistency;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let client = discfg::Client::builder().config("demo").local(folder.path()).open().await?;
    /// # let store = client.store(discfg::model::Access::Write).await?;
    /// client.set("/greeting", "hello").await?;
    /// let entry = store.get(&"/greeting".parse()?, Consistency::Strong).await?;
    /// assert_eq!(entry.expect("it was set").value.as_text(), Some("hello"));
    /// # Ok(())
    /// # }
    /// ```
    async fn get(&self, key: &Key, read: Consistency) -> Result<Option<Entry>>;

    /// Returns those of these keys' entries that exist, in few requests where the engine can. Each is read with that
    /// consistency; all together are not of one moment, as a [`snapshot`](Self::snapshot) is.
    ///
    /// ```
    /// use discfg::store::Consistency;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let client = discfg::Client::builder().config("demo").local(folder.path()).open().await?;
    /// # let store = client.store(discfg::model::Access::Write).await?;
    /// client.set("/db/url", "postgres://db").await?;
    /// client.set("/app/name", "shop").await?;
    /// let keys = ["/app/name".parse()?, "/db/url".parse()?, "/none".parse()?];
    /// let entries = store.get_many(&keys.into(), Consistency::Strong).await?;
    /// assert_eq!(entries.len(), 2);
    /// assert_eq!(entries[&"/app/name".parse()?].value.as_text(), Some("shop"));
    /// # Ok(())
    /// # }
    /// ```
    async fn get_many(&self, keys: &BTreeSet<Key>, read: Consistency) -> Result<BTreeMap<Key, Entry>> {
        // Owned futures: a closure over borrowed keys isn't general enough for a boxed one.
        let reads: Vec<_> = keys.iter().map(|key| self.get(key, read)).collect();
        let mut reads = stream::iter(reads).buffer_unordered(SIDE_BY_SIDE);
        let mut found = BTreeMap::new();
        while let Some(entry) = reads.try_next().await? {
            found.extend(entry.map(|entry| (entry.key.clone(), entry)));
        }
        Ok(found)
    }

    /// Lists the entries and folders in `scope`, in the byte order of their names; a folder ends with a slash.
    ///
    /// ```
    /// use discfg::futures::TryStreamExt as _;
    /// use discfg::store::{Consistency, Scope};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let client = discfg::Client::builder().config("demo").local(folder.path()).open().await?;
    /// # let store = client.store(discfg::model::Access::Write).await?;
    /// client.set("/db/url", "postgres://db").await?;
    /// client.set("/db/pool/size", 20).await?;
    /// let names = async |scope| -> discfg::store::Result<Vec<String>> {
    ///     let listed = store.list(&scope, Consistency::Strong);
    ///     listed.map_ok(|item| item.name().to_owned()).try_collect().await
    /// };
    /// assert_eq!(names(Scope::level("/db".parse()?)).await?, ["/db/pool/", "/db/url"]);
    /// assert_eq!(names(Scope::all("/db".parse()?)).await?, ["/db/pool/size", "/db/url"]);
    /// # Ok(())
    /// # }
    /// ```
    fn list(&self, scope: &Scope, read: Consistency) -> BoxStream<'_, Result<Listed>>;

    /// Returns a consistent snapshot of the entries below these prefixes, with whole commits only, and the heads of
    /// that moment.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let client = discfg::Client::builder().config("demo").local(folder.path()).open().await?;
    /// # let store = client.store(discfg::model::Access::Write).await?;
    /// client.set("/db/url", "postgres://db").await?;
    /// client.set("/app/name", "shop").await?;
    /// let both = store.snapshot(&["/app".parse()?, "/db".parse()?]).await?;
    /// assert_eq!((both.entries.len(), both.heads.len()), (2, 2));
    /// # Ok(())
    /// # }
    /// ```
    async fn snapshot(&self, prefixes: &[Prefix]) -> Result<Snapshot> {
        self.snapshot_except(prefixes, &[]).await
    }

    /// The same, without these sections.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let client = discfg::Client::builder().config("demo").local(folder.path()).open().await?;
    /// # let store = client.store(discfg::model::Access::Write).await?;
    /// client.set("/db/url", "postgres://db").await?;
    /// client.set("/app/name", "shop").await?;
    /// let rest = store.snapshot_except(&["/".parse()?], &["/db".parse()?]).await?;
    /// assert_eq!(rest.entries[0].key.as_str(), "/app/name");
    /// # Ok(())
    /// # }
    /// ```
    async fn snapshot_except(&self, prefixes: &[Prefix], except: &[Section]) -> Result<Snapshot>;

    /// Streams the entries of such a snapshot, so that an engine needn't hold them all. They are in the order of the
    /// prefixes, and by key below each.
    ///
    /// ```
    /// use discfg::futures::TryStreamExt as _;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let client = discfg::Client::builder().config("demo").local(folder.path()).open().await?;
    /// # let store = client.store(discfg::model::Access::Write).await?;
    /// client.set("/db/url", "postgres://db").await?;
    /// let mut entries = store.snapshot_stream(&["/".parse()?], &[]);
    /// while let Some(entry) = entries.try_next().await? {
    ///     assert_eq!(entry.key.as_str(), "/db/url");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    fn snapshot_stream(&self, prefixes: &[Prefix], except: &[Section]) -> BoxStream<'_, Result<Entry>> {
        let (prefixes, except) = (prefixes.to_vec(), except.to_vec());
        try_stream! {
            for entry in self.snapshot_except(&prefixes, &except).await?.entries {
                yield entry;
            }
        }
        .boxed()
    }

    /// Returns the heads of sections, strongly consistent, ordered by section.
    ///
    /// ```
    /// use discfg::store::Heads;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let client = discfg::Client::builder().config("demo").local(folder.path()).open().await?;
    /// # let store = client.store(discfg::model::Access::Write).await?;
    /// client.set("/db/url", "postgres://db").await?;
    /// let heads = store.heads(Heads::Of(vec!["/db".parse()?, "/none".parse()?])).await?;
    /// assert_eq!(heads.len(), 1);
    /// assert_eq!(heads[0].revision.get(), 1);
    /// # Ok(())
    /// # }
    /// ```
    async fn heads(&self, of: Heads) -> Result<Vec<Head>>;

    /// Waits until heads move beyond the cursor, and returns them; returns none at the deadline.
    ///
    /// ```
    /// use std::time::Duration;
    /// use discfg::model::Revision;
    /// use discfg::store::{Cursor, Deadline};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let client = discfg::Client::builder().config("demo").local(folder.path()).open().await?;
    /// # let store = client.store(discfg::model::Access::Write).await?;
    /// client.set("/db/url", "postgres://db").await?;
    /// let mut cursor = Cursor::default();
    /// cursor.seen.insert("/db".parse()?, Revision::ZERO);
    /// let deadline = Deadline {
    ///     within: Duration::from_secs(1),
    ///     interval: Duration::from_millis(100),
    /// };
    /// let moved = store.wait(&cursor, deadline).await?;
    /// assert_eq!(moved[0].revision.get(), 1);
    /// # Ok(())
    /// # }
    /// ```
    async fn wait(&self, cursor: &Cursor, deadline: Deadline) -> Result<Vec<Head>>;

    /// Streams the section's log after a revision, in order, in whole revisions. Lines whose values were purged are among
    /// them, and say so.
    ///
    /// Fails with [`StoreError::Compacted`] if lines after `after` were compacted.
    ///
    /// ```
    /// use discfg::futures::TryStreamExt as _;
    /// use discfg::model::Revision;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let client = discfg::Client::builder().config("demo").local(folder.path()).open().await?;
    /// # let store = client.store(discfg::model::Access::Write).await?;
    /// client.set("/db/url", "postgres://a").await?;
    /// client.set("/db/url", "postgres://b").await?;
    /// let changes: Vec<_> = store.changes(&"/db".parse()?, Revision::new(1)).try_collect().await?;
    /// let replaced = changes[0].replaced()?.expect("it was there");
    /// assert_eq!(replaced.value.as_text(), Some("postgres://a"));
    /// # Ok(())
    /// # }
    /// ```
    fn changes(&self, section: &Section, after: Revision) -> BoxStream<'_, Result<Change>>;

    /// Streams the log of one key, newest first, strictly before `before` if it is given.
    ///
    /// ```
    /// use discfg::futures::TryStreamExt as _;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let client = discfg::Client::builder().config("demo").local(folder.path()).open().await?;
    /// # let store = client.store(discfg::model::Access::Write).await?;
    /// client.set("/db/url", "postgres://a").await?;
    /// client.set("/db/url", "postgres://b").await?;
    /// let newest = store.history(&"/db/url".parse()?, None).try_next().await?;
    /// assert_eq!(newest.expect("it was set").revision.get(), 2);
    /// # Ok(())
    /// # }
    /// ```
    fn history(&self, key: &Key, before: Option<Revision>) -> BoxStream<'_, Result<Change>>;

    /// The log of a whole section, newest first, as far as it goes back: all lines of the revisions before `before`, if
    /// that is given. Not a snapshot: what is written meanwhile is not in it.
    ///
    /// ```
    /// # use futures::TryStreamExt as _;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let client = discfg::Client::builder().config("demo").local(folder.path()).open().await?;
    /// # let store = client.store(discfg::model::Access::Write).await?;
    /// client.set("/db/url", "postgres://a").await?;
    /// client.set("/db/pool", "20").await?;
    /// let newest = store.section_history(&"/db".parse()?, None).try_next().await?;
    /// assert_eq!(newest.expect("it was set").key.as_str(), "/db/pool");
    /// # Ok(())
    /// # }
    /// ```
    fn section_history(&self, section: &Section, before: Option<Revision>) -> BoxStream<'_, Result<Change>>;

    /// Applies all changes or none, exactly once, if all guards hold.
    ///
    /// A failure means that nothing was written, except for [`StoreError::OutcomeUnknown`]. It fails with
    /// - [`StoreError::Conflict`] if a guard doesn't hold,
    /// - [`StoreError::Twice`] if a key is changed twice, [`StoreError::Limit`] above 100 actions or 4 MB,
    /// - [`StoreError::Unsealed`] if a key is or becomes a secret and its new value isn't encrypted, and
    ///   [`StoreError::GuardOnSecret`] if a guard compares the value of a secret,
    /// - [`StoreError::IdReused`] if a recorded commit with other changes has the same ID,
    /// - [`StoreError::Layout`] if [`Meta::layout`] is newer than [`Meta::LAYOUT`].
    ///
    /// ```
    /// use discfg::model::{Guard, Mutation, Value};
    /// use discfg::store::Txn;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let client = discfg::Client::builder().config("demo").local(folder.path()).open().await?;
    /// # let store = client.store(discfg::model::Access::Write).await?;
    /// let lease = |owner: &str| -> Result<Txn, Box<dyn std::error::Error>> {
    ///     let lease = Mutation::set("/lease".parse()?, Value::text(owner)?).ttl("30s".parse()?);
    ///     Ok(Txn::new(vec![lease]).guarded([Guard::Absent("/lease".parse()?)]))
    /// };
    /// store.commit(lease("one")?).await?;
    /// let error = store.commit(lease("two")?).await.expect_err("one has it");
    /// let conflict = error.conflict().expect("that is why");
    /// assert_eq!(conflict.current.as_ref().unwrap().value.as_text(), Some("one"));
    /// # Ok(())
    /// # }
    /// ```
    async fn commit(&self, txn: Txn) -> Result<Committed>;

    /// Renews the time to live of an existing entry, with `ttl` or with its current one, without a commit or a log
    /// line. Fails with [`StoreError::NotFound`] if there is no entry, and with [`StoreError::NoTtl`] if it has no
    /// time to live and none is given.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let client = discfg::Client::builder().config("demo").local(folder.path()).open().await?;
    /// # let store = client.store(discfg::model::Access::Write).await?;
    /// client.set_for("/lease", "me", "30s".parse()?).await?;
    /// let touched = store.touch(&"/lease".parse()?, Some("1h".parse()?)).await?;
    /// assert_eq!((touched.ttl.unwrap().seconds(), touched.version), (3600, 1));
    /// # Ok(())
    /// # }
    /// ```
    async fn touch(&self, key: &Key, ttl: Option<Ttl>) -> Result<Entry>;

    /// Removes the old values of a key from the log: what is left of each says that it was purged, when it had been written
    /// and by whom. The value of the key's current entry stays, and no revision is added.
    ///
    /// A key that expired, and whose entry is still stored, loses that, too. What was interrupted is finished by the next
    /// purge. Copies outside of the log are not reached: backups, exports, and the log of another key with that value.
    ///
    /// Fails with
    /// - [`StoreError::NotFound`] if the key has no entry and no history,
    /// - [`StoreError::PurgeTooSoon`] if the key changed less than [`PURGE_AFTER`] ago, by the store's clock.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let client = discfg::Client::builder().config("demo").local(folder.path()).open().await?;
    /// # let store = client.store(discfg::model::Access::Write).await?;
    /// use discfg::store::StoreError;
    ///
    /// client.set("/db/password", "hunter2").await?;
    /// let purged = store.purge(&"/db/password".parse()?).await?;
    /// assert_eq!(purged.lines, 0, "the current value stays");
    /// client.set("/db/password", "hunter3").await?;
    /// let error = store.purge(&"/db/password".parse()?).await.expect_err("it changed just now");
    /// assert!(matches!(error, StoreError::PurgeTooSoon { wait: 1..=120, .. }));
    /// # Ok(())
    /// # }
    /// ```
    async fn purge(&self, key: &Key) -> Result<Purged>;

    /// Returns the status of the backend.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let client = discfg::Client::builder().config("demo").local(folder.path()).open().await?;
    /// # let store = client.store(discfg::model::Access::Write).await?;
    /// use discfg::model::StoreStatus;
    ///
    /// client.set("/greeting", "hello").await?;
    /// assert_eq!(store.status().await?, StoreStatus::Ok);
    /// # Ok(())
    /// # }
    /// ```
    async fn status(&self) -> Result<StoreStatus>;

    /// Returns the keys that encrypt the config's secrets. An engine stores and returns secrets encrypted; use
    /// [`StoreExt::write`] and [`StoreExt::reveal`] for their values.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let client = discfg::Client::builder().config("demo").local(folder.path()).open().await?;
    /// # let store = client.store(discfg::model::Access::Write).await?;
    /// assert_eq!(store.data_keys().config(), "demo");
    /// # Ok(())
    /// # }
    /// ```
    fn data_keys(&self) -> &dyn DataKeys;
}
