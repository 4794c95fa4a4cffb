//! How a config's file is laid out, and how that is checked.

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::file_error::FileResult;
use crate::store::{Meta, StoreError};

/// Marks a file as discfg's: `dcfg` in ASCII (SQLite file format, "Application ID").
const APPLICATION_ID: i32 = i32::from_be_bytes(*b"dcfg");
/// What came to the layout after its first files.
const ADDITIONS: &str = include_str!("additions.sql");
/// The last of the additions: a file that has it has all of them.
const LAST_ADDITION: &str = "log_recorded";

/// Whose a database is.
pub(super) enum FileOwner {
    /// discfg, in that layout.
    Discfg(u32),
    /// Nobody: nothing was ever written into it.
    Nobody,
    /// Some other program.
    Another,
}

/// The owner that the file names.
pub(super) fn owner(connection: &Connection) -> FileResult<FileOwner> {
    let id: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    if id == APPLICATION_ID {
        return Ok(FileOwner::Discfg(layout(connection)?));
    }
    let empty: bool = connection.query_row("SELECT NOT EXISTS (SELECT 1 FROM sqlite_schema)", [], |row| {
        row.get(0)
    })?;
    Ok(if empty && id == 0 {
        FileOwner::Nobody
    } else {
        FileOwner::Another
    })
}

/// The layout that the file says it has.
pub(super) fn layout(connection: &Connection) -> FileResult<u32> {
    Ok(connection.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

/// Begins a write transaction once no other process has one.
pub(super) fn begin(connection: &mut Connection) -> FileResult<Transaction<'_>> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Looked at each time: a server may outlive the layout that it opened.
    match layout(&transaction)? {
        Meta::LAYOUT => Ok(transaction),
        found => Err(StoreError::Layout {
            found,
            known: Meta::LAYOUT,
        }
        .into()),
    }
}

/// Writes the layout into an empty file.
pub(super) fn lay_out(transaction: &Transaction<'_>) -> FileResult<()> {
    transaction.execute_batch(include_str!("schema.sql"))?;
    transaction.execute_batch(ADDITIONS)?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", Meta::LAYOUT)?;
    Ok(())
}

/// Gives a file of an earlier build what it lacks of the layout.
pub(super) fn add_what_is_missing(connection: &mut Connection) -> FileResult<()> {
    if has_every_addition(connection)? {
        return Ok(());
    }
    let transaction = begin(connection)?;
    // Another process may have been here first.
    if !has_every_addition(&transaction)? {
        transaction.execute_batch(ADDITIONS)?;
    }
    transaction.commit()?;
    Ok(())
}

fn has_every_addition(connection: &Connection) -> FileResult<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = ?1)";
    Ok(connection.query_row(sql, [LAST_ADDITION], |row| row.get(0))?)
}
