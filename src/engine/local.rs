//! The embedded engine: each config is an SQLite file that many processes may have open at once.
//!
//! A point read (`get`, `heads`) runs where it is called: it takes microseconds and waits for no writer, so that
//! a process which does nothing else starts no thread. What waits for a lock or the disk, or grows with the data,
//! runs on tokio's blocking threads and holds up no server.
//!
//! SQLite's own guarantees carry the promises of the store: a commit is one `BEGIN IMMEDIATE` transaction in a
//! write-ahead log that is synced before the commit is answered, and a snapshot is one read transaction. Commits of one
//! handle that wait for each other share one, and its sync.

mod backfill;
mod commit_clock;
mod data_file;
mod file_error;
mod key_file;
mod layout;
mod list;
mod log;
mod open_mode;
mod purge;
mod read;
mod rows;
mod turn;
mod write;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use async_stream::try_stream;
use async_trait::async_trait;
use futures::StreamExt as _;
use futures::stream::BoxStream;
use rusqlite::Connection;
use tokio::sync::mpsc::channel;
use tokio::sync::oneshot;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use super::queue::Queue;
use crate::model::{
    Change, Clock, ConfigName, Entry, Head, Key, Prefix, Revision, Section, Span, StoreStatus, Ttl,
};
use crate::store::{
    Admin, Committed, Consistency, Cursor, DataKeys, Deadline, Heads, Listed, Meta, Purged, Result, Scope,
    Snapshot, Store, StoreError, Txn,
};
use data_file::DataFile;
use key_file::KeyFile;
pub use open_mode::OpenMode;
use turn::{PendingWrite, WriteJob};

/// How many entries, or bytes of values, of a snapshot pass from the thread that reads them at a time.
const BATCH_ENTRIES: usize = 512;
const BATCH_BYTES: usize = 1024 * 1024;

/// A config's file, open.
pub struct LocalEngine {
    file: Arc<DataFile>,
    keys: KeyFile,
    waiting: Arc<Queue<(), WriteJob>>,
}

impl LocalEngine {
    /// The file of `config` in a data folder.
    pub fn path_in(data_dir: &Path, config: &ConfigName) -> PathBuf {
        data_dir.join(format!("{config}.db"))
    }

    /// Where the key is that hides the secrets of the file at `path`. It is created with the first of them.
    pub fn key_path_of(path: &Path) -> PathBuf {
        key_file::path_beside(path)
    }

    /// The files that the config at `path` may have, in the order in which they are safe to delete: what SQLite puts next
    /// to the data, the data, and the key of its secrets. Data without its key is lost, a key without data is harmless.
    pub fn files_of(path: &Path) -> Vec<PathBuf> {
        let beside = data_file::BESIDE.map(|end| {
            let mut name = path.as_os_str().to_owned();
            name.push(end);
            PathBuf::from(name)
        });
        let mut files = Vec::from(beside);
        files.extend([path.to_owned(), Self::key_path_of(path)]);
        files
    }

    /// Fails where the file at `path`, or the one in the place of its key, is another program's, and not to be deleted.
    pub fn check_owner(path: &Path) -> Result<()> {
        if path.exists() {
            DataFile::check_owner(path)?;
        }
        key_file::check_owner(&Self::key_path_of(path))
    }

    /// The bytes that these files have together.
    pub fn bytes_of(path: &Path) -> u64 {
        let bytes = |file| fs::metadata(file).map_or(0, |file| file.len());
        Self::files_of(path).into_iter().map(bytes).sum()
    }

    /// Opens the file at `path`, which goes by `clock` and writes down `by` as the writer. Must be called within
    /// a tokio runtime only where the engine is used in one; the call itself takes well under a millisecond.
    ///
    /// Fails with
    /// - [`StoreError::NoConfig`] where no file is there, or one that was never finished,
    /// - [`StoreError::Corrupt`] where it isn't a file of discfg's, or is damaged,
    /// - [`StoreError::Layout`] where a newer discfg wrote it,
    /// - [`StoreError::File`] where it, or its folder, can't be used.
    pub fn open(path: &Path, mode: OpenMode, clock: Arc<dyn Clock>, by: impl Into<String>) -> Result<Self> {
        let file = Arc::new(DataFile::open(path, mode, clock, by.into())?);
        let keys = KeyFile::beside(path, Arc::clone(&file), mode != OpenMode::Read);
        Ok(Self {
            file,
            keys,
            waiting: Queue::new(),
        })
    }

    /// The first fault that SQLite finds in the file, if it finds one. It reads the whole file.
    pub async fn integrity_fault(&self) -> Result<Option<String>> {
        self.read(|_, connection| {
            let found: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
            Ok(Some(found).filter(|found| found != "ok"))
        })
        .await
    }

    /// Reads on a blocking thread.
    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&DataFile, &Connection) -> Result<T, file_error::FileError> + Send + 'static,
    ) -> Result<T> {
        let file = Arc::clone(&self.file);
        joined(spawn_blocking(move || file.read(|connection| read(&file, connection))).await)
    }

    /// Writes when it is the turn of what waits, all together, on a blocking thread. A write goes on to its end where
    /// its caller stops waiting. None where the thread ended before.
    async fn in_turn<T>(
        &self,
        job: impl FnOnce(oneshot::Sender<Result<T>>) -> WriteJob,
    ) -> Option<Result<T>> {
        let (answer, answered) = oneshot::channel();
        self.waiting.enter(turn::claims(), job(answer));
        if let Some(turn) = turn::start(&self.waiting) {
            let (file, waiting) = (Arc::clone(&self.file), Arc::clone(&self.waiting));
            spawn_blocking(move || turn::serve(&file, &waiting, turn));
        }
        answered.await.ok()
    }

    /// Writes on a blocking thread. A write goes on to its end where its caller stops waiting.
    async fn write<T: Send + 'static>(
        &self,
        write: impl FnOnce(&DataFile, &mut Connection) -> Result<T, file_error::FileError> + Send + 'static,
    ) -> Result<T> {
        let file = Arc::clone(&self.file);
        joined(spawn_blocking(move || file.write(|connection| write(&file, connection))).await)
    }
}

fn joined<T>(ended: Result<Result<T>, tokio::task::JoinError>) -> Result<T> {
    ended.unwrap_or_else(|error| {
        Err(StoreError::Other {
            what: "a background thread".into(),
            source: Some(error.into()),
        })
    })
}

impl LocalEngine {
    /// The log of a section, or of one key in it, newest first.
    fn read_history(
        &self,
        section: Section,
        key: Option<Key>,
        before: Option<Revision>,
    ) -> BoxStream<'_, Result<Change>> {
        try_stream! {
            let mut before = before.unwrap_or(Revision::new(u64::MAX));
            loop {
                let (section, key) = (section.clone(), key.clone());
                let page = self
                    .read(move |file, connection| {
                        log::history_page(connection, (&section, key.as_ref()), before, file.now())
                    })
                    .await?;
                let Some(last) = page.last() else { break };
                before = last.revision;
                for change in page {
                    yield change;
                }
            }
        }
        .boxed()
    }
}

#[async_trait]
impl Store for LocalEngine {
    async fn get(&self, key: &Key, _read: Consistency) -> Result<Option<Entry>> {
        let entry = self.file.read(|connection| read::entry(connection, key))?;
        let now = self.file.now();
        Ok(entry.filter(|entry| entry.is_live(now)))
    }

    fn list(&self, scope: &Scope, _read: Consistency) -> BoxStream<'_, Result<Listed>> {
        let scope = scope.clone();
        try_stream! {
            let mut position = Some(list::ListPosition::first(scope));
            while let Some(from) = position.take() {
                let (page, next) = self
                    .read(move |file, connection| list::page(connection, from, file.now()))
                    .await?;
                position = next;
                for item in page {
                    yield item;
                }
            }
        }
        .boxed()
    }

    async fn snapshot_except(&self, prefixes: &[Prefix], except: &[Section]) -> Result<Snapshot> {
        let wanted = read::SnapshotSelection {
            prefixes: prefixes.to_vec(),
            except: except.to_vec(),
        };
        self.read(move |file, connection| read::snapshot(connection, &wanted, file.now()))
            .await
    }

    fn snapshot_stream(&self, prefixes: &[Prefix], except: &[Section]) -> BoxStream<'_, Result<Entry>> {
        let wanted = read::SnapshotSelection {
            prefixes: prefixes.to_vec(),
            except: except.to_vec(),
        };
        try_stream! {
            let (give, mut given) = channel(1);
            let file = Arc::clone(&self.file);
            let reading = spawn_blocking(move || {
                file.read(|connection| {
                    let (mut batch, mut bytes) = (Vec::new(), 0);
                    read::snapshot_entries(connection, &wanted, file.now(), |entry| {
                        bytes += entry.value.len();
                        batch.push(entry);
                        if batch.len() < BATCH_ENTRIES && bytes < BATCH_BYTES {
                            return true;
                        }
                        bytes = 0;
                        // It fails, and reading stops, when nobody takes any more.
                        give.blocking_send(std::mem::take(&mut batch)).is_ok()
                    })?;
                    drop(give.blocking_send(batch));
                    Ok::<_, file_error::FileError>(())
                })
            });
            while let Some(batch) = given.recv().await {
                for entry in batch {
                    yield entry;
                }
            }
            joined(reading.await)?;
        }
        .boxed()
    }

    async fn heads(&self, of: Heads) -> Result<Vec<Head>> {
        self.file.read(|connection| read::heads(connection, &of))
    }

    async fn wait(&self, cursor: &Cursor, deadline: Deadline) -> Result<Vec<Head>> {
        let began = Instant::now();
        let of = cursor.heads();
        let interval = Span::bounded(deadline.interval);
        loop {
            let mut heads = self.file.read(|connection| read::heads(connection, &of))?;
            heads.retain(|head| head.revision > cursor.seen.get(&head.section).copied().unwrap_or_default());
            let left = deadline.within.saturating_sub(began.elapsed());
            if !heads.is_empty() || left.is_zero() {
                return Ok(heads);
            }
            if left <= interval {
                sleep(left).await;
                return Ok(Vec::new());
            }
            sleep(interval).await;
        }
    }

    fn changes(&self, section: &Section, after: Revision) -> BoxStream<'_, Result<Change>> {
        let section = section.clone();
        try_stream! {
            let mut seen = after;
            loop {
                let section = section.clone();
                let page = self
                    .read(move |file, connection| log::changes_page(connection, section, seen, file.now()))
                    .await?;
                let Some(last) = page.last() else { break };
                seen = last.revision;
                for change in page {
                    yield change;
                }
            }
        }
        .boxed()
    }

    fn history(&self, key: &Key, before: Option<Revision>) -> BoxStream<'_, Result<Change>> {
        self.read_history(key.section(), Some(key.clone()), before)
    }

    fn section_history(&self, section: &Section, before: Option<Revision>) -> BoxStream<'_, Result<Change>> {
        self.read_history(section.clone(), None, before)
    }

    async fn commit(&self, txn: Txn) -> Result<Committed> {
        let commit = txn.id.clone();
        let committed = self
            .in_turn(|answer| WriteJob::Commit(PendingWrite::new(txn, answer)))
            .await;
        committed.unwrap_or(Err(StoreError::OutcomeUnknown { commit, source: None }))
    }

    async fn touch(&self, key: &Key, ttl: Option<Ttl>) -> Result<Entry> {
        let key = key.clone();
        let renewed = self.in_turn(|answer| WriteJob::Touch(PendingWrite::new((key, ttl), answer)));
        renewed.await.unwrap_or_else(|| {
            Err(StoreError::Other {
                what: "the writer thread".into(),
                source: None,
            })
        })
    }

    async fn purge(&self, key: &Key) -> Result<Purged> {
        let key = key.clone();
        let purged = self
            .write(move |file, connection| {
                let purged = purge::purge(file, connection, &key)?;
                purge::erase(connection)?;
                Ok(purged)
            })
            .await?;
        Ok(purged)
    }

    async fn status(&self) -> Result<StoreStatus> {
        self.file.read(layout::layout)?;
        Ok(StoreStatus::Ok)
    }

    fn data_keys(&self) -> &dyn DataKeys {
        &self.keys
    }
}

#[async_trait]
impl Admin for LocalEngine {
    async fn meta(&self) -> Result<Option<Meta>> {
        self.file.read(read::meta)
    }

    async fn write_meta(&self, meta: Meta) -> Result<()> {
        self.write(move |file, connection| write::meta(file, connection, meta))
            .await
    }

    /// Nothing to do: who may write the file may write every section of it.
    async fn register(&self, _sections: &[Section]) -> Result<()> {
        Ok(())
    }
}
