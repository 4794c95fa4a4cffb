//! Keys that are called differently, elsewhere in a config or in another one.

use serde_json::json;

use support::cli::{Outcome, Place};
use support::config::{embedded, on_every_engine};

on_every_engine!(
    a_key_is_moved_in_one_commit_that_its_history_shows,
    a_prefix_is_moved_with_secrets_and_times_to_live,
    what_is_moved_is_shown_and_asked_for,
    a_move_onto_or_into_itself_is_refused,
    keys_that_are_there_are_replaced_only_by_force,
    keys_move_up_into_places_that_are_left,
    both_sides_are_of_one_kind,
    more_than_a_commit_holds_is_moved_in_several,
    the_keys_at_the_root_are_moved,
);

fn run(place: &Place, args: &[&str]) -> Outcome {
    place.args(args).run()
}

fn done(place: &Place, args: &[&str]) -> Outcome {
    run(place, args).code(0)
}

fn a_key_is_moved_in_one_commit_that_its_history_shows(place: &Place) {
    done(place, &["set", "db/url", "one"]);
    let moved = done(
        place,
        &[
            "move",
            "/db/url",
            "/app/url",
            "--yes",
            "-m",
            "all in one",
            "-f",
            "json",
        ],
    );
    assert_eq!(
        moved.json(),
        json!({
            "action": "move", "config": "mycfg", "result": "applied",
            "added": 1, "changed": 0, "removed": 1, "unchanged": 0,
            "changes": [
                {"op": "add", "key": "/app/url", "moved_from": "/db/url"},
                {"op": "remove", "key": "/db/url"},
            ],
            "sections": [{"name": "/app", "revision": 1}, {"name": "/db", "revision": 2}],
        })
    );
    done(place, &["get", "app/url"]).stdout("one\n");
    run(place, &["get", "db/url"]).code(3);
    let history = done(place, &["history", "-f", "json"]).json();
    let changes = history["changes"].as_array().expect("changes");
    let line = |key: &str| {
        let mut lines = changes.iter().filter(|line| line["key"] == key);
        lines.next().expect(key)
    };
    let (new, old) = (line("/app/url"), line("/db/url"));
    assert_eq!(new["from"], "/db/url", "{history}");
    assert_eq!((&old["op"], &old["from"]), (&json!("delete"), &json!(null)));
    assert_eq!(new["commit"], old["commit"]);
    assert_eq!(new["message"], "all in one");
    let commit = new["commit"].as_str().expect("a commit");
    done(place, &["rollback", "--commit", commit, "--yes"]);
    done(place, &["get", "db/url"]).stdout("one\n");
    run(place, &["get", "app/url"]).code(3);
    done(place, &["mv", "/db/url", "/db/x", "--yes"]);
}

fn a_prefix_is_moved_with_secrets_and_times_to_live(place: &Place) {
    done(place, &["set", "a/pw", "hunter2", "--secret"]);
    done(place, &["set", "a/n", "1.10", "--json"]);
    done(place, &["set", "a/deep/beat", "1", "--ttl", "1h"]);
    let node = |key: &str| done(place, &["get", key, "-f", "json"]).json()["node"].clone();
    let expires = node("a/deep/beat")["expires"].clone();
    let moved = done(place, &["move", "/a", "/b", "--yes", "--values"]).stderr_lacks("hunter");
    assert!(!moved.text().contains("hunter"), "{}", moved.text());
    done(place, &["ls", "-r"]).stdout("/b/deep/beat\n/b/n\n/b/pw\n");
    assert_eq!(node("b/deep/beat")["expires"], expires);
    assert_eq!(node("b/deep/beat")["ttl"], 3600);
    assert_eq!(node("b/n")["kind"], "json");
    assert_eq!(node("b/pw")["secret"], true);
    done(place, &["get", "b/pw"]).stdout("hunter2\n");
    done(place, &["history", "b/pw"]).stdout_has("/a/pw");
}

fn what_is_moved_is_shown_and_asked_for(place: &Place) {
    done(place, &["set", "a/k", "1"]);
    run(place, &["move", "/a", "/b"])
        .code(2)
        .stdout("")
        .stderr_has("move prefix /a/ to prefix /b/\n- /a/k\n+ /b/k (from /a/k)\n")
        .stderr_has("1 added, 0 changed, 1 removed, 0 unchanged. Apply these changes?")
        .stderr_has("--yes");
    done(place, &["move", "/a/k", "/b/k", "--dry-run", "--values"]).stdout(
        "move key /a/k to key /b/k\n- /a/k\t1\n+ /b/k (from /a/k)\t1\n\
         mycfg: planned: 1 added, 0 changed, 1 removed, 0 unchanged\n",
    );
    done(place, &["ls", "-r"]).stdout("/a/k\n");
    for (from, to) in [("/a@1", "/b"), ("/a", "/b@1")] {
        run(place, &["move", from, to, "--yes"])
            .code(2)
            .stderr_has("can't have @REVISION");
    }
    run(place, &["move", "/none", "/b", "--yes"])
        .code(3)
        .stderr_has("no key /none and no keys below it");
    done(place, &["move", "/none", "/b", "--yes", "--allow-empty"]).stdout("mycfg: unchanged: no keys\n");
}

fn a_move_onto_or_into_itself_is_refused(place: &Place) {
    done(place, &["set", "a/b/k", "1"]);
    done(place, &["set", "root", "1"]);
    for (from, to, why) in [
        ("/a/b/k", "/a/b/k", "onto itself"),
        ("/a", "/a/", "onto itself"),
        ("/a", "mycfg:/a", "onto itself"),
        ("/a/", "/a/b/", "into itself"),
        ("/a", "/a/x/y", "into itself"),
        ("/", "/x", "into itself"),
        ("mycfg", "/x", "into itself"),
        ("mycfg", "mycfg", "onto itself"),
        ("@root", "@root", "onto itself"),
    ] {
        run(place, &["move", from, to, "--yes", "--force"])
            .code(8)
            .stdout("")
            .stderr_has(why);
    }
    done(place, &["ls", "-r"]).stdout("/a/b/k\n/root\n");
    done(place, &["move", "/a/b/k", "/a/b/k/deeper", "--yes"]);
    done(place, &["ls", "-r"]).stdout("/a/b/k/deeper\n/root\n");
}

fn keys_that_are_there_are_replaced_only_by_force(place: &Place) {
    for (key, value) in [("a/one", "1"), ("a/two", "2"), ("b/one", "9"), ("b/two", "2")] {
        done(place, &["set", key, value]);
    }
    for more in [&[][..], &["--dry-run"]] {
        run(place, &[&["move", "/a", "/b", "--yes"], more].concat())
            .code(4)
            .stdout("")
            .stderr_has("/b/one and 1 more of the new keys exist")
            .stderr_has("--force");
    }
    run(place, &["move", "/a/two", "/b/two", "--yes"])
        .code(4)
        .stderr_has("/b/two exists");
    done(place, &["move", "/a", "/b", "--yes", "--force"])
        .stderr_has("~ /b/one (from /a/one)")
        .stdout_has("mycfg: applied: 0 added, 1 changed, 2 removed, 1 unchanged");
    done(place, &["get", "-c", "mycfg", "b/one", "b/two"]).stdout("1\n2\n");
    done(place, &["ls", "-r"]).stdout("/b/one\n/b/two\n");
}

fn keys_move_up_into_places_that_are_left(place: &Place) {
    for (key, value) in [("a/b/x", "1"), ("a/b/b/x", "2"), ("a/b/b/b/x", "3"), ("a/c", "4")] {
        done(place, &["set", key, value, "--secret"]);
    }
    done(place, &["move", "/a/b/", "/a/", "--yes"]).stdout_has("1 added, 2 changed, 1 removed");
    done(place, &["export", "-f", "json", "--flat"]).stdout_has("\"/a/x\": \"1\"");
    done(place, &["get", "-c", "mycfg", "a/x", "a/b/x", "a/b/b/x", "a/c"]).stdout("1\n2\n3\n4\n");
    done(place, &["ls", "-r"]).stdout("/a/b/b/x\n/a/b/x\n/a/c\n/a/x\n");
}

fn both_sides_are_of_one_kind(place: &Place) {
    done(place, &["set", "a", "key"]);
    done(place, &["set", "a/b", "below"]);
    run(place, &["move", "/a", "/c", "--yes"])
        .code(8)
        .stderr_has("/a/")
        .stderr_has("--key");
    done(place, &["move", "/a", "/c", "--key", "--yes"]).stdout_has("1 added");
    done(place, &["ls", "-r"]).stdout("/a/b\n/c\n");
    run(place, &["move", "/c", "/a/", "--yes"])
        .code(8)
        .stderr_has("both must be of one kind")
        .stderr_has("write /a/c");
    run(place, &["move", "/a/", "/c", "--yes"])
        .code(8)
        .stderr_has("both must be of one kind");
    run(place, &["copy", "/a", "/d", "--dry-run"])
        .code(0)
        .stdout_has("copy prefix /a/ to prefix /d/\n+ /d/b\n");
}

fn more_than_a_commit_holds_is_moved_in_several(place: &Place) {
    let keys: serde_json::Map<_, _> = (0..70).map(|n| (format!("/a/k{n:02}"), json!("v"))).collect();
    place.write("keys.json", serde_json::to_vec(&keys).expect("JSON"));
    done(place, &["import", "-d", "keys.json", "--batch"]);
    run(place, &["move", "/a", "/b", "--yes"])
        .code(8)
        .stderr_has("--batch");
    done(place, &["ls", "/b"]).stdout("");
    done(place, &["move", "/a", "/b", "--yes", "--batch"])
        .stdout_has("70 added, 0 changed, 70 removed")
        .stderr_has("140 changes");
    done(place, &["ls", "/a"]).stdout("");
    let history = done(
        place,
        &["history", "--prefix", "/b", "--limit", "100", "-f", "json"],
    )
    .json();
    let changes = history["changes"].as_array().expect("changes");
    assert_eq!(changes.len(), 70);
    for line in changes {
        let key = line["key"].as_str().expect("a key");
        assert_eq!(line["from"], key.replace("/b/", "/a/"));
    }
}

fn the_keys_at_the_root_are_moved(place: &Place) {
    for key in ["one", "two", "db/url"] {
        done(place, &["set", key, "1"]);
    }
    done(place, &["move", "@root", "/old", "--yes"]);
    done(place, &["ls", "-r"]).stdout("/db/url\n/old/one\n/old/two\n");
    run(place, &["move", "/db/", "/", "--yes"]).code(0);
    done(place, &["ls", "-r"]).stdout("/old/one\n/old/two\n/url\n");
    run(place, &["move", "/old", "@root", "--yes"]).code(0);
    done(place, &["ls", "-r"]).stdout("/one\n/two\n/url\n");
}

#[test]
fn keys_are_moved_to_another_config_and_a_second_run_goes_on() {
    let place = embedded();
    done(&place, &["init", "other", "--local"]);
    done(&place, &["set", "db/pw", "hunter2", "--secret"]);
    done(&place, &["set", "db/beat", "1", "--ttl", "1h"]);
    done(&place, &["set", "db/url", "one"]);
    done(&place, &["move", "mycfg:/db", "other:/db", "--dry-run"])
        .stdout_has("move prefix mycfg:/db/ to prefix other:/db/\n")
        .stdout_has("+ other:/db/url\n")
        .stdout_has("- mycfg:/db/url\n")
        .stdout_has("other: planned: 3 added, 0 changed, 3 removed, 0 unchanged\n");
    // As a move that ended after its first half leaves it.
    done(&place, &["copy", "mycfg:/db/url", "other:/db/url", "--yes"]);
    let moved = done(&place, &["move", "/db", "other:/db", "--yes", "-f", "json"]).json();
    assert_eq!(
        (&moved["added"], &moved["unchanged"], &moved["removed"]),
        (&json!(2), &json!(1), &json!(3))
    );
    assert_eq!(moved["changes"][0]["config"], "other");
    assert_eq!(moved["sections"][1]["config"], "mycfg");
    done(&place, &["ls", "-r", "mycfg"]).stdout("");
    done(&place, &["get", "-c", "other", "db/pw", "db/url"]).stdout("hunter2\none\n");
    let beat = done(&place, &["get", "other", "db/beat", "-f", "json"]).json();
    assert_eq!(beat["node"]["ttl"], 3600);
    done(&place, &["set", "db/url", "two"]);
    run(&place, &["move", "/db", "other:/db", "--yes"])
        .code(4)
        .stderr_has("/db/url exists");
    done(&place, &["get", "db/url"]).stdout("two\n");
    done(&place, &["move", "/db", "other:/db", "--yes", "--force"]);
    done(&place, &["get", "other", "db/url"]).stdout("two\n");
    run(&place, &["get", "db/url"]).code(3);
}
