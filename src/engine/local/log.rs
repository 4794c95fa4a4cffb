use rusqlite::{Connection, OptionalExtension as _, params};

use super::file_error::FileResult;
use super::read;
use super::rows::{self, number};
use crate::model::{Change, Key, Revision, Section, Timestamp};
use crate::store::{StoreError, Txn};

/// Which lines of a section a recorded commit has left. The condition on `recorded` is that of the index, which is used
/// for no other.
const MADE: &str = "WHERE commit_id = ?1 AND section = ?2 AND expires > ?3 AND recorded IS NOT 0";
/// The most lines of a page, but for what completes its last revision.
const PAGE_LINES: usize = 500;
/// The bytes of values after which a page ends, likewise.
const PAGE_BYTES: usize = 1_000_000;

/// The next lines after that revision, whole revisions; none at the log's end.
pub(super) fn changes_page(
    connection: &Connection,
    section: Section,
    after: Revision,
    now: Timestamp,
) -> FileResult<Vec<Change>> {
    // The head and the lines as of one moment.
    let moment = connection.unchecked_transaction()?;
    let head = read::head(&moment, &section)?.map_or(Revision::ZERO, |head| head.revision);
    if after >= head {
        return Ok(Vec::new());
    }
    let oldest = match oldest_line(&moment, &section, now)? {
        Some(first) => Revision::new(first.get() - 1),
        None => head,
    };
    if after < oldest {
        return Err(StoreError::Compacted {
            section,
            wanted: after,
            oldest,
        }
        .into());
    }
    let mut statement = rows::changes(
        &moment,
        "WHERE section = ?1 AND revision > ?2 ORDER BY revision, line",
    )?;
    let mut found = statement.query(params![section.as_str(), number(after.get())?])?;
    let mut page: Vec<Change> = Vec::new();
    let mut bytes = 0;
    while let Some(row) = found.next()? {
        let change = rows::change(row)?;
        let full = page.len() >= PAGE_LINES || bytes >= PAGE_BYTES;
        if full && page.last().is_some_and(|last| last.revision != change.revision) {
            break;
        }
        bytes += change.bytes();
        page.push(change);
    }
    Ok(page)
}

/// The revision of the oldest line that is still kept.
fn oldest_line(connection: &Connection, section: &Section, now: Timestamp) -> FileResult<Option<Revision>> {
    let sql = "SELECT revision FROM log WHERE section = ?1 AND expires > ?2 ORDER BY revision, line LIMIT 1";
    let mut statement = connection.prepare_cached(sql)?;
    let revision: Option<u64> = statement
        .query_row(params![section.as_str(), now.epoch()], |row| row.get(0))
        .optional()?;
    Ok(revision.map(Revision::new))
}

/// The next lines of that section, or of one key in it, before that revision, newest first and whole revisions; none at the
/// log's end.
pub(super) fn history_page(
    connection: &Connection,
    (section, key): (&Section, Option<&Key>),
    before: Revision,
    now: Timestamp,
) -> FileResult<Vec<Change>> {
    let mut statement = rows::changes(
        connection,
        if key.is_some() {
            "WHERE section = ?1 AND revision < ?2 AND expires > ?3 AND key = ?4 ORDER BY revision DESC, line DESC"
        } else {
            "WHERE section = ?1 AND revision < ?2 AND expires > ?3 AND ?4 IS NULL ORDER BY revision DESC, line DESC"
        },
    )?;
    let before = i64::try_from(before.get()).unwrap_or(i64::MAX);
    let mut found = statement.query(params![
        section.as_str(),
        before,
        now.epoch(),
        key.map(Key::as_str)
    ])?;
    let mut page: Vec<Change> = Vec::new();
    let mut bytes = 0;
    while let Some(row) = found.next()? {
        let change = rows::change(row)?;
        let full = page.len() >= PAGE_LINES || bytes >= PAGE_BYTES;
        if full && page.last().is_some_and(|last| last.revision != change.revision) {
            break;
        }
        bytes += change.bytes();
        page.push(change);
    }
    Ok(page)
}

/// All lines that a recorded commit has left in its sections, for as long as they are kept: none where it was not committed.
pub(super) fn lines_of(connection: &Connection, txn: &Txn, now: Timestamp) -> FileResult<Vec<Change>> {
    let mut statement = rows::changes(connection, MADE)?;
    let mut lines = Vec::new();
    for section in txn.sections() {
        let mut found = statement.query(params![txn.id.as_str(), section.as_str(), now.epoch()])?;
        while let Some(row) = found.next()? {
            lines.push(rows::change(row)?);
        }
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recorded_commit_is_found_by_the_index() {
        let file = Connection::open_in_memory().expect("a database");
        for part in [include_str!("schema.sql"), include_str!("additions.sql")] {
            file.execute_batch(part).expect("the layout");
        }
        let plan = format!("EXPLAIN QUERY PLAN SELECT key FROM log {MADE}");
        let plan: String = file
            .query_row(&plan, params!["id", "/db", 0], |row| row.get(3))
            .expect("a plan");
        assert_eq!(
            plan,
            "SEARCH log USING INDEX log_recorded (commit_id=? AND section=?)"
        );
    }
}
