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
/// An expired entry is absent from every answer, by the store's clock.
///
/// Who may write one section can put anything there. A reading that meets what discfg doesn't write fails with
/// [`StoreError::Corrupt`], which names the section, and goes on without it where it is one of `except`.
#[async_trait]
pub trait Store: Send + Sync {
    /// The entry of that key, if there is one.
    async fn get(&self, key: &Key, read: Consistency) -> Result<Option<Entry>>;

    /// What lies in `scope`, in the byte order of keys, where a folder counts with its trailing slash.
    fn list(&self, scope: &Scope, read: Consistency) -> BoxStream<'_, Result<Listed>>;

    /// The entries below these prefixes as they were together at one moment, whole commits only, and the heads
    /// of that moment.
    async fn snapshot(&self, prefixes: &[Prefix]) -> Result<Snapshot> {
        self.snapshot_except(prefixes, &[]).await
    }

    /// The same without these sections.
    async fn snapshot_except(&self, prefixes: &[Prefix], except: &[Section]) -> Result<Snapshot>;

    /// The entries of such a snapshot one at a time, for an engine that needn't hold them all. In the order of the
    /// prefixes, and below each by key.
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
    async fn heads(&self, of: Heads) -> Result<Vec<Head>>;

    /// Waits until a head has moved beyond the cursor and gives the heads that have; none at the deadline.
    async fn wait(&self, cursor: &Cursor, deadline: Deadline) -> Result<Vec<Head>>;

    /// The section's log after that revision, in order, whole revisions only.
    ///
    /// Fails with [`StoreError::Compacted`] where lines after `after` are no longer there.
    fn changes(&self, section: &Section, after: Revision) -> BoxStream<'_, Result<Change>>;

    /// The log of one key, newest first, strictly before `before` where it is given.
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
    async fn commit(&self, txn: Txn) -> Result<Committed>;

    /// Renews the time to live of an entry that is there: with `ttl`, or with the one it has. No commit and no
    /// log line. Fails with [`StoreError::NotFound`] where the entry is absent, and with [`StoreError::NoTtl`]
    /// where it has none and none is given.
    async fn touch(&self, key: &Key, ttl: Option<Ttl>) -> Result<Entry>;

    /// The status of what holds the data.
    async fn status(&self) -> Result<StoreStatus>;

    /// What encrypts the config's secrets. An engine stores and gives them as they are encrypted:
    /// [`StoreExt::write`] and [`StoreExt::reveal`] are for their values.
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
