use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension as _, params};

use super::failure::{Failure, Outcome};
use super::file::layout;
use super::list::end_of;
use super::rows;
use crate::model::{Entry, Head, Key, Prefix, Section, Timestamp};
use crate::store::{Heads, Meta, Snapshot};

/// The entry of that key, expired or not.
pub(super) fn entry(connection: &Connection, key: &Key) -> Outcome<Option<Entry>> {
    let sql = format!("SELECT {} FROM entry WHERE key = ?1", rows::ENTRY);
    let mut statement = connection.prepare_cached(&sql)?;
    let mut found = statement.query([key.as_str()])?;
    found.next()?.map(rows::entry).transpose()
}

/// Whether any entry is a secret that hasn't expired.
pub(super) fn holds_secrets(connection: &Connection, now: Timestamp) -> Outcome<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM entry WHERE secret AND (expires IS NULL OR expires > ?1))";
    Ok(connection.query_row(sql, params![now.epoch()], |row| row.get(0))?)
}

pub(super) fn head(connection: &Connection, section: &Section) -> Outcome<Option<Head>> {
    let sql = format!(
        "SELECT {} FROM section WHERE section = ?1 AND revision > 0",
        rows::HEAD
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut found = statement.query([section.as_str()])?;
    found.next()?.map(rows::head).transpose()
}

pub(super) fn heads(connection: &Connection, of: &Heads) -> Outcome<Vec<Head>> {
    match of {
        Heads::Of(sections) => {
            // Together, as of one moment.
            let moment = connection.unchecked_transaction()?;
            let sections: BTreeSet<&Section> = sections.iter().collect();
            sections
                .into_iter()
                .filter_map(|section| head(&moment, section).transpose())
                .collect()
        }
        Heads::All => {
            let sql = format!(
                "SELECT {} FROM section WHERE revision > 0 ORDER BY section",
                rows::HEAD
            );
            let mut statement = connection.prepare_cached(&sql)?;
            statement.query_and_then([], rows::head)?.collect()
        }
    }
}

pub(super) fn snapshot(connection: &Connection, prefixes: &[Prefix], now: Timestamp) -> Outcome<Snapshot> {
    let moment = connection.unchecked_transaction()?;
    let prefixes: BTreeSet<&Prefix> = prefixes.iter().collect();
    let of = if prefixes.iter().any(|prefix| prefix.is_all()) {
        Heads::All
    } else {
        Heads::Of(prefixes.iter().filter_map(|prefix| prefix.section()).collect())
    };
    let heads = {
        let sql = format!(
            "SELECT {} FROM section WHERE revision > 0 ORDER BY section",
            rows::HEAD
        );
        let mut statement = moment.prepare_cached(&sql)?;
        let all: Vec<Head> = statement
            .query_and_then([], rows::head)?
            .collect::<Outcome<_>>()?;
        match of {
            Heads::All => all,
            Heads::Of(some) => all
                .into_iter()
                .filter(|head| some.contains(&head.section))
                .collect(),
        }
    };
    let mut entries = Vec::new();
    each_below(&moment, prefixes, now, |entry| {
        entries.push(entry);
        true
    })?;
    Ok(Snapshot { heads, entries })
}

/// Gives the entries of a snapshot to `take` one at a time, until it wants no more.
pub(super) fn snapshot_entries(
    connection: &Connection,
    prefixes: &[Prefix],
    now: Timestamp,
    take: impl FnMut(Entry) -> bool,
) -> Outcome<()> {
    let moment = connection.unchecked_transaction()?;
    each_below(&moment, prefixes.iter().collect(), now, take)
}

fn each_below(
    moment: &Connection,
    prefixes: BTreeSet<&Prefix>,
    now: Timestamp,
    mut take: impl FnMut(Entry) -> bool,
) -> Outcome<()> {
    let mut covered: Option<&Prefix> = None;
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
        let (from, to) = (prefix.with_slash(), end_of(prefix.with_slash()));
        let mut found = statement.query(params![from, to, now.epoch()])?;
        while let Some(row) = found.next()? {
            if !take(rows::entry(row)?) {
                return Ok(());
            }
        }
    }
    Ok(())
}

pub(super) fn meta(connection: &Connection) -> Outcome<Option<Meta>> {
    let mut statement = connection.prepare_cached("SELECT history_days FROM meta")?;
    let history_days: Option<u32> = statement.query_row([], |row| row.get(0)).optional()?;
    let layout = layout(connection)?;
    Ok::<_, Failure>(history_days.map(|history_days| Meta { layout, history_days }))
}
