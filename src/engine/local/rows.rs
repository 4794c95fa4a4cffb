//! Rows to the words of the model and back.

use std::collections::BTreeMap;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection, Row};

use super::file_error::{FileError, FileResult, caused, of_section, unsound};
use crate::model::{
    Change, CommitId, Entry, Head, Key, LoggedValue, Op, Previous, Revision, Section, Timestamp, Ttl, Value,
    ValueKind, is_unprintable,
};

/// The columns of an entry but its key, in the order that [`entry`] reads them after `key`.
pub(super) const ENTRY: &str =
    "key, version, revision, created, modified, by, secret, ttl, expires, kind, value";

/// The columns of a head, in the order that [`head`] reads them.
pub(super) const HEAD: &str = "section, revision, changes, commit_id, modified";

/// The columns of a log line that every file has, in the order that [`change`] reads them.
const CHANGE: &str = "key, revision, line, lines, at, by, commit_id, version, secret, ttl, \
     entry_expires, kind, prev_version, prev_revision, prev_secret, prev_created, prev_modified, prev_by, \
     prev_kind, value, prev_value";

/// Those after them that came later, and without what came last.
const ADDED_TO_CHANGE: [&str; 4] = [
    "prev_ttl, prev_expires, others, section, message, moved_from, purged, prev_purged",
    "prev_ttl, prev_expires, others, section, message, moved_from, NULL, NULL",
    "prev_ttl, prev_expires, others, section, NULL, NULL, NULL, NULL",
    "NULL, NULL, NULL, section, NULL, NULL, NULL, NULL",
];

/// A query for log lines, which [`change`] reads.
pub(super) fn changes<'c>(connection: &'c Connection, rest: &str) -> FileResult<CachedStatement<'c>> {
    let prepare =
        |added: &str| connection.prepare_cached(&format!("SELECT {CHANGE}, {added} FROM log {rest}"));
    let [all, earlier @ ..] = ADDED_TO_CHANGE;
    // A file of an earlier build that was opened for reading alone lacks what came later.
    let statement = earlier.into_iter().fold(prepare(all), |statement, added| {
        statement.or_else(|error| prepare(added).map_err(|_| error))
    });
    Ok(statement?)
}

fn key(text: &str) -> FileResult<Key> {
    text.parse()
        .map_err(|_| unsound(format!("the file contains an invalid key: {text:?}")))
}

/// A section, in the only form in which discfg writes it.
fn section(text: &str) -> FileResult<Section> {
    let section = text
        .parse::<Section>()
        .ok()
        .filter(|section| section.as_str() == text);
    section.ok_or_else(|| unsound(format!("the file contains an invalid section: {text:?}")))
}

/// The section of a row of the table of sections, as far as its name tells.
pub(super) fn section_of_head(text: &str) -> Option<Section> {
    text.parse().ok().or_else(|| section_of_key(&format!("{text}/")))
}

fn commit_id(text: &str) -> FileResult<CommitId> {
    text.parse()
        .map_err(|_| unsound(format!("the file contains an invalid commit ID: {text:?}")))
}

/// The section of a row of the table of entries, as far as its key tells.
pub(super) fn section_of_entry(row: &Row<'_>) -> Option<Section> {
    section_of_key(row.get_ref(0).ok()?.as_str().ok()?)
}

fn section_of_key(text: &str) -> Option<Section> {
    match text.parse::<Key>() {
        Ok(key) => Some(key.section()),
        Err(_) => text.strip_prefix('/')?.split_once('/')?.0.parse().ok(),
    }
}

pub(super) fn key_of_entry(row: &Row<'_>) -> FileResult<Key> {
    let text = row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?;
    of_section(|| section_of_key(text), key(text))
}

pub(super) fn entry(row: &Row<'_>) -> FileResult<Entry> {
    entry_of(key_of_entry(row)?, row)
}

/// The entry of a row whose key is read already.
pub(super) fn entry_of(key: Key, row: &Row<'_>) -> FileResult<Entry> {
    let place = key.clone();
    of_section(|| Some(place.section()), entry_under(key, row))
}

fn entry_under(key: Key, row: &Row<'_>) -> FileResult<Entry> {
    Ok(Entry {
        version: row.get(1)?,
        revision: Revision::new(row.get(2)?),
        created: Timestamp::from_epoch(row.get(3)?),
        modified: Timestamp::from_epoch(row.get(4)?),
        by: writer(row, 5, &key)?,
        secret: row.get(6)?,
        ttl: ttl(row, 7, &key)?,
        expires: moment(row, 8)?,
        value: value(row, 9, 10, &key)?,
        key,
    })
}

pub(super) fn head(row: &Row<'_>) -> FileResult<Head> {
    let text = row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?;
    let section = of_section(|| section_of_head(text), section(text))?;
    of_section(|| Some(section.clone()), head_of(section.clone(), row))
}

fn head_of(section: Section, row: &Row<'_>) -> FileResult<Head> {
    let commit: Option<String> = row.get(3)?;
    Ok(Head {
        section,
        revision: Revision::new(row.get(1)?),
        changes: row.get(2)?,
        commit: commit.as_deref().map(commit_id).transpose()?,
        modified: moment(row, 4)?,
    })
}

pub(super) fn change(row: &Row<'_>) -> FileResult<Change> {
    let section = section(row.get_ref(24)?.as_str().map_err(rusqlite::Error::from)?)?;
    of_section(|| Some(section.clone()), change_of(&section, row))
}

fn change_of(section: &Section, row: &Row<'_>) -> FileResult<Change> {
    let key = key(row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?)?;
    if key.section() != *section {
        return Err(unsound(format!(
            "the log of section {section} contains a line of {key}"
        )));
    }
    let (index, of) = (row.get(2)?, row.get(3)?);
    if index >= of {
        return Err(unsound(format!(
            "the log of section {section} contains line {index} of {of}"
        )));
    }
    let op = if is_null(row, 11)? {
        Op::Delete
    } else {
        Op::Set {
            value: logged_value(row, (11, 19, 27), &key)?,
            version: row.get(7)?,
            secret: row.get(8)?,
            ttl: ttl(row, 9, &key)?,
            expires: moment(row, 10)?,
        }
    };
    let previous = if is_null(row, 18)? {
        None
    } else {
        Some(Previous {
            value: logged_value(row, (18, 20, 28), &key)?,
            version: row.get(12)?,
            revision: Revision::new(row.get(13)?),
            secret: row.get(14)?,
            created: Timestamp::from_epoch(row.get(15)?),
            modified: Timestamp::from_epoch(row.get(16)?),
            by: writer(row, 17, &key)?,
            ttl: ttl(row, 21, &key)?,
            expires: moment(row, 22)?,
        })
    };
    Ok(Change {
        revision: Revision::new(row.get(1)?),
        index,
        of,
        at: Timestamp::from_epoch(row.get(4)?),
        by: writer(row, 5, &key)?,
        commit: commit_id(row.get_ref(6)?.as_str().map_err(rusqlite::Error::from)?)?,
        op,
        previous,
        with: others(row, 23)?,
        message: row.get(25)?,
        from: match row.get_ref(26)? {
            ValueRef::Null => None,
            from => Some(self::key(from.as_str().map_err(rusqlite::Error::from)?)?),
        },
        key,
    })
}

fn others(row: &Row<'_>, column: usize) -> FileResult<BTreeMap<Section, Revision>> {
    let json: Option<String> = row.get(column)?;
    let others = json.as_deref().map(serde_json::from_str).transpose();
    Ok(others
        .map_err(|_| unsound("the file contains an invalid list of a commit's sections"))?
        .unwrap_or_default())
}

/// The other sections of a commit as they are bound; nothing where there are none.
pub(super) fn bound_others(others: &BTreeMap<Section, Revision>) -> FileResult<Option<String>> {
    if others.is_empty() {
        return Ok(None);
    }
    let json = serde_json::to_string(others);
    Ok(Some(json.map_err(|error| unsound(error.to_string()))?))
}

fn is_null(row: &Row<'_>, column: usize) -> FileResult<bool> {
    Ok(row.get_ref(column)? == ValueRef::Null)
}

fn moment(row: &Row<'_>, column: usize) -> FileResult<Option<Timestamp>> {
    let seconds: Option<i64> = row.get(column)?;
    Ok(seconds.map(Timestamp::from_epoch))
}

/// Who wrote it: one line of text.
fn writer(row: &Row<'_>, column: usize, key: &Key) -> FileResult<String> {
    let by: String = row.get(column)?;
    if by.contains(is_unprintable) {
        return Err(unsound(format!("the file contains an invalid writer of {key}")));
    }
    Ok(by)
}

fn ttl(row: &Row<'_>, column: usize, key: &Key) -> FileResult<Option<Ttl>> {
    let seconds: Option<u64> = row.get(column)?;
    seconds.map(Ttl::from_seconds).transpose().map_err(|error| {
        unsound(format!(
            "the file contains an invalid time to live of {key}: {error}"
        ))
    })
}

/// The value of a line in its columns of kind, bytes and mark. One that is marked as purged has none.
fn logged_value(
    row: &Row<'_>,
    (kind, bytes, purged): (usize, usize, usize),
    key: &Key,
) -> FileResult<LoggedValue> {
    let is_purged: Option<bool> = row.get(purged)?;
    if is_purged.unwrap_or_default() && is_null(row, bytes)? {
        return Ok(LoggedValue::Purged);
    }
    Ok(value(row, kind, bytes, key)?.into())
}

fn value(row: &Row<'_>, kind: usize, bytes: usize, key: &Key) -> FileResult<Value> {
    let kind = match row.get_ref(kind)? {
        ValueRef::Text(b"json") => Some(ValueKind::Json),
        ValueRef::Text(b"text") => Some(ValueKind::Text),
        ValueRef::Text(b"bytes") => Some(ValueKind::Bytes),
        _ => None,
    };
    let bytes = match row.get_ref(bytes)? {
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Some(bytes.to_vec()),
        _ => None,
    };
    let what = || format!("the file contains an invalid value of {key}");
    let (kind, bytes) = kind.zip(bytes).ok_or_else(|| unsound(what()))?;
    Value::from_stored(kind, bytes).map_err(|error| caused(what(), error))
}

/// A value as it is bound: text where it is text, so that other tools show it.
pub(super) fn bound(value: &Value) -> ToSqlOutput<'_> {
    ToSqlOutput::Borrowed(match value.as_text() {
        Some(text) => ValueRef::Text(text.as_bytes()),
        None => ValueRef::Blob(value.bytes()),
    })
}

/// A number as SQLite holds it: signed, so half of `u64`.
pub(super) fn number(number: u64) -> Result<i64, FileError> {
    i64::try_from(number).map_err(|_| unsound(format!("the number {number} is too large for the file")))
}
