use std::collections::HashMap;

use rusqlite::{Connection, Transaction, params};

use super::commit_clock;
use super::data_file::DataFile;
use super::file_error::FileResult;
use super::layout::begin;
use super::rows::{bound, bound_others, number};
use super::{log, read};
use crate::model::{CommitId, Entry, Head, Key, Section, Timestamp, Ttl};
use crate::store::{AppliedChange, CommitState, Committed, Meta, StoreError, Txn, decide};

/// How many expired entries a commit clears away: enough to keep up, too few to be felt.
const SWEEP: u32 = 100;

/// The free pages that the file keeps for what is written next.
const KEPT_PAGES: u32 = 256;
/// The pages that commits give back to the file system together: more than they free, too few to be felt.
const GIVEN_PAGES: u32 = 64;

const DAY: i64 = 24 * 60 * 60;
/// For how long a recorded commit must be found.
const RECORDED_FOR: i64 = Txn::RECORDED_FOR.as_secs().cast_signed();

/// What becomes of a commit.
pub(super) enum CommitDecision {
    /// It was committed before, with this answer.
    Repeated(Committed),
    /// It is new, and this is its answer once it is written.
    New(Committed),
}

/// Decides a commit on what the file holds, and writes nothing.
pub(super) fn decide_commit(
    transaction: &Transaction<'_>,
    txn: &Txn,
    now: Timestamp,
    by: &str,
) -> FileResult<CommitDecision> {
    if txn.recorded
        && let Some(made) = txn.answer_in(log::lines_of(transaction, txn, now)?)?
    {
        return Ok(CommitDecision::Repeated(made));
    }
    let mut entries: HashMap<Key, Entry> = HashMap::new();
    for key in txn.keys() {
        entries.extend(read::entry(transaction, &key)?.map(|entry| (key, entry)));
    }
    let mut heads: HashMap<Section, Head> = HashMap::new();
    for section in txn.sections() {
        heads.extend(read::head(transaction, &section)?.map(|head| (section, head)));
    }
    let state = CommitState {
        entries: &entries,
        heads: &heads,
        now,
        by,
    };
    let decision = decide(txn, &state)?;
    Ok(CommitDecision::New(Committed {
        commit: txn.id.clone(),
        at: now,
        heads: decision.moves.into_iter().map(|moved| moved.to).collect(),
        changes: decision.changes,
    }))
}

/// For how long the lines of commits are kept.
#[derive(Debug, Clone, Copy)]
pub(super) struct LogTerm {
    /// In seconds.
    length: i64,
    /// The earliest beginning: a line of a clock that lags would else be out of date when it is written.
    not_before: Option<Timestamp>,
}

/// The term of the lines that the transaction writes; read before it notes its commits.
pub(super) fn log_term(transaction: &Transaction<'_>) -> FileResult<LogTerm> {
    let days = read::meta(transaction)?.unwrap_or_default().history_days;
    Ok(LogTerm {
        length: (i64::from(days) * DAY).max(RECORDED_FOR),
        not_before: commit_clock::newest(transaction)?,
    })
}

/// Writes what a commit does; its lines are kept for that term, and found by its id where it is recorded.
pub(super) fn write_commit(
    transaction: &Transaction<'_>,
    committed: &Committed,
    recorded: bool,
    term: LogTerm,
) -> FileResult<()> {
    let from = term
        .not_before
        .map_or(committed.at, |time| time.max(committed.at));
    let kept_until = Timestamp::from_epoch(from.epoch() + term.length);
    for applied in &committed.changes {
        write_entry(transaction, applied)?;
        write_line(transaction, applied, recorded, kept_until)?;
    }
    for head in &committed.heads {
        move_head(transaction, head, committed.at)?;
    }
    Ok(())
}

fn write_entry(transaction: &Transaction<'_>, applied: &AppliedChange) -> FileResult<()> {
    let Some(entry) = &applied.entry else {
        let mut statement = transaction.prepare_cached("DELETE FROM entry WHERE key = ?1")?;
        statement.execute([applied.change.key.as_str()])?;
        return Ok(());
    };
    let mut statement = transaction.prepare_cached(
        "INSERT OR REPLACE INTO entry \
         (key, version, revision, created, modified, by, secret, ttl, expires, kind, value) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    )?;
    statement.execute(params![
        entry.key.as_str(),
        number(entry.version)?,
        number(entry.revision.get())?,
        entry.created.epoch(),
        entry.modified.epoch(),
        entry.by,
        entry.secret,
        entry.ttl.map(|ttl| number(ttl.seconds())).transpose()?,
        entry.expires.map(Timestamp::epoch),
        entry.value.kind().as_str(),
        bound(&entry.value),
    ])?;
    Ok(())
}

/// Writes a line, which is kept as long as the one before it in its section: a log loses its beginning only.
fn write_line(
    transaction: &Transaction<'_>,
    applied: &AppliedChange,
    recorded: bool,
    kept_until: Timestamp,
) -> FileResult<()> {
    let change = &applied.change;
    let mut statement = transaction.prepare_cached(
        "INSERT INTO log (section, revision, line, lines, key, at, by, commit_id, expires, version, secret, ttl, \
         entry_expires, kind, prev_version, prev_revision, prev_secret, prev_created, prev_modified, prev_by, \
         prev_kind, value, prev_value, recorded, prev_ttl, prev_expires, others, message, moved_from) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, \
         max(?9, ifnull((SELECT expires FROM log WHERE section = ?1 ORDER BY revision DESC, line DESC LIMIT 1), ?9)), \
         ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29)",
    )?;
    let (set, previous) = (applied.entry.as_ref(), applied.previous.as_ref());
    statement.execute(params![
        change.key.section().as_str(),
        number(change.revision.get())?,
        change.index,
        change.of,
        change.key.as_str(),
        change.at.epoch(),
        change.by,
        change.commit.as_str(),
        kept_until.epoch(),
        set.map(|set| number(set.version)).transpose()?,
        set.map(|set| set.secret),
        set.and_then(|set| set.ttl)
            .map(|ttl| number(ttl.seconds()))
            .transpose()?,
        set.and_then(|set| set.expires).map(Timestamp::epoch),
        set.map(|set| set.value.kind().as_str()),
        previous.map(|old| number(old.version)).transpose()?,
        previous.map(|old| number(old.revision.get())).transpose()?,
        previous.map(|old| old.secret),
        previous.map(|old| old.created.epoch()),
        previous.map(|old| old.modified.epoch()),
        previous.map(|old| old.by.as_str()),
        previous.map(|old| old.value.kind().as_str()),
        set.map(|set| bound(&set.value)),
        previous.map(|old| bound(&old.value)),
        recorded,
        previous
            .and_then(|old| old.ttl)
            .map(|ttl| number(ttl.seconds()))
            .transpose()?,
        previous.and_then(|old| old.expires).map(Timestamp::epoch),
        bound_others(&change.with)?,
        change.message,
        change.from.as_ref().map(Key::as_str),
    ])?;
    Ok(())
}

fn move_head(transaction: &Transaction<'_>, to: &Head, now: Timestamp) -> FileResult<()> {
    let mut statement = transaction.prepare_cached(
        "INSERT INTO section (section, created, revision, changes, commit_id, modified) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
         ON CONFLICT (section) DO UPDATE SET revision = excluded.revision, changes = excluded.changes, \
         commit_id = excluded.commit_id, modified = excluded.modified",
    )?;
    statement.execute(params![
        to.section.as_str(),
        now.epoch(),
        number(to.revision.get())?,
        to.changes,
        to.commit.as_ref().map(CommitId::as_str),
        to.modified.map(Timestamp::epoch),
    ])?;
    Ok(())
}

/// Removes the lines from the log's beginning whose time has come. The line just written is kept, so there is
/// always one to stop at.
pub(super) fn drop_old_lines(
    transaction: &Transaction<'_>,
    section: &Section,
    now: Timestamp,
) -> FileResult<()> {
    let mut statement = transaction.prepare_cached(
        "DELETE FROM log WHERE section = ?1 AND revision < \
         (SELECT revision FROM log WHERE section = ?1 AND expires > ?2 ORDER BY revision LIMIT 1)",
    )?;
    statement.execute(params![section.as_str(), now.epoch()])?;
    Ok(())
}

/// Removes expired entries: so many a commit.
pub(super) fn sweep(transaction: &Transaction<'_>, commits: u32, now: Timestamp) -> FileResult<()> {
    let mut statement = transaction.prepare_cached(
        "DELETE FROM entry WHERE key IN (SELECT key FROM entry WHERE expires <= ?1 LIMIT ?2)",
    )?;
    statement.execute(params![now.epoch(), commits.saturating_mul(SWEEP)])?;
    Ok(())
}

/// Makes the file smaller where much of it is free. One of an earlier build stays as large as it is.
pub(super) fn give_back(transaction: &Transaction<'_>) -> FileResult<()> {
    let free: u32 = transaction
        .prepare_cached("PRAGMA freelist_count")?
        .query_row([], |row| row.get(0))?;
    if free > KEPT_PAGES {
        let mut statement =
            transaction.prepare_cached(&format!("PRAGMA incremental_vacuum({GIVEN_PAGES})"))?;
        let mut pages = statement.query([])?;
        while pages.next()?.is_some() {}
    }
    Ok(())
}

/// The entry of that key with its time to live renewed. Nothing is written.
pub(super) fn renewed_entry(
    transaction: &Transaction<'_>,
    key: &Key,
    ttl: Option<Ttl>,
    now: Timestamp,
) -> FileResult<Entry> {
    let entry = read::entry(transaction, key)?.filter(|entry| entry.is_live(now));
    let entry = entry.ok_or_else(|| StoreError::NotFound(key.clone()))?;
    let ttl = ttl.or(entry.ttl).ok_or_else(|| StoreError::NoTtl(key.clone()))?;
    let (ttl, expires) = (Some(ttl), Some(now.expiry_after(ttl)));
    Ok(Entry {
        ttl,
        expires,
        ..entry
    })
}

/// Writes the time to live of an entry.
pub(super) fn renew(transaction: &Transaction<'_>, entry: &Entry) -> FileResult<()> {
    let renew = "UPDATE entry SET ttl = ?2, expires = ?3 WHERE key = ?1";
    transaction.prepare_cached(renew)?.execute(params![
        entry.key.as_str(),
        entry.ttl.map(|ttl| number(ttl.seconds())).transpose()?,
        entry.expires.map(Timestamp::epoch),
    ])?;
    Ok(())
}

pub(super) fn meta(file: &DataFile, connection: &mut Connection, meta: Meta) -> FileResult<()> {
    let transaction = begin(connection)?;
    let write = "INSERT OR REPLACE INTO meta (id, history_days) VALUES (1, ?1)";
    transaction.execute(write, [meta.history_days])?;
    transaction.pragma_update(None, "user_version", meta.layout)?;
    file.commit(transaction)
}
