//! A watch that dies within a resync, and one that follows it as the help of `watch` says.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use rusqlite::Connection;
use serde_json::{Value, json};

use support::cli::Place;
use support::config::embedded;

const KEYS: usize = 1500;

/// What a consumer knows of the section `/db`, and after which revision it goes on.
struct Consumer {
    values: BTreeMap<String, Value>,
    /// The keys of a resync that hasn't ended.
    resynced: BTreeMap<String, Value>,
    after: u64,
}

impl Consumer {
    fn take(&mut self, line: &Value) {
        let text = |field: &str| line[field].as_str().map(str::to_owned);
        let revision = line["revision"].as_u64().expect("a revision");
        let is_last = line["index"].as_u64().map(|index| index + 1) == line["of"].as_u64();
        match (text("op").as_deref(), text("key")) {
            (Some("resync"), None) => {
                self.values = std::mem::take(&mut self.resynced);
                self.after = revision;
            }
            (Some("set"), Some(key)) if line["resync"] == true => {
                self.resynced.insert(key, line["value"].clone());
            }
            (Some("set"), Some(key)) => {
                self.values.insert(key, line["value"].clone());
                self.after = if is_last { revision } else { self.after };
            }
            (Some("delete"), Some(key)) => {
                self.values.remove(&key);
                self.after = if is_last { revision } else { self.after };
            }
            _ => panic!("{line}"),
        }
    }
}

/// The log reaches back to the middle of what was written since `/db/gone` was, which is deleted now.
fn place_with_a_short_log() -> Place {
    let place = embedded();
    place.args(["set", "db/gone", "old"]).run().code(0);
    let mut file = String::from("/db/k0: v0");
    for key in 1..KEYS {
        let _ = write!(file, "\n/db/k{key}: v{key}");
    }
    place.write("keys.yaml", file);
    place
        .args(["import", "-d", "keys.yaml", "--batch", "-q"])
        .run()
        .code(0);
    place.args(["delete", "db/gone"]).run().code(0);
    let database = Connection::open(place.home().join("data/discfg/mycfg.db")).expect("SQLite opens it");
    let oldest = "DELETE FROM log WHERE revision <= (SELECT max(revision) / 2 FROM log)";
    assert!(database.execute(oldest, []).expect("the log's table") > KEYS / 4);
    place
}

#[test]
fn a_watch_that_dies_within_a_resync_loses_nothing_when_it_is_resumed() {
    let place = place_with_a_short_log();
    // The reader is gone; the watch is killed while it writes to a full pipe, and ended in order.
    for (number, (ending, lines)) in [
        (":", 700),
        (":", KEYS),
        ("kill -s KILL $pid", 1),
        ("kill -s KILL $pid", 1100),
        ("kill -s TERM $pid", 300),
        // With the line that ends the resync.
        ("kill -s KILL $pid", KEYS + 1),
    ]
    .into_iter()
    .enumerate()
    {
        let script = format!(
            "mkfifo pipe{number}
            discfg watch /db --after 1 -f json --interval 50ms > pipe{number} 2>/dev/null & pid=$!
            {{ head -n {lines} > seen; {ending}; }} < pipe{number}
            kill -s KILL $pid 2>/dev/null; wait $pid; true"
        );
        place.shell(&script).run().code(0);
        let mut consumer = Consumer {
            values: BTreeMap::from([("/db/gone".to_owned(), json!("old"))]),
            resynced: BTreeMap::new(),
            after: 1,
        };
        let seen = fs::read_to_string(place.dir().join("seen")).expect("what head kept");
        assert_eq!(seen.lines().count(), lines);
        for line in seen.lines() {
            consumer.take(&serde_json::from_str(line).expect("a line of JSON"));
        }
        let last = format!("/db/last{number}");
        place.args(["set", &last, "x"]).run().code(0);
        let after = consumer.after.to_string();
        let call = [
            "watch",
            "/db",
            "--after",
            &after,
            "-f",
            "json",
            "--interval",
            "50ms",
        ];
        let resumed = place.args(call).start();
        // What is left over of the watch that died isn't a resync of this one.
        consumer.resynced.clear();
        while !consumer.values.contains_key(&last) {
            consumer.take(&resumed.json());
        }
        let held = place
            .args(["export", "--prefix", "/db", "-f", "json", "--flat"])
            .run()
            .code(0)
            .json();
        let held: BTreeMap<String, Value> = serde_json::from_value(held).expect("an object");
        let relative = |(key, value): (String, Value)| (key["/db/".len()..].to_owned(), value);
        let known: BTreeMap<String, Value> = consumer.values.into_iter().map(relative).collect();
        assert!(
            known == held,
            "{lines} lines, {ending}: {} of {} keys",
            known.len(),
            held.len()
        );
    }
}
