//! The engine on DynamoDB: one table per config, whose layout `items.rs` shows.

mod admin;
mod commit;
mod commit_job;
mod failure;
mod grant;
mod item;
mod item_reader;
mod items;
mod list;
mod log;
mod protocol;
mod purge;
mod read;
mod send;
mod snapshot;
mod store_time;
mod tables;
mod transaction;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
pub use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{ConsumedCapacity, ReturnConsumedCapacity};
use futures::stream::BoxStream;

use self::commit_job::CommitJob;
use self::store_time::{KnownTime, StoreTime};
pub use self::tables::configs;
use super::kms::Kms;
use super::queue::Queue;
use crate::aws::Meter;
use crate::model::{
    Access, Change, Clock, ConfigName, Entry, GrantName, Head, Key, Prefix, Revision, Section, StoreStatus,
    SystemClock, Timestamp, Ttl,
};
use crate::store::{
    Committed, Consistency, Cursor, DataKeys, Deadline, Heads, Listed, Purged, Result, Scope, Snapshot,
    Store, Txn,
};

/// How to open a config's table.
#[derive(Clone)]
pub struct DynamoDbOptions {
    /// The config.
    pub config: ConfigName,
    /// Where the table is, and the credentials for it.
    pub sdk: SdkConfig,
    /// Who is written down as the writer.
    pub by: String,
    /// The time; none for the time in DynamoDB's answers, so that a machine whose clock is wrong can't take a
    /// lock that is held.
    pub clock: Option<Arc<dyn Clock>>,
    /// Whether the writer may write the section list. A scoped writer may not.
    pub registers_sections: bool,
    /// Where consumed capacity is counted, if it is counted.
    pub capacity: Option<Meter>,
    /// How long a commit is tried while the table is throttled or others change the same, from when it came.
    pub patience: Duration,
}

impl DynamoDbOptions {
    /// Options of a caller without a name that doesn't write the section list: commits are tried for
    /// [`DynamoDb::PATIENCE`].
    pub fn new(config: ConfigName, sdk: SdkConfig) -> Self {
        Self {
            config,
            sdk,
            by: String::new(),
            clock: None,
            registers_sections: false,
            capacity: None,
            patience: DynamoDb::PATIENCE,
        }
    }
}

/// A config's table. A clone is the same handle: commits of both that wait for the same sections go together.
///
/// Commits run in a task of their own, on the runtime of the first to commit: one whose caller stops waiting
/// goes on to its end.
#[derive(Clone)]
pub struct DynamoDb {
    client: Client,
    table: String,
    keys: Arc<Kms>,
    options: Arc<DynamoDbOptions>,
    /// The grant whose role is used, if it is one's.
    grant: Option<GrantName>,
    /// The store's time, as the last answer gave it.
    store_time: Arc<Mutex<Option<StoreTime>>>,
    /// The commits that wait.
    waiting: Arc<Queue<Section, CommitJob>>,
}

impl DynamoDb {
    /// How long a commit is tried where nobody waits for it with a limit of their own.
    pub const PATIENCE: Duration = Duration::from_secs(30);

    /// Opens the table. No request is sent.
    pub fn new(options: DynamoDbOptions) -> Self {
        Self {
            client: Client::new(&options.sdk),
            table: options.config.table_name(),
            keys: Arc::new(Kms::new(options.sdk.clone(), &options.config)),
            options: Arc::new(options),
            grant: None,
            store_time: Arc::default(),
            waiting: Queue::new(),
        }
    }

    /// The same in the role of a grant: "everything" means the grant's sections then.
    #[must_use]
    pub fn under(self, grant: GrantName) -> Self {
        Self {
            grant: Some(grant),
            ..self
        }
    }

    /// The time of an answer that bore `date`.
    fn time_of(&self, date: Option<Timestamp>) -> Timestamp {
        if let Some(clock) = &self.options.clock {
            return clock.now();
        }
        if let Some(date) = date {
            *self.lock_time() = Some(StoreTime::new(date));
        }
        date.unwrap_or_else(|| self.now())
    }

    /// The store's time, where an answer gave it a short while ago.
    fn known_now(&self) -> Option<KnownTime> {
        match &self.options.clock {
            Some(clock) => Some(clock.now().into()),
            None => self.lock_time().as_ref().and_then(StoreTime::now),
        }
    }

    /// The store's time, or this machine's where no answer gave it: for what no guard or lock depends on.
    fn now(&self) -> Timestamp {
        self.known_now()
            .map_or_else(|| SystemClock.now(), |known| known.earliest)
    }

    // Nothing is left half done in between.
    fn lock_time(&self) -> MutexGuard<'_, Option<StoreTime>> {
        self.store_time.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wants_capacity(&self) -> Option<ReturnConsumedCapacity> {
        self.options
            .capacity
            .as_ref()
            .map(|_| ReturnConsumedCapacity::Total)
    }

    fn count_read<'c>(&self, capacity: impl IntoIterator<Item = &'c ConsumedCapacity>) {
        if let Some(meter) = &self.options.capacity {
            capacity
                .into_iter()
                .for_each(|c| meter.consume(c.capacity_units().unwrap_or_default(), 0.0));
        }
    }

    fn count_write<'c>(&self, capacity: impl IntoIterator<Item = &'c ConsumedCapacity>) {
        if let Some(meter) = &self.options.capacity {
            capacity
                .into_iter()
                .for_each(|c| meter.consume(0.0, c.capacity_units().unwrap_or_default()));
        }
    }

    /// Counts a cancelled transaction, which DynamoDB charges for and doesn't report.
    fn count_cancelled(&self, write_units: f64) {
        if let Some(meter) = &self.options.capacity {
            meter.cancel(write_units);
        }
    }
}

#[async_trait]
impl Store for DynamoDb {
    async fn get(&self, key: &Key, read: Consistency) -> Result<Option<Entry>> {
        let found = self.read_entry(key, read).await;
        self.explain_denial(found, &[key.section()], Access::Read).await
    }

    async fn get_many(&self, keys: &BTreeSet<Key>, read: Consistency) -> Result<BTreeMap<Key, Entry>> {
        let sections: BTreeSet<Section> = keys.iter().map(Key::section).collect();
        let found = self.read_entries(keys, read).await;
        self.explain_denial(found, &Vec::from_iter(sections), Access::Read)
            .await
    }

    fn list(&self, scope: &Scope, read: Consistency) -> BoxStream<'_, Result<Listed>> {
        let asked = scope.prefix.section().into_iter().collect();
        self.explain_denials(self.list_scope(scope.clone(), read), asked)
    }

    async fn snapshot_except(&self, prefixes: &[Prefix], except: &[Section]) -> Result<Snapshot> {
        let asked: Vec<Section> = prefixes.iter().filter_map(Prefix::section).collect();
        let snapshot = self.read_snapshot(prefixes, except).await;
        self.explain_denial(snapshot, &asked, Access::Read).await
    }

    async fn heads(&self, of: Heads) -> Result<Vec<Head>> {
        let asked = match &of {
            Heads::All | Heads::AllBut(_) => Vec::new(),
            Heads::Of(sections) => sections.clone(),
        };
        let heads = self.read_heads(of, Consistency::Strong).await;
        self.explain_denial(heads, &asked, Access::Read).await
    }

    async fn wait(&self, cursor: &Cursor, deadline: Deadline) -> Result<Vec<Head>> {
        let asked: Vec<Section> = cursor.seen.keys().cloned().collect();
        let heads = self.wait_for_heads(cursor, deadline).await;
        self.explain_denial(heads, &asked, Access::Read).await
    }

    fn changes(&self, section: &Section, after: Revision) -> BoxStream<'_, Result<Change>> {
        self.explain_denials(self.read_changes(section.clone(), after), vec![section.clone()])
    }

    fn history(&self, key: &Key, before: Option<Revision>) -> BoxStream<'_, Result<Change>> {
        let section = key.section();
        let lines = self.read_history(section.clone(), Some(key.clone()), before);
        self.explain_denials(lines, vec![section])
    }

    fn section_history(&self, section: &Section, before: Option<Revision>) -> BoxStream<'_, Result<Change>> {
        let lines = self.read_history(section.clone(), None, before);
        self.explain_denials(lines, vec![section.clone()])
    }

    async fn commit(&self, txn: Txn) -> Result<Committed> {
        let sections = txn.sections();
        let committed = self.commit_in_turn(txn).await;
        self.explain_denial(committed, &sections, Access::Write).await
    }

    async fn touch(&self, key: &Key, ttl: Option<Ttl>) -> Result<Entry> {
        let renewed = self.renew(key, ttl).await;
        self.explain_denial(renewed, &[key.section()], Access::Write)
            .await
    }

    async fn purge(&self, key: &Key) -> Result<Purged> {
        let purged = self.purge_key(key).await;
        self.explain_denial(purged, &[key.section()], Access::Write).await
    }

    async fn status(&self) -> Result<StoreStatus> {
        let request = self.client.describe_table().table_name(&self.table).send().await;
        let answer = request.map_err(|error| self.failure("DescribeTable", None, &error))?;
        let status = answer.table.and_then(|table| table.table_status);
        Ok(status.map_or(StoreStatus::Unknown, |status| {
            StoreStatus::from_word(&status.as_str().to_lowercase())
        }))
    }

    fn data_keys(&self) -> &dyn DataKeys {
        &*self.keys
    }
}
