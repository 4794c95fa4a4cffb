//! The past of keys: their log, older values, going back.

use serde_json::json;

use support::cli::{Outcome, Place};
use support::config::on_every_engine;

on_every_engine!(
    history_is_newest_first_and_outlives_the_key,
    an_older_value_is_read_from_the_log,
    a_key_goes_back_by_a_new_commit,
    a_deleted_key_comes_back_and_a_new_one_goes,
    all_below_a_prefix_goes_back_in_one_commit,
    a_time_to_live_comes_back_until_its_end,
    what_is_over_does_not_come_back,
    a_revision_that_was_not_is_refused,
    a_prefix_of_several_sections_has_no_revision,
    the_keys_at_the_root_roll_back_together,
    a_config_of_one_section_rolls_back_as_a_whole,
    a_path_of_the_other_kind_is_led_to_the_right_call,
    a_message_is_shown_where_the_change_is,
    the_history_of_a_config_goes_across_sections,
    a_commit_is_undone_as_a_whole,
);

fn run(place: &Place, args: &[&str]) -> Outcome {
    place.args(args).run()
}

fn done(place: &Place, args: &[&str]) -> Outcome {
    run(place, args).code(0)
}

fn history_is_newest_first_and_outlives_the_key(place: &Place) {
    done(place, &["set", "db/url", "one"]);
    done(place, &["set", "db/other", "x"]);
    done(place, &["set", "db/url", "{\"n\":1.10}"]);
    done(place, &["delete", "db/url"]);
    let answer = done(place, &["history", "db/url", "-f", "json"]);
    assert!(
        answer.text().contains(r#""value":{"n":1.10}"#),
        "{}",
        answer.text()
    );
    let answer = answer.json();
    assert_eq!(answer["action"], "history");
    assert_eq!(answer["key"], "/db/url");
    let changes = answer["changes"].as_array().expect("a list");
    let seen: Vec<_> = changes
        .iter()
        .map(|line| {
            (
                line["revision"].as_u64(),
                line["op"].as_str(),
                line["version"].as_u64(),
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            (Some(4), Some("delete"), None),
            (Some(3), Some("set"), Some(2)),
            (Some(1), Some("set"), Some(1))
        ]
    );
    assert_eq!(changes[2]["value"], "one");

    let human = done(place, &["history", "db/url", "-n", "2"]).text();
    let lines: Vec<&str> = human.lines().collect();
    assert_eq!(lines.len(), 2, "{human}");
    assert!(lines[0].contains("r4") && lines[0].contains("delete"), "{human}");
    assert!(lines[1].contains("r3") && lines[1].contains("v2"), "{human}");
    assert!(!human.contains("1.10"), "no values unless asked: {human}");
    done(place, &["history", "db/url", "--values", "--before", "3"]).stdout_has("\tone\n");
    done(place, &["history", "db/url", "-f", "raw"]).stdout("4\n3\n1\n");
    run(place, &["history", "db/none"])
        .code(3)
        .stdout("")
        .stderr_has("no history for /db/none");
}

fn an_older_value_is_read_from_the_log(place: &Place) {
    done(place, &["set", "db/url", "one"]);
    done(place, &["set", "db/url", "two"]);
    done(place, &["set", "db/other", "x"]);
    done(place, &["delete", "db/url"]);
    let at = |revision: &str| run(place, &["get", "db/url", "--revision", revision]);
    at("1").code(0).stdout("one\n");
    at("2").code(0).stdout("two\n");
    at("3").code(0).stdout("two\n");
    at("4")
        .code(3)
        .stdout("")
        .stderr_has("key /db/url not found at revision 4");
    at("0").code(3).stdout("");
    let node = done(place, &["get", "db/url", "--revision", "3", "-f", "json"]).json();
    assert_eq!(node["node"]["revision"], 2);
    assert_eq!(node["node"]["version"], 2);
    run(place, &["get", "db/url", "--revision", "4", "--default", "d"])
        .code(0)
        .stdout("d\n");
}

fn a_key_goes_back_by_a_new_commit(place: &Place) {
    done(place, &["set", "url", "one"]);
    done(place, &["set", "url", "two", "--ttl", "1h"]);
    let back = done(place, &["rollback", "url", "--to", "1", "-f", "json"]).json();
    assert_eq!(back["action"], "rollback");
    assert_eq!(back["node"]["value"], "one");
    assert_eq!(back["node"]["version"], 3);
    assert_eq!(back["node"]["revision"], 3);
    assert_eq!(back["node"]["ttl"], json!(null));
    assert_eq!(back["prevNode"]["value"], "two");
    done(place, &["rollback", "url", "--to", "1"]).stdout("/url: unchanged\n");
    done(place, &["rollback", "url", "--to", "2", "--dry-run"]).stdout("~ /url\n/url: planned\n");
    done(place, &["rollback", "url", "--to", "2", "--dry-run", "--values"])
        .stdout("~ /url\tone -> two\n/url: planned\n");
    done(place, &["get", "url"]).stdout("one\n");
    done(place, &["rollback", "url", "--to", "2"])
        .stdout("/url: rolled back to revision 2; version 4, revision 4\n");
    done(place, &["get", "url"]).stdout("two\n");
}

fn a_deleted_key_comes_back_and_a_new_one_goes(place: &Place) {
    done(place, &["set", "db/a", "one"]);
    done(place, &["delete", "db/a"]);
    done(place, &["set", "db/b", "new"]);
    done(place, &["rollback", "db/a", "--to", "1", "--dry-run"]).stdout("+ /db/a\n/db/a: planned\n");
    done(place, &["rollback", "db/b", "--to", "1", "--dry-run"]).stdout("- /db/b\n/db/b: planned\n");
    done(place, &["rollback", "db/a", "--to", "1"]).stdout_has("version 1, revision 4");
    done(place, &["get", "db/a"]).stdout("one\n");
    done(place, &["rollback", "db/b", "--to", "1"])
        .stdout("/db/b: rolled back to revision 1 (deleted); revision 5\n");
    run(place, &["get", "db/b"]).code(3);
}

fn all_below_a_prefix_goes_back_in_one_commit(place: &Place) {
    for (key, value) in [("db/a", "1"), ("db/b", "1"), ("db/pool/max", "1"), ("dbx/a", "1")] {
        done(place, &["set", key, value]);
    }
    done(place, &["set", "db/a", "2"]);
    done(place, &["delete", "db/pool/max"]);
    done(place, &["set", "db/new", "2"]);
    done(place, &["set", "dbx/a", "2"]);
    let back = ["rollback", "--prefix", "/db", "--to", "3"];
    run(place, &back)
        .code(2)
        .stdout("")
        .stderr_has("~ /db/a\n")
        .stderr_has("- /db/new\n")
        .stderr_has("+ /db/pool/max\n")
        .stderr_has("use --yes");
    done(place, &["get", "db/a"]).stdout("2\n");
    let done_so = done(place, &[&back[..], &["--yes", "-f", "json"]].concat()).json();
    assert_eq!(done_so["result"], "applied");
    assert_eq!(
        (
            &done_so["added"],
            &done_so["changed"],
            &done_so["removed"],
            &done_so["unchanged"]
        ),
        (&json!(1), &json!(1), &json!(1), &json!(1))
    );
    assert_eq!(done_so["sections"], json!([{"name": "/db", "revision": 7}]));
    done(place, &["ls", "-r", "db"]).stdout("/db/a\n/db/b\n/db/pool/max\n");
    done(place, &["get", "db/a"]).stdout("1\n");
    done(place, &["get", "dbx/a"]).stdout("2\n");
    done(place, &[&back[..], &["--yes"]].concat()).stdout_has("mycfg: unchanged");
    done(place, &["diff", "/db", "/db@3"]).stdout("");
}

fn a_time_to_live_comes_back_until_its_end(place: &Place) {
    let node = |args: &[&str]| done(place, &[args, &["-f", "json"]].concat()).json()["node"].clone();
    let first = node(&["set", "db/a", "one", "--ttl", "1h"]);
    done(place, &["set", "db/a", "two"]);
    let then = node(&["get", "db/a", "--revision", "1"]);
    assert_eq!(
        (&then["ttl"], &then["expires"]),
        (&json!(3600), &first["expires"])
    );
    // Keys with a time to live are no configuration: nor in the past.
    run(place, &["diff", "/db@1", "/db"]).code(1).stdout("+ a\n");
    run(place, &["diff", "/db@1", "/db", "--with-ttl"])
        .code(1)
        .stdout("~ a\n");

    let back = node(&["rollback", "db/a", "--to", "1"]);
    assert_eq!(back["value"], "one");
    assert_eq!(
        (&back["ttl"], &back["expires"]),
        (&json!(3600), &first["expires"])
    );
    done(place, &["rollback", "db/a", "--to", "3"]).stdout("/db/a: unchanged\n");
    let whole = ["rollback", "--prefix", "/db", "--yes", "--to"];
    done(place, &[&whole[..], &["3"]].concat()).stdout_has("mycfg: unchanged");

    done(place, &["set", "db/a", "four", "--keep-ttl"]);
    done(place, &[&whole[..], &["3"]].concat());
    let kept = node(&["get", "db/a"]);
    assert_eq!(
        (&kept["value"], &kept["ttl"], &kept["expires"]),
        (&json!("one"), &back["ttl"], &back["expires"])
    );
    done(place, &["delete", "db/a"]);
    done(place, &[&whole[..], &["5"]].concat());
    let anew = node(&["get", "db/a"]);
    assert_eq!(
        (&anew["ttl"], &anew["expires"]),
        (&json!(3600), &first["expires"])
    );
}

fn what_is_over_does_not_come_back(place: &Place) {
    // Long enough that what replaces it finds it alive.
    done(place, &["set", "db/a", "one", "--ttl", "4s"]);
    done(place, &["set", "db/a", "two"]);
    done(place, &["set", "db/b", "two"]);
    done(place, &["set", "clock/tick", "x", "--ttl", "4s"]);
    // Ends after what was set before with as long a time to live.
    done(place, &["watch", "clock", "--after", "1", "--once", "-q"]).stdout_has("expire");
    done(place, &["get", "db/a", "--revision", "1"]).stdout("one\n");
    done(place, &["rollback", "db/a", "--to", "1"])
        .stdout("/db/a: rolled back to revision 1 (deleted); revision 4\n");
    done(place, &["set", "db/a", "three"]);
    done(place, &["rollback", "--prefix", "/db", "--to", "1", "--yes"]);
    done(place, &["ls", "-r", "db"]).stdout("");
    done(place, &["copy", "/db@1", "/copy", "--with-ttl", "--yes"]);
    done(place, &["ls", "-r", "copy"]).stdout("");
}

fn a_revision_that_was_not_is_refused(place: &Place) {
    done(place, &["set", "db/a", "1"]);
    for args in [
        &["get", "db/a", "--revision", "2"][..],
        &["rollback", "db/a", "--to", "2"],
        &["rollback", "--prefix", "db", "--to", "2", "--yes"],
        &["diff", "/db", "/db@2"],
    ] {
        run(place, args)
            .code(3)
            .stdout("")
            .stderr_has("revision 2 of /db not found; the latest is 1");
    }
    run(place, &["rollback", "db/a", "--to", "-1"]).code(2).stdout("");
    run(place, &["rollback", "db/a"]).code(2).stderr_has("--to");
    done(place, &["get", "db/a"]).stdout("1\n");
}

fn a_prefix_of_several_sections_has_no_revision(place: &Place) {
    done(place, &["set", "db/a", "1"]);
    done(place, &["set", "web/a", "1"]);
    for args in [
        &["rollback", "--prefix", "/", "--to", "1", "--yes"][..],
        &["diff", "/@1", "/"],
    ] {
        run(place, args)
            .code(2)
            .stdout("")
            .stderr_has("/ spans several sections")
            .stderr_has("such as /db");
    }
}

fn the_keys_at_the_root_roll_back_together(place: &Place) {
    for (key, value) in [("a", "1"), ("b", "1"), ("b", "2"), ("db/url", "1")] {
        place.args(["set", key, value]).run().code(0);
    }
    place.args(["delete", "a"]).run().code(0);
    let then = ["diff", "@root", "@root@2"];
    place.args(then).run().code(1).stdout("+ a\n~ b\n");
    let several = place
        .args(["rollback", "--prefix", "/", "--to", "2", "--yes"])
        .run();
    several.code(2).stderr_has("@root for the keys at the root");
    place
        .args(["rollback", "--prefix", "@root", "--to", "2", "--yes"])
        .run()
        .code(0)
        .stdout_has("1 added, 1 changed, 0 removed, 0 unchanged")
        .stdout_has("@root is at revision 5");
    place.args(then).run().code(0);
    place.args(["get", "b"]).run().code(0).stdout("1\n");
    // A copy takes those keys alone, and puts none elsewhere.
    place.args(["copy", "@root", "/saved/", "--yes"]).run().code(0);
    place.args(["diff", "@root", "/saved/"]).run().code(0);
    place
        .args(["copy", "/", "@root", "--yes"])
        .run()
        .code(8)
        .stderr_has("/db/url is not a key at the root");
}

fn a_config_of_one_section_rolls_back_as_a_whole(place: &Place) {
    for (key, value) in [("db/a", "1"), ("db/b", "1")] {
        place.args(["set", key, value]).run().code(0);
    }
    place.args(["diff", "/@1", "/"]).run().code(1).stdout("+ db/b\n");
    place
        .args(["rollback", "--prefix", "/", "--to", "1", "--yes"])
        .run()
        .code(0)
        .stdout_has("/db is at revision 3");
    place.args(["get", "db/b"]).run().code(3);
}

fn a_path_of_the_other_kind_is_led_to_the_right_call(place: &Place) {
    done(place, &["set", "db/url", "1"]);
    done(place, &["set", "mode", "1"]);
    for (args, hint) in [
        (
            &["rollback", "db", "--to", "1"][..],
            "for the keys below /db, use `discfg rollback --prefix /db --to 1`",
        ),
        (
            &["delete", "db"],
            "for the keys below /db, use `discfg delete -r /db`",
        ),
        (
            &["rollback", "--prefix", "db/url", "--to", "1"],
            "use `discfg rollback /db/url --to 1`",
        ),
        (
            &["rollback", "nosuch/key", "--to", "0"],
            "key /nosuch/key not found",
        ),
    ] {
        run(place, args).code(3).stdout("").stderr_has(hint);
    }
    // What was there is rolled back to its absence any number of times.
    done(place, &["set", "db/new", "1"]);
    done(place, &["rollback", "db/new", "--to", "1"]);
    done(place, &["rollback", "db/new", "--to", "1"]).stdout("/db/new: unchanged\n");
}

fn a_message_is_shown_where_the_change_is(place: &Place) {
    done(place, &["set", "db/url", "1", "-m", "the first"]);
    done(place, &["set", "db/url", "2"]);
    done(place, &["delete", "db/url", "--message", "no longer\nneeded"]);
    done(place, &["history", "db/url"])
        .stdout_has("  \"the first\"\n")
        .stdout_has("  \"no longer\\nneeded\"\n");
    let answer = done(place, &["history", "db/url", "-f", "json"]).json();
    let messages: Vec<_> = (0..3)
        .map(|at| answer["changes"][at]["message"].clone())
        .collect();
    assert_eq!(
        messages,
        [json!("no longer\nneeded"), json!(null), json!("the first")]
    );
    done(place, &["watch", "db", "--after", "0", "--once"]).stdout_has("\"the first\"");
    for (file, args) in [
        (
            "{\"/app/a\":\"1\"}",
            &["apply", "-d", "-", "--from", "json", "--yes", "-m", "by apply"][..],
        ),
        (
            "{\"/app/b\":\"1\"}",
            &["import", "-d", "-", "--from", "json", "-m", "by import"],
        ),
    ] {
        place.args(args).stdin(file).run().code(0);
    }
    done(place, &["copy", "/app/a", "/app/c", "--yes", "-m", "by copy"]);
    done(place, &["rollback", "app/a", "--to", "0", "-m", "by rollback"]);
    done(place, &["delete", "-r", "app", "--yes", "-m", "by delete"]);
    let answer = done(place, &["history", "--prefix", "app", "-f", "json"]).json();
    let messages: Vec<_> = answer["changes"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|line| &line["message"])
        .collect();
    assert_eq!(
        messages,
        [
            "by delete",
            "by delete",
            "by rollback",
            "by copy",
            "by import",
            "by apply"
        ]
    );
    for bad in ["", " ", &"x".repeat(1025), "a\u{1b}[2J"] {
        run(place, &["set", "db/url", "3", "-m", bad]).code(2).stdout("");
    }
    run(place, &["get", "db/url"]).code(3);
}

fn the_history_of_a_config_goes_across_sections(place: &Place) {
    run(place, &["history"]).code(0).stdout("").stderr("no changes\n");
    run(place, &["history", "--prefix", "nosuch"])
        .code(3)
        .stdout("")
        .stderr_has("no history below /nosuch");
    for (key, value) in [("db/url", "1"), ("app/name", "1"), ("mode", "1"), ("db/url", "2")] {
        done(place, &["set", key, value]);
    }
    done(place, &["delete", "app/name"]);
    let keys = |args: &[&str]| -> Vec<String> {
        let answer = done(place, &[&["log", "-f", "json"], args].concat()).json();
        let changes = answer["changes"].as_array().expect("a list").iter();
        let mut keys: Vec<_> = changes
            .map(|line| format!("{}@{}", line["key"].as_str().expect("a key"), line["revision"]))
            .collect();
        // All is done within a second or two, and the order of sections within one is not said.
        keys.sort();
        keys
    };
    assert_eq!(
        keys(&[]),
        ["/app/name@1", "/app/name@2", "/db/url@1", "/db/url@2", "/mode@1"]
    );
    assert_eq!(keys(&["--prefix", "app"]), ["/app/name@1", "/app/name@2"]);
    assert_eq!(keys(&["--prefix", "app", "--limit", "1"]), ["/app/name@2"]);
    assert_eq!(keys(&["--limit", "2"]).len(), 2);
    assert_eq!(keys(&["--since", "1h"]).len(), 5);
    assert_eq!(keys(&["--since", "2999-01-01T00:00:00Z"]), [""; 0]);
    assert_eq!(keys(&["--by", "nosuch-writer"]), [""; 0]);
    let by = done(place, &["get", "db/url", "-f", "json"]).json()["node"]["by"].clone();
    assert_eq!(keys(&["--by", by.as_str().expect("a writer")]).len(), 5);
    done(place, &["history", "--prefix", "app"]).stdout_has("  delete  /app/name  ");
    done(
        place,
        &["history", "db/url", "--by", "nosuch-writer", "-f", "json"],
    );
    run(place, &["history", "db/url", "--prefix", "db"])
        .code(2)
        .stderr_has("can't be used together");
    run(place, &["history", "--before", "2"])
        .code(2)
        .stderr_has("--before needs KEY");
    run(place, &["history", "--since", "soon"])
        .code(2)
        .stderr_has("2h or 7d");
}

fn a_commit_is_undone_as_a_whole(place: &Place) {
    done(place, &["set", "db/url", "1"]);
    done(place, &["set", "app/old", "1"]);
    let file = "{\"/db/url\":\"2\",\"/db/new\":\"1\",\"/app/old\":\"2\"}";
    place
        .args(["apply", "-d", "-", "--from", "json", "--yes"])
        .stdin(file)
        .run()
        .code(0);
    let answer = done(place, &["history", "db/new", "-f", "json"]).json();
    let commit = answer["changes"][0]["commit"].as_str().expect("an ID").to_owned();
    let undo = ["rollback", "--commit", &commit];
    run(place, &[&undo[..], &["--dry-run"]].concat())
        .code(0)
        .stdout_has("~ /app/old\n")
        .stdout_has("- /db/new\n")
        .stdout_has("planned: 0 added, 2 changed, 1 removed");
    run(place, &undo).code(2).stderr_has("use --yes");
    done(
        place,
        &[&undo[..], &["--yes", "-m", "it broke the sale"]].concat(),
    );
    done(place, &["get", "db/url"]).stdout("1\n");
    done(place, &["get", "app/old"]).stdout("1\n");
    run(place, &["get", "db/new"]).code(3);
    // Only while everything is as the commit left it.
    run(place, &[&undo[..], &["--yes"]].concat()).code(4).stdout("");
    run(place, &["rollback", "--commit", "nosuch", "--yes"])
        .code(3)
        .stderr_has("no commit nosuch in the history");
    run(place, &["rollback", "--commit", &commit, "--to", "1"]).code(2);
}
