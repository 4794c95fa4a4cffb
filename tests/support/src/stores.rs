//! Stores for tests of what stands on them: an engine each, and a store between that impairs what an engine answers.

use std::sync::Arc;

use async_trait::async_trait;
use discfg::engine::dynamodb::{DynamoDb, DynamoDbOptions};
use discfg::engine::local::{LocalEngine, OpenMode};
use discfg::model::{
    Change, Clock, Encoding, Entry, Head, Key, Mutation, Prefix, Revision, Section, StoreStatus, SystemClock,
    Ttl, Value,
};
use discfg::store::{
    Committed, Consistency, Cursor, DataKeys, Deadline, Heads, Listed, Purged, Result, Scope, Snapshot,
    Store, StoreError, Txn,
};
use futures::stream::{self, BoxStream, StreamExt as _};
use tempfile::TempDir;
use tokio::sync::Semaphore;

use super::account::Account;
use super::config::{ALIAS, CONFIG, TABLE};
use super::emulator::Emulator;

/// A new config on the embedded engine, in a folder that goes with it.
pub fn embedded_store(clock: Option<Arc<dyn Clock>>) -> (TempDir, Arc<dyn Store>) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let clock = clock.unwrap_or_else(|| Arc::new(SystemClock));
    let path = folder.path().join(format!("{CONFIG}.db"));
    let engine = LocalEngine::open(&path, OpenMode::Create, clock, "tester").expect("a new file");
    (folder, Arc::new(engine))
}

/// A new table in an account of its own, with the store on it.
pub fn table_store(clock: Option<Arc<dyn Clock>>) -> (Account, Arc<dyn Store>) {
    let account = Emulator::shared().account();
    account.create_table(TABLE);
    account.create_key(ALIAS);
    let store = store_at(&account, &account.url(), clock);
    (account, store)
}

/// The store on an account's table, reached at `url`.
pub fn store_at(account: &Account, url: &str, clock: Option<Arc<dyn Clock>>) -> Arc<dyn Store> {
    Arc::new(DynamoDb::new(DynamoDbOptions {
        by: "tester".into(),
        clock,
        registers_sections: true,
        ..DynamoDbOptions::new(
            CONFIG.parse().expect("a config name"),
            Account::sdk(url, &account.root()),
        )
    }))
}

/// Sets these keys in one commit.
pub async fn set_all(store: &dyn Store, keys: &[(&str, &str)]) -> Committed {
    let changes = keys.iter().map(|(key, value)| {
        let value = Value::new(*value, Encoding::Detect).expect("a value");
        Mutation::set(key.parse().expect("a key"), value)
    });
    store
        .commit(Txn::new(changes.collect()))
        .await
        .expect("a commit without guards")
}

type Lines = dyn Fn(&Section, Vec<Change>) -> Vec<Change> + Send + Sync;
type Fault = dyn Fn() -> bool + Send + Sync;

/// A store whose log shows what `lines` makes of it, and that can't be reached where `fault` says so.
pub struct Impaired {
    inner: Arc<dyn Store>,
    lines: Box<Lines>,
    fault: Box<Fault>,
    gate: Option<Arc<Semaphore>>,
}

impl Impaired {
    pub fn of(inner: Arc<dyn Store>) -> Self {
        Self {
            inner,
            lines: Box::new(|_, lines| lines),
            fault: Box::new(|| false),
            gate: None,
        }
    }

    /// What becomes of the lines that the engine gives. They needn't be whole revisions then.
    pub fn lines(self, lines: impl Fn(&Section, Vec<Change>) -> Vec<Change> + Send + Sync + 'static) -> Self {
        Self {
            lines: Box::new(lines),
            ..self
        }
    }

    /// Asked before each answer, and before each line of the log.
    pub fn fault(self, fault: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        Self {
            fault: Box::new(fault),
            ..self
        }
    }

    /// Each read of an entry and each commit takes one of its permits, and waits until there is one.
    pub fn gate(self, gate: Arc<Semaphore>) -> Self {
        Self {
            gate: Some(gate),
            ..self
        }
    }

    async fn pass(&self) {
        if let Some(gate) = &self.gate {
            gate.acquire().await.expect("nobody closes it").forget();
        }
    }

    fn reach(&self) -> Result<()> {
        if (self.fault)() {
            return Err(StoreError::Unavailable {
                problem: "the network is down".into(),
                source: None,
            });
        }
        Ok(())
    }
}

#[async_trait]
impl Store for Impaired {
    async fn get(&self, key: &Key, read: Consistency) -> Result<Option<Entry>> {
        self.reach()?;
        self.pass().await;
        self.inner.get(key, read).await
    }

    fn list(&self, scope: &Scope, read: Consistency) -> BoxStream<'_, Result<Listed>> {
        self.inner.list(scope, read)
    }

    async fn snapshot_except(&self, prefixes: &[Prefix], except: &[Section]) -> Result<Snapshot> {
        self.reach()?;
        self.inner.snapshot_except(prefixes, except).await
    }

    async fn heads(&self, of: Heads) -> Result<Vec<Head>> {
        self.reach()?;
        self.inner.heads(of).await
    }

    async fn wait(&self, cursor: &Cursor, deadline: Deadline) -> Result<Vec<Head>> {
        self.reach()?;
        self.inner.wait(cursor, deadline).await
    }

    fn changes(&self, section: &Section, after: Revision) -> BoxStream<'_, Result<Change>> {
        let section = section.clone();
        stream::once(async move {
            let found: Vec<_> = self.inner.changes(&section, after).collect().await;
            let (mut lines, mut end) = (Vec::new(), Vec::new());
            for item in found {
                match item {
                    Ok(line) => lines.push(line),
                    Err(error) => end.push(Err(error)),
                }
            }
            // Asked as they are read: a fault that spoils a line ends the reading, and what is not read meets none.
            let shown = stream::iter((self.lines)(&section, lines));
            let shown = shown.map(|line| self.reach().map(|()| line));
            shown.chain(stream::iter(end))
        })
        .flatten()
        .boxed()
    }

    fn history(&self, key: &Key, before: Option<Revision>) -> BoxStream<'_, Result<Change>> {
        self.inner.history(key, before)
    }

    fn section_history(&self, section: &Section, before: Option<Revision>) -> BoxStream<'_, Result<Change>> {
        self.inner.section_history(section, before)
    }

    async fn commit(&self, txn: Txn) -> Result<Committed> {
        self.pass().await;
        self.inner.commit(txn).await
    }

    async fn touch(&self, key: &Key, ttl: Option<Ttl>) -> Result<Entry> {
        self.inner.touch(key, ttl).await
    }

    async fn purge(&self, key: &Key) -> Result<Purged> {
        self.inner.purge(key).await
    }

    async fn status(&self) -> Result<StoreStatus> {
        self.inner.status().await
    }

    fn data_keys(&self) -> &dyn DataKeys {
        self.inner.data_keys()
    }
}

/// Makes three tests of each function that takes a store: one an engine.
#[macro_export]
macro_rules! on_every_store {
    ($($name:ident),+ $(,)?) => {
        mod on_the_embedded_engine {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $name() {
                let (_folder, store) = $crate::stores::embedded_store(None);
                super::$name(store).await;
            })+
        }

        mod on_dynamodb {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $name() {
                let (_account, store) = $crate::stores::table_store(None);
                super::$name(store).await;
            })+
        }

        mod behind_an_api {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $name() {
                let (_folder, store) = $crate::stores::embedded_store(None);
                let server = $crate::api_server::ApiServer::over(store);
                super::$name(server.store()).await;
            })+
        }
    };
}
pub use crate::on_every_store;
