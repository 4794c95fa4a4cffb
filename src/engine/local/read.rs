use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::file_error::{FileError, FileResult};
use super::layout::layout;
use super::rows;
use crate::model::{Entry, Head, Key, Prefix, Section, Timestamp};
use crate::store::{Heads, Meta, Snapshot};

/// The entry of that key, expired or not.
pub(super) fn entry(connection: &Connection, key: &Key) -> FileResult<Option<Entry>> {
    let sql = format!("SELECT {} FROM entry WHERE key = ?1", rows::ENTRY);
    let mut statement = connection.prepare_cached(&sql)?;
    let mut found = statement.query([key.as_str()])?;
    found.next()?.map(rows::entry).transpose()
}

/// Whether any entry is a secret that hasn't expired.
pub(super) fn holds_secrets(connection: &Connection, now: Timestamp) -> FileResult<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM entry WHERE secret AND (expires IS NULL OR expires > ?1))";
    Ok(connection.query_row(sql, params![now.epoch()], |row| row.get(0))?)
}

pub(super) fn head(connection: &Connection, section: &Section) -> FileResult<Option<Head>> {
    let sql = format!(
        "SELECT {} FROM section WHERE section = ?1 AND revision > 0",
        rows::HEAD
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut found = statement.query([section.as_str()])?;
    found.next()?.map(rows::head).transpose()
}

pub(super) fn heads(connection: &Connection, of: &Heads) -> FileResult<Vec<Head>> {
    let except = match of {
        Heads::Of(sections) => {
            // Together, as of one moment.
            let moment = connection.unchecked_transaction()?;
            let sections: BTreeSet<&Section> = sections.iter().collect();
            return sections
                .into_iter()
                .filter_map(|section| head(&moment, section).transpose())
                .collect();
        }
        Heads::All => &[][..],
        Heads::AllBut(except) => except,
    };
    let sql = format!(
        "SELECT {} FROM section WHERE revision > 0 ORDER BY section",
        rows::HEAD
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut found = statement.query([])?;
    let mut heads = Vec::new();
    while let Some(row) = found.next()? {
        let section = row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?;
        let section = rows::section_of_head(section);
        if !section.is_some_and(|section| except.contains(&section)) {
            heads.push(rows::head(row)?);
        }
    }
    Ok(heads)
}

/// What a snapshot reads: the prefixes, and the sections that are left out.
pub(super) struct SnapshotSelection {
    pub(super) prefixes: Vec<Prefix>,
    pub(super) except: Vec<Section>,
}

pub(super) fn snapshot(
    connection: &Connection,
    wanted: &SnapshotSelection,
    now: Timestamp,
) -> FileResult<Snapshot> {
    let moment = connection.unchecked_transaction()?;
    let heads = if wanted.prefixes.iter().any(Prefix::is_all) {
        heads(&moment, &Heads::AllBut(wanted.except.clone()))?
    } else {
        let own: BTreeSet<Section> = wanted.prefixes.iter().filter_map(Prefix::section).collect();
        own.iter()
            .filter(|section| !wanted.except.contains(section))
            .filter_map(|section| head(&moment, section).transpose())
            .collect::<FileResult<_>>()?
    };
    let mut entries = Vec::new();
    each_below(&moment, wanted, now, |entry| {
        entries.push(entry);
        true
    })?;
    Ok(Snapshot { heads, entries })
}

/// Gives the entries of a snapshot to `take` one at a time, until it wants no more.
pub(super) fn snapshot_entries(
    connection: &Connection,
    wanted: &SnapshotSelection,
    now: Timestamp,
    take: impl FnMut(Entry) -> bool,
) -> FileResult<()> {
    let moment = connection.unchecked_transaction()?;
    each_below(&moment, wanted, now, take)
}

fn each_below(
    moment: &Connection,
    wanted: &SnapshotSelection,
    now: Timestamp,
    mut take: impl FnMut(Entry) -> bool,
) -> FileResult<()> {
    let mut covered: Option<&Prefix> = None;
    let prefixes: BTreeSet<&Prefix> = wanted.prefixes.iter().collect();
    for prefix in prefixes {
        // In byte order a prefix comes before all that lies below it.
        if covered.is_some_and(|wider| wider.covers(prefix)) {
            continue;
        }
        covered = Some(prefix);
        let sql = format!(
            "SELECT {} FROM entry WHERE key >= ?1 AND key < ?2 AND (expires IS NULL OR expires > ?3) ORDER BY key",
            rows::ENTRY
        );
        let mut statement = moment.prepare_cached(&sql)?;
        let (from, to) = (prefix.with_slash(), range_end(prefix.with_slash()));
        let mut found = statement.query(params![from, to, now.epoch()])?;
        while let Some(row) = found.next()? {
            if is_left_out(row, &wanted.except) {
                continue;
            }
            if !take(rows::entry(row)?) {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// The first text after all that begin with `folder`, which ends with a slash: `/db0` for `/db/`.
pub(super) fn range_end(folder: &str) -> String {
    let mut end = folder.to_owned();
    end.pop();
    end.push('0');
    end
}

/// Whether a row of the table of entries is of one of these sections.
pub(super) fn is_left_out(row: &Row<'_>, except: &[Section]) -> bool {
    !except.is_empty() && rows::section_of_entry(row).is_some_and(|section| except.contains(&section))
}

pub(super) fn meta(connection: &Connection) -> FileResult<Option<Meta>> {
    let mut statement = connection.prepare_cached("SELECT history_days FROM meta")?;
    let history_days: Option<u32> = statement.query_row([], |row| row.get(0)).optional()?;
    let layout = layout(connection)?;
    Ok::<_, FileError>(history_days.map(|history_days| Meta { layout, history_days }))
}
