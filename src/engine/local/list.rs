use rusqlite::{Connection, params};

use super::file_error::{FileError, FileResult};
use super::read::{is_left_out, range_end};
use super::rows;
use crate::model::Timestamp;
use crate::store::{Listed, Scope};

/// The most items of a page.
const PAGE_ITEMS: usize = 1000;
/// The bytes of values after which a page ends.
const PAGE_BYTES: usize = 1_000_000;

/// Where a listing goes on.
pub(super) struct ListPosition {
    scope: Scope,
    /// The least text that a further key may have.
    from: String,
    /// How many items may still be given.
    left: usize,
}

impl ListPosition {
    pub(super) fn first(scope: Scope) -> Self {
        let start = scope.prefix.with_slash();
        let from = match &scope.after {
            // No key holds a NUL: this is the least text after the name.
            Some(after) if after.as_str() >= start => format!("{after}\0"),
            _ => start.to_owned(),
        };
        Self {
            from,
            left: scope.limit.unwrap_or(usize::MAX),
            scope,
        }
    }
}

/// One page of a listing, and where the next begins if there may be one.
pub(super) fn page(
    connection: &Connection,
    mut position: ListPosition,
    now: Timestamp,
) -> FileResult<(Vec<Listed>, Option<ListPosition>)> {
    let sql = format!(
        "SELECT {} FROM entry WHERE key >= ?1 AND key < ?2 AND (expires IS NULL OR expires > ?3) ORDER BY key",
        rows::ENTRY
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let end = range_end(position.scope.prefix.with_slash());
    let mut page = Vec::new();
    let mut bytes = 0;
    'seek: while position.left > 0 {
        let mut found = statement.query(params![position.from, end, now.epoch()])?;
        while let Some(row) = found.next()? {
            if is_left_out(row, &position.scope.except) {
                continue;
            }
            let key = match rows::key_of_entry(row) {
                Ok(key) => key,
                Err(error) => return after_the_page(page, position, error),
            };
            let mut skips = false;
            if let Some(folder) = position.scope.folder_of(&key) {
                if position.scope.after.as_deref().is_none_or(|after| folder > after) {
                    page.push(Listed::Folder(folder.to_owned()));
                    position.left -= 1;
                }
                position.from = range_end(folder);
                skips = true;
            } else {
                let next = format!("{key}\0");
                let entry = match rows::entry_of(key, row) {
                    Ok(entry) => entry,
                    Err(error) => return after_the_page(page, position, error),
                };
                position.from = next;
                bytes += entry.value.len();
                page.push(Listed::Entry(Box::new(entry)));
                position.left -= 1;
            }
            if position.left == 0 {
                return Ok((page, None));
            }
            if page.len() >= PAGE_ITEMS || bytes >= PAGE_BYTES {
                return Ok((page, Some(position)));
            }
            if skips {
                // What lies in the folder isn't read: the next row is sought behind it.
                continue 'seek;
            }
        }
        break;
    }
    Ok((page, None))
}

/// What comes before a row that can't be read is given first; the next page begins with the row.
fn after_the_page(
    page: Vec<Listed>,
    position: ListPosition,
    error: FileError,
) -> FileResult<(Vec<Listed>, Option<ListPosition>)> {
    if page.is_empty() {
        return Err(error);
    }
    Ok((page, Some(position)))
}
