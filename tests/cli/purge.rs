//! Old values purged from the history of a key: what is left of them, and what says so.

use std::any::Any;
use std::fs;
use std::sync::Arc;

use discfg::engine::local::{LocalEngine, OpenMode};
use discfg::model::{Encoding, Mutation, Secrecy, TestClock, TtlChoice, Value};
use discfg::store::{Store, StoreExt as _, Txn};
use rusqlite::Connection;
use tokio::runtime::Runtime;

use support::account::Account;
use support::api_server::ApiServer;
use support::cli::{Outcome, Place};
use support::config::{CONFIG, TABLE, embedded, on_table};
use support::stores::{embedded_store, store_at};

/// A config whose first changes are older than a purge waits for.
struct Aged {
    place: Place,
    store: Arc<dyn Store>,
    clock: Arc<TestClock>,
    account: Option<Account>,
    _kept: Box<dyn Any>,
}

/// How long ago the first changes are, in seconds.
const AGO: i64 = 600;

impl Aged {
    fn clock() -> Arc<TestClock> {
        let clock = TestClock::new();
        clock.advance(-AGO);
        Arc::new(clock)
    }

    fn local() -> Self {
        let (place, clock) = (embedded(), Self::clock());
        let path = place.home().join("data/discfg").join(format!("{CONFIG}.db"));
        let store = LocalEngine::open(&path, OpenMode::Write, clock.clone(), "tester").expect("the file");
        Self {
            place,
            store: Arc::new(store),
            clock,
            account: None,
            _kept: Box::new(()),
        }
    }

    fn table() -> Self {
        let ((account, place), clock) = (on_table(), Self::clock());
        Self {
            place,
            store: store_at(&account, &account.url(), Some(clock.clone())),
            clock,
            account: Some(account),
            _kept: Box::new(()),
        }
    }

    fn api() -> Self {
        let clock = Self::clock();
        let (folder, store) = embedded_store(Some(clock.clone()));
        let server = ApiServer::over(store.clone());
        let place = Place::new()
            .env("DISCFG_ENGINE", server.url())
            .env("DISCFG_CONFIG", CONFIG);
        Self {
            place,
            store,
            clock,
            account: None,
            _kept: Box::new((folder, server)),
        }
    }

    /// Commits these changes ten minutes ago, and gives the commit's ID.
    fn commit(&self, changes: Vec<Mutation>) -> String {
        let committed = Runtime::new()
            .expect("a runtime")
            .block_on(self.store.write(Txn::new(changes)))
            .expect("no guards");
        committed.commit.to_string()
    }

    fn set(&self, key: &str, value: &str) -> String {
        self.commit(vec![set(key, value, Secrecy::Keep)])
    }

    /// From now on it is now.
    fn settle(&self) {
        self.clock.advance(AGO);
    }

    fn run(&self, args: &[&str]) -> Outcome {
        self.place.args(args).run()
    }

    fn done(&self, args: &[&str]) -> Outcome {
        self.run(args).code(0)
    }
}

fn set(key: &str, value: &str, secret: Secrecy) -> Mutation {
    Mutation::Set {
        key: key.parse().expect("a key"),
        value: Value::new(value, Encoding::Text).expect("a value"),
        secret,
        ttl: TtlChoice::Never,
    }
}

fn delete(key: &str) -> Mutation {
    Mutation::delete(key.parse().expect("a key"))
}

macro_rules! on_each_engine {
    ($($name:ident),+ $(,)?) => {
        mod on_the_embedded_engine {
            $(#[test]
            fn $name() {
                super::$name(&super::Aged::local());
            })+
        }

        mod on_dynamodb {
            $(#[test]
            fn $name() {
                super::$name(&super::Aged::table());
            })+
        }

        mod behind_an_api {
            $(#[test]
            fn $name() {
                super::$name(&super::Aged::api());
            })+
        }
    };
}

on_each_engine!(
    old_values_go_and_the_history_says_so,
    it_asks_first_and_a_dry_run_changes_nothing,
    going_back_to_what_was_purged_fails_and_writes_nothing,
    a_deleted_key_does_not_look_as_if_it_had_never_been,
    what_changed_just_now_is_kept,
    a_watch_that_is_behind_starts_over,
    a_key_that_never_was_is_not_found,
);

fn old_values_go_and_the_history_says_so(aged: &Aged) {
    aged.set("/db/password", "hunter2");
    aged.set("/db/password", "hunter3");
    aged.commit(vec![set("/db/password", "hunter3", Secrecy::Secret)]);
    aged.set("/db/other", "plain");
    aged.settle();
    aged.done(&["history", "db/password", "--values"])
        .stdout_has("hunter2");

    let outcome = aged.done(&["purge", "db/password", "--yes"]);
    assert_eq!(
        outcome.text(),
        "/db/password: removed old values from 3 lines of its history; the current value (revision 3) stays\n"
    );
    outcome
        .stderr_has("remain in ")
        .stderr_has("replace the secret itself");

    let history = aged.done(&["history", "db/password", "--values"]);
    let text = history.text();
    assert!(!text.contains("hunter"), "{text}");
    let shown: Vec<&str> = text.lines().filter_map(|line| line.split('\t').nth(1)).collect();
    assert_eq!(shown, ["(secret)", "(purged)", "(purged)"], "{text}");
    let json = aged.done(&["history", "db/password", "-f", "json"]).json();
    let lines = json["changes"].as_array().expect("lines");
    assert_eq!(lines[0]["masked"], true);
    assert!(lines[0].get("purged").is_none(), "{json}");
    for line in &lines[1..] {
        assert_eq!(line["purged"], true);
        assert!(line.get("value").is_none() && line["by"].is_string(), "{json}");
    }
    aged.done(&["get", "db/password", "--revision", "3", "-f", "json"]);
    aged.run(&["get", "db/password", "--revision", "2"])
        .code(3)
        .stdout("")
        .stderr_has("the value of /db/password at revision 2 was purged");
    // A default is for a key that isn't there, and this one was.
    aged.run(&["get", "db/password", "--revision", "1", "--default", "none"])
        .code(3)
        .stdout("");
    aged.done(&["get", "db/other", "--revision", "4"])
        .stdout("plain\n");
    aged.run(&["find", "hunter2", "--in-values"]).code(1);
    aged.done(&["info"]);

    aged.done(&["purge", "db/password", "--yes"])
        .stdout("/db/password: no old values in the history; the current value (revision 3) stays\n")
        .stderr("");
    if let Some(account) = &aged.account {
        let items = serde_json::to_string(&account.items(TABLE)).expect("JSON");
        assert!(!items.contains("hunter"), "{items}");
    }
}

fn it_asks_first_and_a_dry_run_changes_nothing(aged: &Aged) {
    aged.set("/db/password", "hunter2");
    aged.set("/db/password", "hunter3");
    aged.settle();
    aged.run(&["purge", "db/password"])
        .code(2)
        .stdout("")
        .stderr_has("use --yes")
        .stderr_has("Remove the old values of /db/password from 2 lines");
    let planned = aged
        .done(&["purge", "db/password", "--dry-run", "-f", "json"])
        .json();
    assert_eq!(
        planned,
        serde_json::json!({"action": "purge", "key": "/db/password", "result": "planned", "lines": 2, "kept": 2})
    );
    aged.done(&["get", "db/password", "--revision", "1"])
        .stdout("hunter2\n");
    let purged = aged.done(&["purge", "db/password", "-y", "-f", "json"]).json();
    assert_eq!(
        (&purged["result"], &purged["lines"]),
        (&"purged".into(), &2.into())
    );
    let again = aged.done(&["purge", "db/password", "-f", "json"]).json();
    assert_eq!(
        (&again["result"], &again["lines"]),
        (&"unchanged".into(), &0.into()),
        "nothing is asked where there is nothing to do"
    );
}

fn going_back_to_what_was_purged_fails_and_writes_nothing(aged: &Aged) {
    aged.commit(vec![
        set("/db/a", "old", Secrecy::Keep),
        set("/db/b", "1", Secrecy::Keep),
    ]);
    let second = aged.set("/db/a", "new");
    let third = aged.set("/db/b", "2");
    aged.settle();
    aged.done(&["purge", "db/a", "--yes"]);
    let heads = aged.done(&["info", "-f", "json"]).json();
    for args in [
        &["rollback", "db/a", "--to", "1"][..],
        &["rollback", "--prefix", "/db", "--to", "1", "--yes"],
        &["rollback", "--commit", &second, "--yes"],
        &["diff", "/db/@1", "/db/"],
        &["copy", "/db/@1", "/copy/", "--yes"],
        &["diff", "/db/a@1", "/db/a"],
    ] {
        aged.run(args)
            .code(3)
            .stderr_has("the value of /db/a at revision 1 was purged")
            .stderr_has("discfg history /db/a --values");
    }
    assert_eq!(aged.done(&["info", "-f", "json"]).json(), heads);
    // What is kept is as good as ever.
    aged.done(&["rollback", "--commit", &third, "--yes"]);
    aged.done(&["get", "db/b"]).stdout("1\n");
    aged.done(&["rollback", "--prefix", "/db", "--to", "2", "--yes"]);
    aged.done(&["get", "db/a"]).stdout("new\n");
}

fn a_deleted_key_does_not_look_as_if_it_had_never_been(aged: &Aged) {
    aged.set("/db/a", "old");
    aged.commit(vec![delete("/db/a")]);
    aged.settle();
    aged.done(&["purge", "db/a", "--yes"])
        .stdout("/db/a: removed old values from 2 lines of its history\n");
    for args in [
        &["rollback", "db/a", "--to", "1"][..],
        &["get", "db/a", "--revision", "1"],
        &["diff", "/db/@1", "/db/", "--allow-empty"],
    ] {
        aged.run(args)
            .code(3)
            .stderr_has("the value of /db/a at revision 1 was purged");
    }
    aged.run(&["get", "db/a", "--revision", "2"])
        .code(3)
        .stderr_has("not found at revision 2");
}

fn what_changed_just_now_is_kept(aged: &Aged) {
    aged.set("/db/a", "old");
    aged.settle();
    aged.done(&["set", "db/a", "new"]);
    let refused = aged.run(&["purge", "db/a", "--yes"]).code(4).stdout("");
    let refused = refused
        .stderr_has("key /db/a changed too recently")
        .stderr_has("nothing was purged; retry in 1");
    assert!(!refused.errors().contains("remain"), "{}", refused.errors());
    aged.done(&["get", "db/a", "--revision", "1"]).stdout("old\n");
}

fn a_watch_that_is_behind_starts_over(aged: &Aged) {
    aged.set("/db/a", "1");
    aged.set("/db/a", "2");
    aged.set("/db/a", "3");
    aged.settle();
    aged.done(&["purge", "db/a", "--yes"]);
    let ops = |after: &str| -> Vec<String> {
        let watch = ["watch", "db", "--after", after, "--once", "-f", "json"];
        let text = aged.done(&watch).text();
        let lines = text.lines().map(|line| {
            let line: serde_json::Value = serde_json::from_str(line).expect(line);
            let text = |field: &str| line[field].as_str().unwrap_or_default().to_owned();
            format!("{} {} {}", text("op"), line["revision"], text("value"))
        });
        lines.collect()
    };
    assert_eq!(ops("0"), ["set 3 3", "resync 3 "]);
    assert_eq!(ops("2"), ["set 3 3"], "what follows was not purged");
}

fn a_key_that_never_was_is_not_found(aged: &Aged) {
    aged.set("/db/a", "1");
    aged.settle();
    aged.run(&["purge", "db/none", "--yes"])
        .code(3)
        .stdout("")
        .stderr_has("key /db/none not found");
    aged.run(&["purge", "db/none", "--dry-run"]).code(3);
    aged.run(&["purge"]).code(2);
}

/// The bytes of old entries and lines stay in free parts of a file otherwise.
#[test]
fn nothing_of_what_was_purged_is_left_in_the_files() {
    let aged = Aged::local();
    let large = format!("hunter2{}", "x".repeat(20_000));
    for value in ["hunter2", &large, "hunter2 again", "hunter2 at last"] {
        aged.set("/db/password", value);
        aged.set("/db/other", value);
    }
    aged.commit(vec![set("/db/password", "sealed", Secrecy::Secret)]);
    aged.commit(vec![
        set("/db/lease", "hunter2", Secrecy::Keep),
        delete("/db/other"),
    ]);
    aged.commit(vec![delete("/db/lease")]);
    aged.settle();
    let folder = aged.place.home().join("data/discfg");
    let holds = |end: &str| {
        let bytes = fs::read(folder.join(format!("{CONFIG}.db{end}"))).unwrap_or_default();
        bytes.windows(7).any(|part| part == b"hunter2")
    };
    assert!(holds("") || holds("-wal"));
    for key in ["db/password", "db/other", "db/lease"] {
        aged.done(&["purge", key, "--yes"])
            .stderr_has("copies of the file");
    }
    assert!(!holds(""), "in the file");
    assert!(!holds("-wal"), "in the write-ahead log");
    aged.done(&["doctor", "-q"]);
}

/// A reader keeps the log as it was when it began.
#[test]
fn a_reader_of_the_file_is_waited_for_and_then_named() {
    let aged = Aged::local();
    aged.set("/db/password", "hunter2");
    aged.set("/db/password", "kept");
    aged.settle();
    let file = aged.place.home().join("data/discfg").join(format!("{CONFIG}.db"));
    let mut reader = Connection::open(&file).expect("SQLite opens it");
    let reading = reader.transaction().expect("a transaction");
    let lines = reading.query_row("SELECT count(*) FROM log", [], |row| row.get::<_, i64>(0));
    assert_eq!(lines, Ok(2));
    aged.run(&["purge", "db/password", "--yes"])
        .code(6)
        .stdout("")
        .stderr_has("a process that reads the file")
        .stderr_has("rerun the command");
    drop(reading);
    aged.done(&["purge", "db/password", "--yes"])
        .stdout_has("no old values in the history");
    for end in ["", "-wal"] {
        let bytes = fs::read(file.with_extension(format!("db{end}"))).unwrap_or_default();
        assert!(!bytes.windows(7).any(|part| part == b"hunter2"), "{end:?}");
    }
}
