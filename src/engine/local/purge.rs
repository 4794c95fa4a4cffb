use std::time::Duration;

use rusqlite::{Connection, Transaction, params};

use super::data_file::DataFile;
use super::file_error::{FileResult, LOCK_PATIENCE};
use super::rows::{self, number};
use super::{layout, read};
use crate::model::{Key, Revision};
use crate::store::{PurgePlan, Purged, PurgedParts, StoreError};

/// How long those who read the file are waited for. Nobody can write meanwhile.
const READER_PATIENCE: Duration = Duration::from_secs(1);

/// Purges a key's old values in one transaction; `now` is read once the lock is had.
pub(super) fn purge(file: &DataFile, connection: &mut Connection, key: &Key) -> FileResult<Purged> {
    let transaction = layout::begin(connection)?;
    let now = file.now();
    let entry = read::entry(&transaction, key)?;
    let current = entry.as_ref().filter(|entry| entry.is_live(now));
    let mut plan = PurgePlan::new(key.clone(), current.map(|entry| entry.revision));
    {
        // Lines whose time has come, too, for as long as they are in the file.
        let mut statement = rows::changes(
            &transaction,
            "WHERE section = ?1 AND key = ?2 ORDER BY revision, line",
        )?;
        let mut found = statement.query(params![key.section().as_str(), key.as_str()])?;
        while let Some(row) = found.next()? {
            let line = rows::change(row)?;
            plan.take(&line, (line.revision, line.index));
        }
    }
    let (purged, lines) = plan.finish(now)?;
    for (place, parts) in lines {
        purge_line(&transaction, key, place, parts)?;
    }
    if current.is_none() {
        let mut statement = transaction.prepare_cached("DELETE FROM entry WHERE key = ?1")?;
        statement.execute([key.as_str()])?;
    }
    file.commit(transaction)?;
    Ok(purged)
}

fn purge_line(
    transaction: &Transaction<'_>,
    key: &Key,
    (revision, index): (Revision, u32),
    parts: PurgedParts,
) -> FileResult<()> {
    let mut statement = transaction.prepare_cached(
        "UPDATE log SET value = CASE WHEN ?4 THEN NULL ELSE value END, purged = CASE WHEN ?4 THEN 1 ELSE purged END, \
         prev_value = CASE WHEN ?5 THEN NULL ELSE prev_value END, \
         prev_purged = CASE WHEN ?5 THEN 1 ELSE prev_purged END \
         WHERE section = ?1 AND revision = ?2 AND line = ?3",
    )?;
    statement.execute(params![
        key.section().as_str(),
        number(revision.get())?,
        index,
        parts.value,
        parts.previous,
    ])?;
    Ok(())
}

/// Erases from the file, and from its write-ahead log, what was removed or overwritten, by a copy of all that is kept: the
/// bytes of old entries and lines stay in free parts of pages otherwise.
///
/// Fails with [`StoreError::Unavailable`] where others read the file for longer than [`READER_PATIENCE`].
pub(super) fn erase(connection: &Connection) -> FileResult<()> {
    connection.execute_batch("VACUUM")?;
    connection.busy_timeout(READER_PATIENCE)?;
    let is_busy = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0));
    connection.busy_timeout(LOCK_PATIENCE)?;
    if is_busy? {
        let what = "the old values are purged, but a process that reads the file keeps their bytes in its write-ahead log";
        return Err(StoreError::Unavailable {
            problem: what.into(),
            source: None,
        }
        .into());
    }
    Ok(())
}
