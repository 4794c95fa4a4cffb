//! How a config's file is laid out, and how that is checked.

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::file_error::FileResult;
use crate::store::{Meta, StoreError};

/// Marks a file as discfg's: `dcfg` in ASCII (SQLite file format, "Application ID").
const APPLICATION_ID: i32 = i32::from_be_bytes(*b"dcfg");
/// What came to the layout after its first files, in order, each with the last thing that it makes, a table, an index or
/// a column of the log: a file that has this has all of it.
const ADDITIONS: [(&str, &str); 4] = [
    ("log_recorded", include_str!("additions.sql")),
    ("closing", include_str!("additions_2.sql")),
    ("moved_from", include_str!("additions_3.sql")),
    ("prev_purged", include_str!("additions_4.sql")),
];

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
    complete(transaction)?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", Meta::LAYOUT)?;
    Ok(())
}

/// Whether the file lacks nothing of the layout, as one of an earlier build does.
pub(super) fn is_complete(connection: &Connection) -> FileResult<bool> {
    let [.., (last, _)] = ADDITIONS;
    has(connection, last)
}

/// Gives the file what it lacks of the layout.
pub(super) fn complete(transaction: &Transaction<'_>) -> FileResult<()> {
    for (last, addition) in ADDITIONS {
        // Another process may have been here first.
        if !has(transaction, last)? {
            transaction.execute_batch(addition)?;
        }
    }
    Ok(())
}

fn has(connection: &Connection, name: &str) -> FileResult<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = ?1) \
         OR EXISTS (SELECT 1 FROM pragma_table_info('log') WHERE name = ?1)";
    Ok(connection.query_row(sql, [name], |row| row.get(0))?)
}
