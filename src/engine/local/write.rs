use std::collections::HashMap;

use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use super::failure::Outcome;
use super::file::{File, layout};
use super::read;
use super::rows::{bound, number};
use crate::model::{CommitId, Entry, Head, Key, Op, Revision, Section, Timestamp, Ttl};
use crate::store::{Applied, Committed, Meta, State, StoreError, Txn, decide};

/// How many expired entries a commit clears away: enough to keep up, too few to be felt.
const SWEEP: u32 = 100;

const DAY: i64 = 24 * 60 * 60;

pub(super) fn commit(connection: &mut Connection, txn: &Txn, file: &File) -> Outcome<Committed> {
    let transaction = begin(connection)?;
    let mut entries: HashMap<Key, Entry> = HashMap::new();
    for key in txn.keys() {
        entries.extend(read::entry(&transaction, &key)?.map(|entry| (key, entry)));
    }
    let mut heads: HashMap<Section, Head> = HashMap::new();
    for section in txn.sections() {
        heads.extend(read::head(&transaction, &section)?.map(|head| (section, head)));
    }
    // Told after the lock was had, so that commits are in the order of their times.
    let now = file.now();
    let decision = decide(
        txn,
        &State {
            entries: &entries,
            heads: &heads,
            now,
            by: file.by(),
        },
    )?;
    if !decision.changes.is_empty() {
        let history_days = read::meta(&transaction)?.unwrap_or_default().history_days;
        let kept_until = Timestamp::from_epoch(now.epoch() + i64::from(history_days) * DAY);
        for applied in &decision.changes {
            write_entry(&transaction, applied)?;
            write_line(&transaction, applied, kept_until)?;
        }
        for moved in &decision.moves {
            move_head(&transaction, &moved.to, now)?;
            drop_old_lines(&transaction, &moved.to.section, now)?;
        }
        sweep(&transaction, now)?;
        transaction.commit()?;
    }
    Ok(Committed {
        commit: txn.id.clone(),
        at: now,
        heads: decision.moves.into_iter().map(|moved| moved.to).collect(),
        changes: decision.changes,
    })
}

/// Begins to write, when no one else does.
fn begin(connection: &mut Connection) -> Outcome<Transaction<'_>> {
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

fn write_entry(transaction: &Transaction<'_>, applied: &Applied) -> Outcome<()> {
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

fn write_line(transaction: &Transaction<'_>, applied: &Applied, kept_until: Timestamp) -> Outcome<()> {
    let change = &applied.change;
    let mut statement = transaction.prepare_cached(
        "INSERT INTO log (section, revision, line, lines, key, at, by, commit_id, expires, version, secret, ttl, \
         entry_expires, kind, prev_version, prev_revision, prev_secret, prev_created, prev_modified, prev_by, \
         prev_kind, value, prev_value) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, \
         ?22, ?23)",
    )?;
    let set = match &change.op {
        Op::Set {
            value,
            version,
            secret,
            ttl,
            expires,
        } => Some((value, *version, *secret, *ttl, *expires)),
        Op::Delete => None,
    };
    let previous = change.previous.as_ref();
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
        set.map(|set| number(set.1)).transpose()?,
        set.map(|set| set.2),
        set.and_then(|set| set.3)
            .map(|ttl| number(ttl.seconds()))
            .transpose()?,
        set.and_then(|set| set.4).map(Timestamp::epoch),
        set.map(|set| set.0.kind().as_str()),
        previous.map(|old| number(old.version)).transpose()?,
        previous.map(|old| number(old.revision.get())).transpose()?,
        previous.map(|old| old.secret),
        previous.map(|old| old.created.epoch()),
        previous.map(|old| old.modified.epoch()),
        previous.map(|old| old.by.as_str()),
        previous.map(|old| old.value.kind().as_str()),
        set.map(|set| bound(set.0)),
        previous.map(|old| bound(&old.value)),
    ])?;
    Ok(())
}

fn move_head(transaction: &Transaction<'_>, to: &Head, now: Timestamp) -> Outcome<()> {
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
fn drop_old_lines(transaction: &Transaction<'_>, section: &Section, now: Timestamp) -> Outcome<()> {
    let mut statement = transaction.prepare_cached(
        "DELETE FROM log WHERE section = ?1 AND revision < \
         (SELECT revision FROM log WHERE section = ?1 AND expires > ?2 ORDER BY revision LIMIT 1)",
    )?;
    statement.execute(params![section.as_str(), now.epoch()])?;
    Ok(())
}

fn sweep(transaction: &Transaction<'_>, now: Timestamp) -> Outcome<()> {
    let mut statement = transaction.prepare_cached(
        "DELETE FROM entry WHERE key IN (SELECT key FROM entry WHERE expires <= ?1 LIMIT ?2)",
    )?;
    statement.execute(params![now.epoch(), SWEEP])?;
    Ok(())
}

pub(super) fn touch(connection: &mut Connection, key: &Key, ttl: Option<Ttl>, file: &File) -> Outcome<Entry> {
    let transaction = begin(connection)?;
    let now = file.now();
    let entry = read::entry(&transaction, key)?.filter(|entry| entry.is_live(now));
    let mut entry = entry.ok_or_else(|| StoreError::NotFound(key.clone()))?;
    let ttl = ttl.or(entry.ttl).ok_or_else(|| StoreError::NoTtl(key.clone()))?;
    (entry.ttl, entry.expires) = (Some(ttl), Some(now.after(ttl)));
    let renew = "UPDATE entry SET ttl = ?2, expires = ?3 WHERE key = ?1";
    transaction.prepare_cached(renew)?.execute(params![
        key.as_str(),
        number(ttl.seconds())?,
        now.after(ttl).epoch()
    ])?;
    transaction.commit()?;
    Ok(entry)
}

pub(super) fn meta(connection: &mut Connection, meta: Meta) -> Outcome<()> {
    let transaction = begin(connection)?;
    let write = "INSERT OR REPLACE INTO meta (id, history_days) VALUES (1, ?1)";
    transaction.execute(write, [meta.history_days])?;
    transaction.pragma_update(None, "user_version", meta.layout)?;
    transaction.commit()?;
    Ok(())
}

pub(super) fn register(connection: &mut Connection, sections: &[Section], now: Timestamp) -> Outcome<()> {
    let transaction = begin(connection)?;
    for section in sections {
        let write =
            "INSERT OR IGNORE INTO section (section, created, revision, changes) VALUES (?1, ?2, ?3, 0)";
        transaction.execute(
            write,
            params![section.as_str(), now.epoch(), number(Revision::ZERO.get())?],
        )?;
    }
    transaction.commit()?;
    Ok(())
}
