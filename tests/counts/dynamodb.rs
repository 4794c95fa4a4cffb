//! What commands ask of a table by the caller's own credentials.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use discfg::model::TestClock;
use serde_json::json;
use tokio::runtime::Runtime;

use support::cli::Place;
use support::config::behind_proxy;
use support::counts::{self, Asked};
use support::stores::{set_all, store_at};

use super::asking::{Row, Watched, ten};

/// In their turn: each finds what those before it left.
const EVERYDAY: &[Row] = &[
    ("version", 0, &["version"]),
    ("which", 0, &["which"]),
    ("use", 0, &["use", "mycfg"]),
    ("get", 0, &["get", "db/url"]),
    ("get, a key that isn't there", 3, &["get", "db/none"]),
    ("get --eventual", 0, &["get", "db/url", "--eventual"]),
    (
        "get, two keys that are there and one that isn't",
        3,
        &["get", "mycfg", "db/url", "app/name", "db/none"],
    ),
    ("get --revision", 0, &["get", "db/url", "--revision", "1"]),
    ("set, a key that is there", 0, &["set", "db/url", "two"]),
    ("set, a new key", 0, &["set", "db/new", "one"]),
    ("set, a new section", 0, &["set", "web/new", "one"]),
    (
        "set, guarded",
        0,
        &["set", "db/url", "three", "--if-value", "two"],
    ),
    (
        "set, a guard that fails",
        4,
        &["set", "db/url", "four", "--if-absent"],
    ),
    ("set --field", 0, &["set", "app/json", "2", "--field", "/a"]),
    ("touch", 0, &["touch", "db/new", "--ttl", "1h"]),
    ("delete", 0, &["delete", "db/new"]),
    ("delete, a key that isn't there", 3, &["delete", "db/none"]),
    ("set, two keys of two sections", 0, &["set", "db/p=1", "web/p=2"]),
    (
        "delete, two keys of two sections",
        0,
        &["delete", "mycfg", "db/p", "web/p"],
    ),
    (
        "delete, a key that isn't there among two",
        3,
        &["delete", "mycfg", "db/url", "web/p"],
    ),
    ("ls, the top of three sections", 0, &["ls"]),
    ("ls, one section", 0, &["ls", "/db"]),
    ("ls -r, three sections", 0, &["ls", "-r"]),
    ("ls -r, one section", 0, &["ls", "-r", "/db"]),
    ("find, three sections", 0, &["find", "url"]),
    (
        "find --prefix",
        0,
        &["find", "url", "--in-values", "--prefix", "/db"],
    ),
    ("info, three sections", 0, &["info"]),
    ("info, one section", 0, &["info", "--prefix", "/db"]),
    ("history", 0, &["history", "db/url"]),
    ("history, three sections", 0, &["history"]),
    ("history --prefix", 0, &["history", "--prefix", "db"]),
    ("diff, two sections", 1, &["diff", "/db", "/app"]),
    ("diff, a section with its past", 1, &["diff", "/db@1", "/db"]),
    ("export, one section", 0, &["export", "--prefix", "/db"]),
    (
        "export, two sections",
        0,
        &["export", "--prefix", "/db", "--prefix", "/app"],
    ),
    ("export, three sections", 0, &["export"]),
    ("exec, one section", 0, &["exec", "--prefix", "/db", "--", "true"]),
    (
        "exec, two sections",
        0,
        &["exec", "--prefix", "/db", "--prefix", "/app", "--", "true"],
    ),
    ("exec, three sections", 0, &["exec", "--", "true"]),
    (
        "watch --after, which finds a change",
        0,
        &["watch", "/db", "--after", "1", "--once"],
    ),
    ("rollback, a key", 0, &["rollback", "db/url", "--to", "1"]),
    (
        "rollback, a section",
        0,
        &["rollback", "--prefix", "/db", "--to", "3", "--yes"],
    ),
    (
        "apply, ten new keys",
        0,
        &["apply", "--yes", "-d", "ten.json", "--prefix", "/ten"],
    ),
    (
        "apply, ten keys that are so",
        0,
        &["apply", "--yes", "-d", "ten.json", "--prefix", "/ten"],
    ),
    (
        "apply, one of ten keys",
        0,
        &["apply", "--yes", "-d", "one.json", "--prefix", "/ten"],
    ),
    (
        "import, ten keys",
        0,
        &["import", "-d", "other.json", "--prefix", "/ten"],
    ),
    (
        "import, ten keys that are so",
        0,
        &["import", "-d", "other.json", "--prefix", "/ten"],
    ),
    ("copy, two keys", 0, &["copy", "/db", "/copy", "--yes"]),
    (
        "copy, two keys that are so",
        0,
        &["copy", "/db", "/copy", "--yes"],
    ),
    ("move, two keys", 0, &["move", "/copy", "/moved", "--yes"]),
    ("move, a key", 0, &["move", "/moved/url", "/moved/uri", "--yes"]),
    ("delete -r, two keys", 0, &["delete", "-r", "/moved", "--yes"]),
    ("edit, a key", 0, &["edit", "db/url", "--yes"]),
    ("edit, nothing saved", 0, &["edit", "db/url", "--yes"]),
    (
        "edit, one key of a section",
        0,
        &["edit", "--prefix", "/db", "--yes"],
    ),
];

/// An editor that changes one value.
const EDITOR: &str =
    "case $1 in *.yaml) sed -i 's/^url: .*/url: listed/' \"$1\" ;; *) echo edited >\"$1\" ;; esac";

#[test]
fn everyday_commands() {
    let (_account, proxy, place) = behind_proxy();
    let watched = Watched::through(&proxy);
    // As itself the writer is looked up once, by the first of them.
    for key in ["db/url", "db/user", "app/name"] {
        place.args(["set", key, "one"]).run().code(0);
    }
    place.args(["set", "app/json", "{\"a\": 1}"]).run().code(0);
    ten(&place, "ten.json", "one");
    ten(&place, "other.json", "two");
    place.write("one.json", "{\"k0\": \"three\"}");
    place.write("ed", EDITOR);
    let place = place.env("EDITOR", "sh ed");
    counts::hold("dynamodb.self", |counted| {
        for (row, code, args) in EVERYDAY {
            counted.asked(row, &watched.asked(&place, *code, args));
        }
        let look = a_look_of_watch(&watched, &place);
        counted.asked("watch, a look that finds nothing", &look);
    });
}

/// The last of several looks, while nothing happens.
fn a_look_of_watch(watched: &Watched<'_>, place: &Place) -> Asked {
    watched.proxy.forget();
    let args = ["watch", "/db", "--interval", "10ms", "--once", "-q"];
    let mut watch = place.args(args).start();
    while watched.proxy.count("BatchGetItem") < 5 {
        assert!(!watch.has_ended(), "nothing happened");
        thread::sleep(Duration::from_millis(5));
    }
    let look = watched.of_last();
    place.args(["set", "db/url", "seen"]).run().code(0);
    watch.end().code(0);
    look
}

/// A purge reads the key's entry and its section's log, and writes each line that it changes.
#[test]
fn purges() {
    let (account, proxy, place) = behind_proxy();
    let watched = Watched::through(&proxy);
    // As itself the writer is looked up once, by the first command that writes.
    place.args(["set", "app/name", "one"]).run().code(0);
    let clock = TestClock::new();
    // Only what is older than two minutes is purged.
    clock.advance(-600);
    let store = store_at(&account, &account.url(), Some(Arc::new(clock)));
    let runtime = Runtime::new().expect("a runtime");
    for value in ["one", "two", "three"] {
        runtime.block_on(set_all(&*store, &[("/db/url", value), ("/db/user", value)]));
    }
    let rows: &[Row] = &[
        ("purge --dry-run", 0, &["purge", "db/url", "--dry-run"]),
        ("purge, three lines", 0, &["purge", "db/url", "--yes"]),
        ("purge, nothing left", 0, &["purge", "db/url", "--yes"]),
    ];
    counts::hold("dynamodb.purges", |counted| {
        for (row, code, args) in rows {
            counted.asked(row, &watched.asked(&place, *code, args));
        }
    });
}

#[test]
fn imports() {
    let (account, proxy, place) = behind_proxy();
    let watched = Watched::through(&proxy);
    for n in 0..25 {
        let input = json!({"Name": format!("/prod/k{n:02}"), "Type": "String", "Value": "one"});
        account.json("ssm", "AmazonSSM.PutParameter", &input);
        let input = json!({"Name": format!("prod/k{n:02}"), "SecretString": "one"});
        account.json("secretsmanager", "secretsmanager.CreateSecret", &input);
    }
    // As itself the writer is looked up once.
    place.args(["set", "db/url", "one"]).run().code(0);
    let rows: &[Row] = &[
        (
            "25 parameters",
            0,
            &["import", "ssm:/prod/", "--prefix", "parameters"],
        ),
        (
            "25 parameters that are so",
            0,
            &["import", "ssm:/prod/", "--prefix", "parameters"],
        ),
        (
            "25 secrets",
            0,
            &["import", "secretsmanager:prod/*", "--prefix", "secrets"],
        ),
        (
            "25 secrets that are so",
            0,
            &["import", "secretsmanager:prod/*", "--prefix", "secrets"],
        ),
        (
            "one secret by its name",
            0,
            &["import", "secretsmanager:prod/k00"],
        ),
    ];
    counts::hold("dynamodb.import", |counted| {
        for (row, code, args) in rows {
            counted.asked(row, &watched.asked(&place, *code, args));
        }
    });
}

#[test]
fn secrets() {
    let (_account, proxy, place) = behind_proxy();
    let watched = Watched::through(&proxy);
    place.args(["set", "db/url", "one"]).run().code(0);
    let rows: &[Row] = &[
        ("set --secret, a new key", 0, &["set", "db/pw", "one", "--secret"]),
        ("set, a key that holds a secret", 0, &["set", "db/pw", "two"]),
        ("get", 0, &["get", "db/pw"]),
        ("ls -r", 0, &["ls", "-r", "/db"]),
        ("info", 0, &["info", "--prefix", "/db"]),
        ("export", 0, &["export", "--prefix", "/db"]),
        ("exec", 0, &["exec", "--prefix", "/db", "--", "true"]),
        ("copy", 0, &["copy", "/db", "/copy", "--yes"]),
        ("move", 0, &["move", "/copy", "/moved", "--yes"]),
        ("rollback", 0, &["rollback", "db/pw", "--to", "2"]),
        ("set --plain", 0, &["set", "db/pw", "three", "--plain"]),
    ];
    counts::hold("dynamodb.secrets", |counted| {
        for (row, code, args) in rows {
            counted.asked(row, &watched.asked(&place, *code, args));
        }
    });
}
