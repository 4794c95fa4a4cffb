use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use super::backfill::{FileBytes, backfill, data_version};
use super::file_error::{FileError, FileResult, LOCK_PATIENCE, of_io, unsound};
use super::layout::{FileOwner, begin, complete, is_complete, lay_out, owner};
use super::open_mode::OpenMode;
use crate::files::{Folder, Privacy};
use crate::model::{Clock, Timestamp};
use crate::store::{Meta, Result, StoreError};

/// The bytes of the write-ahead log from which on it is emptied. SQLite starts it over only at a moment without
/// readers, which under a server's may never come.
const LONGEST_LOG: u64 = 16 * 1024 * 1024;
/// How long writers wait then for those who read from it. Where it isn't enough, the log may grow by as much again.
const LOG_PATIENCE: Duration = Duration::from_millis(200);
/// The readers kept open when idle. More may be open at once.
const IDLE_READERS: usize = 4;

/// The ends of the names of the files that SQLite may create next to a file (SQLite documentation, "Temporary Files Used
/// By SQLite").
pub(super) const BESIDE: [&str; 3] = ["-wal", "-shm", "-journal"];

/// A config's file with its connections: one that writes, opened with the first write, and those that read.
pub(super) struct DataFile {
    path: PathBuf,
    folder: Folder,
    /// The device and the number of the file that is open. Another may come to have its name.
    identity: Option<(u64, u64)>,
    writable: bool,
    clock: Arc<dyn Clock>,
    by: String,
    writer: Mutex<Option<Connection>>,
    readers: Mutex<Vec<Connection>>,
    /// The [`data_version`] within the writer's last transaction, if it had one.
    last_commit: Mutex<Option<i64>>,
    /// The bytes of the write-ahead log at which it is to be emptied.
    log_bound: AtomicU64,
}

fn of_another(path: &Path) -> FileError {
    unsound(format!(
        "{} holds no config: it is another program's database",
        path.display()
    ))
}

impl DataFile {
    pub(super) fn open(path: &Path, mode: OpenMode, clock: Arc<dyn Clock>, by: String) -> Result<Self> {
        let mut file = Self {
            path: path.to_owned(),
            folder: Folder::named(path.parent().unwrap_or(path)),
            identity: None,
            writable: mode != OpenMode::Read,
            clock,
            by,
            writer: Mutex::new(None),
            readers: Mutex::new(Vec::new()),
            last_commit: Mutex::new(None),
            log_bound: AtomicU64::new(LONGEST_LOG),
        };
        if mode == OpenMode::Create {
            file.create()?;
        } else {
            file.check()?;
        }
        if file.writable {
            *lock(&file.writer) = Some(file.connect_writer()?);
        } else {
            lock(&file.readers).push(file.connect_reader()?);
        }
        file.identity = file.current_identity();
        Ok(file)
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(super) fn by(&self) -> &str {
        &self.by
    }

    /// Reads with a connection that no one else has meanwhile.
    pub(super) fn read<T, E: Into<FileError>>(
        &self,
        read: impl FnOnce(&Connection) -> std::result::Result<T, E>,
    ) -> Result<T> {
        self.check_identity()?;
        let idle = lock(&self.readers).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => self.connect_reader()?,
        };
        let outcome = read(&connection).map_err(|error| error.into().into_store_error(&self.path));
        let mut readers = lock(&self.readers);
        if readers.len() < IDLE_READERS {
            readers.push(connection);
        }
        outcome
    }

    /// Writes when all who came before have written.
    pub(super) fn write<T, E: Into<FileError>>(
        &self,
        write: impl FnOnce(&mut Connection) -> std::result::Result<T, E>,
    ) -> Result<T> {
        let mut writer = lock(&self.writer);
        self.check_identity()?;
        let connection = writer.as_mut().ok_or(StoreError::ReadOnly)?;
        write(connection).map_err(|error| error.into().into_store_error(&self.path))
    }

    /// Fails where the file was deleted or replaced since it was opened: SQLite would go on with the old one, and what is written
    /// there is lost.
    fn check_identity(&self) -> Result<()> {
        if self.current_identity() == self.identity {
            return Ok(());
        }
        Err(self.no_config(" was deleted or replaced"))
    }

    fn current_identity(&self) -> Option<(u64, u64)> {
        let metadata = fs::metadata(&self.path).ok()?;
        Some((metadata.dev(), metadata.ino()))
    }

    /// Commits what the writer has written.
    pub(super) fn commit(&self, transaction: Transaction<'_>) -> FileResult<()> {
        let version = data_version(&transaction)?;
        transaction.commit()?;
        *lock(&self.last_commit) = Some(version);
        Ok(())
    }

    /// Copies the write-ahead log into the file. Nothing is lost where that fails.
    fn leave(&self, writer: &Connection, reader: Option<Connection>, last_commit: i64) {
        let reader = reader.map_or_else(|| self.connect_reader(), Ok);
        let copied = reader.and_then(|reader| {
            let bytes = FileBytes {
                file: fs::metadata(&self.path).map_or(0, |file| file.len()),
                log: self.log_bytes(),
            };
            backfill(writer, &reader, bytes, last_commit).map_err(|error| self.failed(error))
        });
        if let Err(error) = copied {
            tracing::debug!(%error, "the write-ahead log can't be copied into the file");
        }
    }

    fn log_bytes(&self) -> u64 {
        let mut log = self.path.clone().into_os_string();
        log.push("-wal");
        fs::metadata(log).map_or(0, |file| file.len())
    }

    /// Empties the write-ahead log where it has grown long.
    pub(super) fn bound_log(&self) {
        let bytes = self.log_bytes();
        if bytes < self.log_bound.load(Ordering::Relaxed) {
            return;
        }
        let emptied = self.write(|connection| {
            connection.busy_timeout(LOG_PATIENCE)?;
            let is_busy = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0));
            connection.busy_timeout(LOCK_PATIENCE)?;
            is_busy.map(|is_busy: bool| !is_busy)
        });
        if let Err(error) = &emptied {
            tracing::debug!(%error, "the write-ahead log can't be emptied");
        }
        let kept = if matches!(emptied, Ok(true)) { 0 } else { bytes };
        self.log_bound.store(kept + LONGEST_LOG, Ordering::Relaxed);
    }

    fn connect_reader(&self) -> Result<Connection> {
        self.connect(OpenFlags::SQLITE_OPEN_READ_ONLY)
    }

    fn connect_writer(&self) -> Result<Connection> {
        let mut connection = self.connect(OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        // SQLite falls back to reading alone where the file may not be written.
        if connection
            .is_readonly("main")
            .map_err(|error| self.failed(error))?
        {
            return Err(self.unusable(ErrorKind::PermissionDenied.into()));
        }
        settle(&connection).map_err(|error| self.failed(error))?;
        self.complete(&mut connection)
            .map_err(|error| self.failed(error))?;
        Ok(connection)
    }

    fn complete(&self, connection: &mut Connection) -> FileResult<()> {
        if is_complete(connection)? {
            return Ok(());
        }
        let transaction = begin(connection)?;
        complete(&transaction)?;
        self.commit(transaction)
    }

    /// Judges the files by their names, since SQLite opens them itself: to open and close one here would end the locks
    /// that SQLite has on it (SQLite documentation, "How To Corrupt An SQLite Database File"). Nobody else can put
    /// another in its place, for the folder is judged first.
    fn check(&self) -> Result<()> {
        let path = fs::symlink_metadata(&self.path);
        path.map_err(|error| match error.kind() {
            ErrorKind::NotFound => self.no_config(""),
            _ => self.unusable(error),
        })?;
        self.folder.check().map_err(|error| self.unusable(error))?;
        for end in [&[""][..], &BESIDE].concat() {
            let mut name = self.path.file_name().unwrap_or_default().to_owned();
            name.push(end);
            match self.folder.check_file(name, Privacy::Public) {
                // The files next to it come and go.
                Err(error) if error.kind() == ErrorKind::NotFound && !end.is_empty() => {}
                checked => checked.map_err(|error| self.unusable(error))?,
            }
        }
        Ok(())
    }

    fn connect(&self, access: OpenFlags) -> Result<Connection> {
        // Each connection is used by one thread at a time.
        let flags = access | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let opened = match self.unchanging() {
            Some(uri) => Connection::open_with_flags(uri, flags | OpenFlags::SQLITE_OPEN_URI),
            None => Connection::open_with_flags(&self.path, flags),
        };
        let connection = opened.map_err(|error| self.failed(error))?;
        connection
            .busy_timeout(LOCK_PATIENCE)
            .map_err(|error| self.failed(error))?;
        match owner(&connection).map_err(|error| error.into_store_error(&self.path))? {
            FileOwner::Discfg(Meta::LAYOUT) => Ok(connection),
            FileOwner::Discfg(found) => Err(StoreError::Layout {
                found,
                known: Meta::LAYOUT,
            }),
            FileOwner::Nobody => Err(self.no_config(" is an empty database")),
            FileOwner::Another => Err(self.failed(of_another(&self.path))),
        }
    }

    /// Fails where the file at `path` is no config's, whatever its name says.
    pub(super) fn check_owner(path: &Path) -> Result<()> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let found = Connection::open_with_flags(path, flags)
            .map_err(FileError::from)
            .and_then(|connection| {
                connection.busy_timeout(LOCK_PATIENCE)?;
                owner(&connection)
            });
        match found.map_err(|error| error.into_store_error(path))? {
            FileOwner::Discfg(_) | FileOwner::Nobody => Ok(()),
            FileOwner::Another => Err(of_another(path).into_store_error(path)),
        }
    }

    /// The URI of a file that nobody can change, for it lies on a file system that is mounted for reading alone: SQLite
    /// then needs no files next to it (SQLite documentation, "Uniform Resource Identifiers"). It reads no log then.
    fn unchanging(&self) -> Option<String> {
        if self.writable || self.log_bytes() > 0 || !is_mounted_read_only(&self.path) {
            return None;
        }
        let path = self.path.to_str()?;
        let path = path.replace('%', "%25").replace('?', "%3f").replace('#', "%23");
        Some(format!("file:{path}?immutable=1"))
    }

    /// Creates the file where it isn't there, and finishes one whose creation was interrupted.
    fn create(&self) -> Result<()> {
        self.folder.make().map_err(|error| self.unusable(error))?;
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        // SQLite gives the files next to it the same mode.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let is_new = match options.open(&self.path) {
            Ok(_) => true,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => false,
            Err(error) => return Err(self.unusable(error)),
        };
        self.check()?;
        let initialised = self.initialise();
        if initialised.is_err() && is_new && fs::metadata(&self.path).is_ok_and(|file| file.len() == 0) {
            // An empty one would be left behind. The first failure is the one to report.
            let _ = fs::remove_file(&self.path);
        }
        initialised.map_err(|error| error.into_store_error(&self.path))
    }

    fn initialise(&self) -> FileResult<()> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = Connection::open_with_flags(&self.path, flags)?;
        connection.busy_timeout(LOCK_PATIENCE)?;
        if !matches!(owner(&connection)?, FileOwner::Nobody) {
            return Ok(());
        }
        settle(&connection)?;
        // Before anything is written: a file that has pages stays as it is.
        connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // Another process may have been here first.
        if matches!(owner(&transaction)?, FileOwner::Nobody) {
            lay_out(&transaction)?;
        }
        let version = data_version(&transaction)?;
        transaction.commit()?;
        self.leave(&connection, None, version);
        Ok(())
    }

    pub(super) fn failed(&self, error: impl Into<FileError>) -> StoreError {
        error.into().into_store_error(&self.path)
    }

    fn unusable(&self, error: std::io::Error) -> StoreError {
        of_io(&self.path, error)
    }

    /// The config isn't there: what of its file says that.
    fn no_config(&self, what: &str) -> StoreError {
        let name = self.path.file_stem().unwrap_or_default();
        StoreError::NoConfig {
            config: name.to_string_lossy().into_owned(),
            place: Some(format!("{}{what}", self.path.display())),
        }
    }
}

impl Drop for DataFile {
    fn drop(&mut self) {
        let (last_commit, writer) = (lock(&self.last_commit).take(), lock(&self.writer).take());
        if let (Some(last_commit), Some(writer)) = (last_commit, writer) {
            let reader = lock(&self.readers).pop();
            self.leave(&writer, reader, last_commit);
        }
    }
}

#[cfg(unix)]
fn is_mounted_read_only(path: &Path) -> bool {
    use rustix::fs::{StatVfsMountFlags, statvfs};
    statvfs(path).is_ok_and(|system| system.f_flag.contains(StatVfsMountFlags::RDONLY))
}

#[cfg(not(unix))]
fn is_mounted_read_only(_: &Path) -> bool {
    false
}

// A panic in between rolled its transaction back: the connection is sound.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn settle(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "synchronous", "FULL")?;
    // Where SQLite starts the log over by itself, the file is cut to this.
    connection.pragma_update(None, "journal_size_limit", LONGEST_LOG)?;
    // A process that does one thing would pay for a checkpoint, two syncs, each time it ends.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    Ok(())
}
