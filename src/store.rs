//! The trait that every engine implements, and what it speaks of.

mod cause;
#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
mod data_key;
mod decide;
mod error;
mod ext;
mod limit;
mod listing;
mod past_entries;
mod repeated_commit;
mod seal;
mod snapshot;
mod txn;
mod unreadable_sections;
mod watch;

use std::collections::BTreeMap;
use std::time::Duration;

use async_stream::try_stream;
use async_trait::async_trait;
use futures::StreamExt as _;
use futures::stream::BoxStream;

pub use cause::Cause;
pub use data_key::{DataKey, DataKeys};
pub use decide::{CommitState, Decision, HeadMove, decide};
pub use error::{Conflict, Result, StoreError};
pub use ext::StoreExt;
pub use limit::Limit;
pub use listing::{Listed, Scope};
pub use past_entries::PastEntries;
pub use snapshot::{Digest, Digester, Snapshot};
pub use txn::{AppliedChange, Committed, Txn};
pub use unreadable_sections::UnreadableSections;
pub(crate) use watch::{AfterLog, Taken, WatchMachine};

use crate::model::{Change, Entry, Head, Key, Prefix, Revision, Section, StoreStatus, Ttl};

/// How fresh a read must be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Consistency {
    /// It sees every commit that was answered before it began.
    #[default]
    Strong,
    /// It may miss the latest commits; on DynamoDB at half the price.
    Eventual,
}

/// Which heads to read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Heads {
    /// Those of every section that is registered.
    All,
    /// Those of every section that is registered but these.
    AllBut(Vec<Section>),
    /// Those of these sections; a section without a head is left out.
    Of(Vec<Section>),
}

/// How far a watcher has seen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Cursor {
    /// The last revision seen of each section.
    pub seen: BTreeMap<Section, Revision>,
    /// Whether sections that aren't in `seen` count too, from their beginning.
    pub whole: bool,
    /// Sections that don't count.
    pub except: Vec<Section>,
}

impl Cursor {
    /// Which heads may have moved beyond it.
    pub fn heads(&self) -> Heads {
        if self.whole {
            return Heads::AllBut(self.except.clone());
        }
        let seen = self.seen.keys().filter(|section| !self.except.contains(section));
        Heads::Of(seen.cloned().collect())
    }
}

/// How long [`Store::wait`] may wait, and how often an engine that polls looks meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadline {
    /// The longest wait; the answer is empty where nothing has moved by then.
    pub within: Duration,
    /// The pause between two looks of an engine that polls. It looks at the beginning, and not once more where no
    /// whole pause is left: a wait of one interval costs one look.
    pub interval: Duration,
}

/// A config's own settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meta {
    /// The layout of the items. This version knows layout 1.
    pub layout: u32,
    /// How many days a log line is kept, at least 1.
    pub history_days: u32,
}

impl Meta {
    /// The layout that this version reads and writes.
    pub const LAYOUT: u32 = 1;
}

impl Default for Meta {
    /// What holds for a config without settings of its own: layout 1, 30 days.
    fn default() -> Self {
        Self {
            layout: Self::LAYOUT,
            history_days: 30,
        }
    }
}

/// A config's data, wherever it lives. Every engine passes the suite `store::conformance` (feature
/// `conformance`).
///
/// An expired entry is absent from every answer, by the store's clock. Between a [`snapshot`](Self::snapshot) and the
/// [`changes`](Self::changes) after its heads there is no gap: that is how to read first and follow then, as
/// [`ops::watch`](crate::ops::watch) does from [`Start::Snapshot`](crate::ops::Start::Snapshot).
///
/// An implementation is marked `#[discfg::async_trait]`.
///
/// Who may write one section can put anything there. A reading that meets what discfg doesn't write fails with
/// [`StoreError::Corrupt`], which names the section, and goes on without it where it is one of `except`.
#[async_trait]
pub trait Store: Send + Sync {
    /// The entry of that key, if there is one.
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

    /// What lies in `scope`, in the byte order of keys, where a folder counts with its trailing slash.
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

    /// The entries below these prefixes as they were together at one moment, whole commits only, and the heads
    /// of that moment.
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

    /// The same without these sections.
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

    /// The entries of such a snapshot one at a time, for an engine that needn't hold them all. In the order of the
    /// prefixes, and below each by key.
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

    /// Where sections stand, strongly consistent, ordered by section.
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

    /// Waits until a head has moved beyond the cursor and gives the heads that have; none at the deadline.
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

    /// The section's log after that revision, in order, whole revisions only.
    ///
    /// Fails with [`StoreError::Compacted`] where lines after `after` are no longer there.
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
    /// let replaced = changes[0].replaced().expect("it was there");
    /// assert_eq!(replaced.value.as_text(), Some("postgres://a"));
    /// # Ok(())
    /// # }
    /// ```
    fn changes(&self, section: &Section, after: Revision) -> BoxStream<'_, Result<Change>>;

    /// The log of one key, newest first, strictly before `before` where it is given.
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

    /// Makes all changes or none, exactly once, if all guards hold.
    ///
    /// Nothing is written where it fails, but for [`StoreError::OutcomeUnknown`]. It fails with
    /// - [`StoreError::Conflict`] where a guard doesn't hold,
    /// - [`StoreError::Twice`] where a key is changed twice, [`StoreError::Limit`] above 100 actions or 4 MB,
    /// - [`StoreError::Unsealed`] where a key holds a secret, or is to, and its new value isn't sealed, and
    ///   [`StoreError::GuardOnSecret`] where a guard asks for the value of one,
    /// - [`StoreError::IdReused`] where its id is that of a recorded commit of other changes,
    /// - [`StoreError::Layout`] where [`Meta::layout`] is newer than [`Meta::LAYOUT`]: another version knows better.
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

    /// Renews the time to live of an entry that is there: with `ttl`, or with the one it has. No commit and no
    /// log line. Fails with [`StoreError::NotFound`] where the entry is absent, and with [`StoreError::NoTtl`]
    /// where it has none and none is given.
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

    /// The status of what holds the data.
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

    /// What encrypts the config's secrets. An engine stores and gives them as they are encrypted:
    /// [`StoreExt::write`] and [`StoreExt::reveal`] are for their values.
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

/// What provisioning alone does, with the deployer's own credentials.
#[async_trait]
pub trait Admin: Send + Sync {
    /// The config's settings as they are stored, if any are.
    async fn meta(&self) -> Result<Option<Meta>>;

    /// Stores the config's settings.
    async fn write_meta(&self, meta: Meta) -> Result<()>;

    /// Makes the sections known, so that a writer who may write nothing else can commit to them. What is
    /// registered already stays as it is.
    async fn register(&self, sections: &[Section]) -> Result<()>;
}
