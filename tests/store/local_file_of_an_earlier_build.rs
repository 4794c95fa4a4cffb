//! A file that an earlier build made goes on: read as it is, and given what it lacks when it is opened for writing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use discfg::engine::local::{LocalEngine, OpenMode};
use discfg::model::{Change, Encoding, Key, Mutation, Revision, Section, SystemClock, TtlChoice, Value};
use discfg::store::{Store, StoreError, StoreExt as _, Txn};
use futures::TryStreamExt as _;
use rusqlite::Connection;

/// Layout 1 as its first files have it.
const FIRST: &str = "
CREATE TABLE meta (id INTEGER PRIMARY KEY CHECK (id = 1), history_days INTEGER NOT NULL) STRICT;
CREATE TABLE section (
  section TEXT PRIMARY KEY, created INTEGER NOT NULL, revision INTEGER NOT NULL, changes INTEGER NOT NULL,
  commit_id TEXT, modified INTEGER
) STRICT, WITHOUT ROWID;
CREATE TABLE entry (
  key TEXT PRIMARY KEY, version INTEGER NOT NULL, revision INTEGER NOT NULL, created INTEGER NOT NULL,
  modified INTEGER NOT NULL, by TEXT NOT NULL, secret INTEGER NOT NULL, ttl INTEGER, expires INTEGER,
  kind TEXT NOT NULL, value ANY NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX entry_expires ON entry (expires) WHERE expires IS NOT NULL;
CREATE TABLE log (
  section TEXT NOT NULL, revision INTEGER NOT NULL, line INTEGER NOT NULL, lines INTEGER NOT NULL,
  key TEXT NOT NULL, at INTEGER NOT NULL, by TEXT NOT NULL, commit_id TEXT NOT NULL, expires INTEGER NOT NULL,
  version INTEGER, secret INTEGER, ttl INTEGER, entry_expires INTEGER, kind TEXT,
  prev_version INTEGER, prev_revision INTEGER, prev_secret INTEGER, prev_created INTEGER, prev_modified INTEGER,
  prev_by TEXT, prev_kind TEXT, value ANY, prev_value ANY,
  PRIMARY KEY (section, revision, line)
) STRICT, WITHOUT ROWID;
PRAGMA application_id = 0x64636667;
PRAGMA user_version = 1;
";

/// What an earlier build writes for `set /db/a N` under that id, as revision N.
fn write_as_before(file: &Connection, n: u32, id: &str) {
    let statements = format!(
        "INSERT OR REPLACE INTO entry VALUES ('/db/a', {n}, {n}, 100, 100, 'before', 0, NULL, NULL, 'text', '{n}');
         INSERT OR REPLACE INTO section VALUES ('/db', 100, {n}, 1, '{id}', 100);
         INSERT INTO log (section, revision, line, lines, key, at, by, commit_id, expires, version, secret, kind, value)
         VALUES ('/db', {n}, 0, 1, '/db/a', 100, 'before', '{id}', 99999999999, {n}, 0, 'text', '{n}');"
    );
    file.execute_batch(&statements).expect("the columns of then");
}

/// A folder with a file of two commits, and a client that is not ours.
fn earlier_file() -> (tempfile::TempDir, PathBuf, Connection) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("mycfg.db");
    let file = Connection::open(&path).expect("SQLite makes it");
    file.pragma_update(None, "journal_mode", "WAL").expect("a log");
    file.execute_batch(FIRST).expect("the layout of then");
    write_as_before(&file, 1, "first");
    write_as_before(&file, 2, "second");
    (folder, path, file)
}

fn open(path: &Path, mode: OpenMode) -> LocalEngine {
    LocalEngine::open(path, mode, Arc::new(SystemClock), "tester").expect("a file of layout 1")
}

fn key(text: &str) -> Key {
    text.parse().expect(text)
}

fn set(at: &str, to: &str, ttl: TtlChoice) -> Mutation {
    Mutation::Set {
        key: key(at),
        value: Value::new(to, Encoding::Text).expect("a value"),
        secret: discfg::model::Secrecy::Keep,
        ttl,
    }
}

async fn log(engine: &LocalEngine) -> Vec<Change> {
    let section: Section = "/db".parse().expect("a section");
    let lines = engine.changes(&section, Revision::ZERO);
    lines.try_collect().await.expect("the log")
}

fn recorded(id: &str, change: Mutation) -> Txn {
    Txn {
        id: id.parse().expect(id),
        recorded: true,
        ..Txn::new(vec![change])
    }
}

#[tokio::test]
async fn it_is_read_as_it_is() {
    let (_folder, path, file) = earlier_file();
    let reader = open(&path, OpenMode::Read);
    let lines = log(&reader).await;
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[1].by, "before");
    assert!(lines.iter().all(|line| line.with.is_empty()));
    let history: Vec<Change> = reader
        .history(&key("/db/a"), None)
        .try_collect()
        .await
        .expect("the log of the key");
    assert_eq!(history.len(), 2);
    let refused = reader
        .commit(Txn::new(vec![set("/db/a", "3", TtlChoice::Never)]))
        .await;
    assert!(matches!(refused, Err(StoreError::ReadOnly)), "{refused:?}");
    let columns: i64 = file
        .query_row("SELECT count(*) FROM pragma_table_info('log')", [], |row| {
            row.get(0)
        })
        .expect("a number");
    assert_eq!(columns, 23, "who reads changes nothing");
}

#[tokio::test]
async fn it_is_given_what_it_lacks_when_it_is_written() {
    let (_folder, path, file) = earlier_file();
    let reader = open(&path, OpenMode::Read);
    assert_eq!(log(&reader).await.len(), 2);
    // Each of several that open it at once finds it whole.
    let opening: Vec<_> = (0..4)
        .map(|_| {
            let path = path.clone();
            std::thread::spawn(move || open(&path, OpenMode::Write))
        })
        .collect();
    let writers: Vec<LocalEngine> = opening
        .into_iter()
        .map(|thread| thread.join().expect("it opens"))
        .collect();
    drop(open(&path, OpenMode::Create));
    let writer = &writers[0];

    let again = writer
        .commit(recorded("first", set("/db/a", "1", TtlChoice::Never)))
        .await;
    let again = again.expect("an earlier build has made it");
    assert_eq!(again.heads[0].revision, Revision::new(1));
    let hour = "1h".parse().expect("an hour");
    let leased = writer.commit(Txn::new(vec![
        set("/db/a", "3", TtlChoice::For(hour)),
        set("/app/a", "1", TtlChoice::Never),
    ]));
    let leased = leased.await.expect("no guards").changes[0].entry.clone();
    let replacing = writer.commit(Txn::new(vec![set("/db/a", "4", TtlChoice::Never)]));
    replacing.await.expect("no guards");
    // Who opened it before sees it, too.
    for engine in [writer, &reader] {
        let lines = log(engine).await;
        let app: Section = "/app".parse().expect("a section");
        assert_eq!(lines[2].with, BTreeMap::from([(app, Revision::new(1))]));
        assert_eq!(lines[3].replaced(), Ok(leased.clone()));
    }

    // An earlier build that has it open still goes on.
    write_as_before(&file, 5, "meanwhile");
    assert_eq!(log(writer).await.len(), 5);
    let again = writer.commit(recorded("meanwhile", set("/db/a", "5", TtlChoice::Never)));
    again.await.expect("it is made already");
    let entry = writer
        .get(&key("/db/a"), discfg::store::Consistency::Strong)
        .await;
    assert_eq!(entry.expect("a get").expect("it is there").version, 5);
    let value = Value::new("6", Encoding::Text).expect("a value");
    let next = writer.set(&key("/db/a"), value).await.expect("no guards");
    assert_eq!(next.revision, Revision::new(6));
}

#[tokio::test]
async fn its_old_values_are_purged() {
    let (_folder, path, file) = earlier_file();
    let reader = open(&path, OpenMode::Read);
    let writer = open(&path, OpenMode::Write);
    let purged = writer.purge(&key("/db/a")).await.expect("its lines are old");
    assert_eq!((purged.lines, purged.kept), (1, Some(Revision::new(2))));
    let lines = log(&reader).await;
    assert!(lines[0].is_purged() && !lines[1].is_purged());
    // An earlier build doesn't take it for a delete: that has no kind.
    let kind = file.query_row(
        "SELECT kind FROM log WHERE revision = 1 AND value IS NULL",
        [],
        |row| row.get::<_, String>(0),
    );
    assert_eq!(kind, Ok("text".into()));
}

#[tokio::test]
async fn who_reads_alone_does_without_what_came_last() {
    let (_folder, path, _) = earlier_file();
    let writer = open(&path, OpenMode::Write);
    let txn = Txn::new(vec![set("/db/a", "3", TtlChoice::Never)]);
    let txn = txn.with_message(Some("why".parse().expect("a message")));
    writer.commit(txn).await.expect("no guards");
    drop(writer);
    let file = Connection::open(&path).expect("SQLite opens it");
    for column in ["purged", "prev_purged"] {
        file.execute(&format!("ALTER TABLE log DROP COLUMN {column}"), [])
            .expect("a build before it has the rest");
    }
    let lines = log(&open(&path, OpenMode::Read)).await;
    assert_eq!(lines[2].message.as_deref(), Some("why"));
}
