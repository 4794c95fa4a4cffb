//! One process with a clock that is far ahead writes into an embedded config, and what others wrote is kept.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use discfg::engine::local::{LocalEngine, OpenMode};
use discfg::model::{Change, Clock as _, Encoding, Key, Mutation, Secrecy, TestClock, TtlChoice, Value};
use discfg::store::{Admin as _, Consistency, Meta, Store as _, Txn};
use futures::TryStreamExt as _;
use rusqlite::Connection;

const DAY: i64 = 24 * 3600;

fn open(path: &Path, clock: &Arc<TestClock>) -> LocalEngine {
    LocalEngine::open(path, OpenMode::Create, clock.clone(), "tester").expect("a file")
}

async fn set(engine: &LocalEngine, key: &str, value: &str, ttl: TtlChoice) {
    let change = Mutation::Set {
        key: key.parse().expect(key),
        value: Value::new(value, Encoding::Text).expect(value),
        secret: Secrecy::Keep,
        ttl,
    };
    engine.commit(Txn::new(vec![change])).await.expect("no guards");
}

async fn history(engine: &LocalEngine) -> usize {
    let key: Key = "/db/url".parse().expect("a key");
    let lines: Vec<Change> = engine.history(&key, None).try_collect().await.expect("a log");
    lines.len()
}

#[tokio::test]
async fn a_commit_by_a_clock_that_is_ahead_drops_no_history_and_no_lease() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("mycfg.db");
    let (right, ahead) = (Arc::new(TestClock::new()), Arc::new(TestClock::new()));
    ahead.advance(40 * DAY);
    let here = open(&path, &right);
    let lease = TtlChoice::For("2h".parse().expect("hours"));
    set(&here, "/locks/a", "me", lease).await;
    for value in ["1", "2"] {
        set(&here, "/db/url", value, TtlChoice::Never).await;
    }
    let there = open(&path, &ahead);
    for value in ["3", "4"] {
        set(&there, "/db/url", value, TtlChoice::Never).await;
        // A section of its own changes nothing about that.
        set(&there, &format!("/new{value}/k"), value, TtlChoice::Never).await;
    }
    assert_eq!(history(&here).await, 4);
    right.advance(3600);
    set(&here, "/db/url", "5", TtlChoice::Never).await;
    set(&there, "/db/url", "6", TtlChoice::Never).await;
    assert_eq!(history(&here).await, 6);
    let held = here
        .get(&"/locks/a".parse().expect("a key"), Consistency::Strong)
        .await;
    assert!(held.expect("a get").is_some(), "it expires in an hour");

    // Time that does pass is believed a day later.
    let lines = || {
        let file = Connection::open(&path).expect("SQLite opens it");
        file.query_row("SELECT count(*) FROM log WHERE section = '/db'", [], |row| {
            row.get::<_, i64>(0)
        })
        .expect("a number")
    };
    right.advance(40 * DAY + 3600);
    assert!(right.now() > ahead.now());
    set(&here, "/db/url", "7", TtlChoice::Never).await;
    assert_eq!(lines(), 7);
    for _ in 0..2 {
        right.advance(DAY / 2);
        set(&here, "/db/url", "8", TtlChoice::Never).await;
    }
    // Those of the clock ahead are newer by their own word.
    assert_eq!(lines(), 9 - 2);
}

#[tokio::test]
async fn a_commit_by_a_clock_that_lags_keeps_its_history() {
    for lag in [40 * DAY, 50 * 365 * DAY] {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("mycfg.db");
        let (right, lagging) = (Arc::new(TestClock::new()), Arc::new(TestClock::new()));
        lagging.advance(-lag);
        let (here, there) = (open(&path, &right), open(&path, &lagging));
        set(&here, "/db/url", "1", TtlChoice::Never).await;
        set(&here, "/other/k", "1", TtlChoice::Never).await;
        for value in ["2", "3"] {
            set(&there, "/db/url", value, TtlChoice::Never).await;
            lagging.advance(60);
            right.advance(60);
            set(&here, "/other/k", value, TtlChoice::Never).await;
        }
        set(&here, "/db/url", "4", TtlChoice::Never).await;
        assert_eq!(history(&here).await, 4, "{lag}");
        right.advance(29 * DAY);
        set(&here, "/db/url", "5", TtlChoice::Never).await;
        assert_eq!(history(&here).await, 5, "{lag}");
        let key: Key = "/db/url".parse().expect("a key");
        let lines: Vec<Change> = here.history(&key, None).try_collect().await.expect("a log");
        assert!(
            lines[3].at < lagging.now(),
            "it tells what its writer took for the time"
        );
    }
}

/// The pages of the file, and those of them that are free.
fn pages(path: &Path) -> (i64, i64) {
    let file = Connection::open(path).expect("SQLite opens it");
    let number = |pragma: &str| {
        file.pragma_query_value(None, pragma, |row| row.get(0))
            .expect(pragma)
    };
    assert_eq!(number("auto_vacuum"), 2, "incremental");
    (number("page_count"), number("freelist_count"))
}

#[tokio::test]
async fn overwriting_for_long_leaves_the_file_bounded() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("mycfg.db");
    let clock = Arc::new(TestClock::new());
    let engine = open(&path, &clock);
    let meta = Meta {
        history_days: 1,
        ..Meta::default()
    };
    engine.write_meta(meta).await.expect("the first");
    let size = || {
        let files = ["db", "db-wal", "db-shm"].map(|end| std::fs::metadata(path.with_extension(end)));
        let bytes = files.into_iter().filter_map(Result::ok).map(|file| file.len());
        bytes.sum::<u64>()
    };
    // 50 lines a day, of the value and the one before it.
    let mut largest = 0;
    for n in 0..2_000 {
        clock.advance(DAY / 50);
        let value = n.to_string().repeat(20_000 / n.to_string().len());
        set(&engine, &format!("/db/k{}", n % 5), &value, TtlChoice::Never).await;
        largest = largest.max(size());
    }
    // Of 80 MB that were written, 2 MB are history; the log before a checkpoint comes on top.
    assert!(largest < 12_000_000, "{largest} bytes");
    drop(engine);
    // The thread of the last commit may still hold the file, whose log is emptied by who leaves last.
    let deadline = Instant::now() + Duration::from_secs(20);
    while size() >= 5_000_000 && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(size() < 5_000_000, "{} bytes", size());
}

#[tokio::test]
async fn the_file_shrinks_once_its_history_is_removed() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("mycfg.db");
    let clock = Arc::new(TestClock::new());
    let engine = open(&path, &clock);
    let value = "v".repeat(100_000);
    for n in 0..100 {
        set(&engine, &format!("/db/k{}", n % 5), &value, TtlChoice::Never).await;
    }
    let (full, _) = pages(&path);
    assert!(full > 4_000, "{full} pages of 4096 bytes");
    for _ in 0..200 {
        clock.advance(DAY / 3);
        set(&engine, "/db/url", "v", TtlChoice::Never).await;
    }
    let (left, free) = pages(&path);
    assert!(free <= 256 && left < 1_000, "{left} pages, {free} of them free");
    assert_eq!(engine.integrity_fault().await.expect("a check"), None);
    drop(engine);
    let bytes = std::fs::metadata(&path).expect("the file").len();
    assert!(bytes < 4_000_000, "{bytes} bytes");
}
