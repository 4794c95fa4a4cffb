//! Copies the write-ahead log into the file when a writer leaves, so that the file alone holds the config.
//!
//! A whole checkpoint is four more syncs: of the log and the file, and of the log's new beginning with the next commit.
//! So a short log is copied without any, which is safe as long as the log is kept: SQLite starts it over only once every
//! frame of it is in the file, and syncs the file before it says so. A reader that stays where the last commit ended,
//! and a frame after it, of a page that nothing reads, keep SQLite from coming that far.

use std::time::Duration;

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::file_error::FileResult;

/// The bytes of the log from which on it is emptied instead, which costs the syncs once: each process that opens the
/// file reads the log.
const LONG_LOG: u64 = 1024 * 1024;

/// The sizes of a config's files.
#[derive(Clone, Copy)]
pub(super) struct FileBytes {
    pub(super) file: u64,
    pub(super) log: u64,
}

/// Copies the log into the file, unless others are at work: the last of them does. `last_commit` is the
/// [`data_version`] within the writer's last transaction.
pub(super) fn backfill(
    writer: &Connection,
    reader: &Connection,
    bytes: FileBytes,
    last_commit: i64,
) -> FileResult<()> {
    writer.busy_timeout(Duration::ZERO)?;
    // The page that is never copied without syncs is so with them first.
    if bytes.log >= LONG_LOG || bytes.file < end_of_closing(writer)? {
        return checkpoint(writer, "PRAGMA wal_checkpoint(TRUNCATE)");
    }
    let _end_of_last_commit = reader.unchecked_transaction()?;
    data_version(reader)?;
    // Synced is only the log's beginning, where this frame is its first.
    writer.pragma_update(None, "synchronous", "NORMAL")?;
    let marking = Transaction::new_unchecked(writer, TransactionBehavior::Immediate)?;
    // What others have written since may not be synced.
    if data_version(&marking)? != last_commit {
        return Ok(());
    }
    marking.execute("UPDATE closing SET count = count + 1", ())?;
    marking.commit()?;
    writer.pragma_update(None, "synchronous", "OFF")?;
    checkpoint(writer, "PRAGMA wal_checkpoint(PASSIVE)")
}

/// Where the page ends that is written when a writer leaves.
fn end_of_closing(connection: &Connection) -> FileResult<u64> {
    let sql = "SELECT rootpage * page_size FROM sqlite_schema, pragma_page_size WHERE name = 'closing'";
    Ok(connection.query_row(sql, [], |row| row.get(0))?)
}

/// A number that differs once another connection has committed (SQLite documentation, `PRAGMA data_version`).
pub(super) fn data_version(connection: &Connection) -> FileResult<i64> {
    let mut statement = connection.prepare_cached("PRAGMA data_version")?;
    Ok(statement.query_row([], |row| row.get(0))?)
}

fn checkpoint(connection: &Connection, pragma: &str) -> FileResult<()> {
    Ok(connection.query_row(pragma, [], |_| Ok(()))?)
}
