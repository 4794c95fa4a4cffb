//! A section that holds what discfg doesn't write: what shows a config goes on without it, and what acts on the absence of
//! a key stops.

use rusqlite::Connection;
use serde_json::{Value, json};

use support::account::Account;
use support::cli::Place;
use support::config::{TABLE, embedded, on_table};

/// A good section and a bad one.
fn fill(place: &Place) {
    for key in ["good/a", "bad/a", "r"] {
        place.args(["set", key, "1"]).run().code(0);
    }
}

fn spoilt_file() -> Place {
    let place = embedded();
    fill(&place);
    let file = Connection::open(place.home().join("data/discfg/mycfg.db")).expect("the config's file");
    let spoil = "INSERT INTO entry VALUES ('/bad/x', 1, 1, 1, 1, 'x', 0, NULL, NULL, 'nonsense', 'v')";
    file.execute(spoil, []).expect("SQLite takes it");
    place
}

fn spoilt_table() -> Place {
    let (account, place) = on_table();
    fill(&place);
    put(
        &account,
        &json!({"pk": {"S": "/bad"}, "sk": {"S": "/bad/x"}, "kind": {"S": "nonsense"}}),
    );
    place
}

fn put(account: &Account, item: &Value) {
    let input = json!({"TableName": TABLE, "Item": item});
    account
        .dynamodb(&account.root(), "PutItem", &input)
        .expect("root may write");
}

/// The head of `/bad` as it says.
fn head(more: &Value) -> Value {
    let mut head = json!({
        "pk": {"S": "/bad"}, "sk": {"S": "@head"}, "rev": {"N": "1"}, "n": {"N": "1"},
        "commit": {"S": "6f1c0c5e-2f0b-4c58-9d0e-6d0a5a3c1b11"}, "modified": {"S": "2026-01-01T00:00:00Z"},
    });
    let more = more.as_object().expect("attributes").clone();
    head.as_object_mut().expect("an item").extend(more);
    head
}

fn what_shows_goes_on(place: &Place) {
    place
        .args(["ls", "-r"])
        .run()
        .code(70)
        .stdout("/bad/a\n/good/a\n/r\n")
        .stderr_has("error: cannot read section /bad")
        .stderr_has("/bad/x");
    let listed = place.args(["ls", "-r", "-f", "json"]).run().code(70).json();
    assert_eq!(listed["nodes"].as_array().map(Vec::len), Some(3));
    assert_eq!(listed["bad"][0]["section"], "/bad");
    place
        .args(["ls", "/good"])
        .run()
        .code(0)
        .stdout("/good/a\n")
        .stderr("");
    let info = place.args(["info", "-f", "json"]).run().code(70).json();
    assert_eq!(
        (&info["digest"], &info["bad"][0]["section"]),
        (&json!(null), &json!("/bad"))
    );
    assert_eq!(info["sections"].as_array().map(Vec::len), Some(2));
    place
        .args(["info"])
        .run()
        .code(70)
        .stdout_has("digest   none")
        .stderr_has("cannot read section /bad");
    place.args(["get", "good/a"]).run().code(0).stdout("1\n");
    place.args(["set", "good/a", "2"]).run().code(0);
    place
        .args(["get", "bad/x"])
        .run()
        .code(70)
        .stdout("")
        .stderr_has("/bad/x");
}

fn what_acts_stops(place: &Place) {
    for command in [
        &["export"][..],
        &["export", "-f", "dotenv"],
        &["diff", "/", "/"],
        &["copy", "/", "/copied", "--yes"],
    ] {
        place
            .args(command)
            .run()
            .code(70)
            .stdout("")
            .stderr_has("/bad/x")
            .stderr_has("--except /bad");
    }
    place
        .args(["exec", "--", "true"])
        .run()
        .code(125)
        .stdout("")
        .stderr_has("--except /bad");
    let except = |command: &[&'static str]| {
        place
            .args([&command[..1], &["--except", "bad"], &command[1..]].concat())
            .run()
    };
    assert_eq!(
        except(&["export"]).code(0).json(),
        json!({"/good/a": "1", "/r": "1"})
    );
    except(&["exec", "--", "printenv", "GOOD_A"])
        .code(0)
        .stdout("1\n");
    except(&["exec", "--", "printenv", "BAD_A"]).code(1).stdout("");
    except(&["diff", "/", "/"]).code(0).stdout("");
    except(&["copy", "/", "/copied", "--yes"]).code(0);
    place.args(["get", "copied/good/a"]).run().code(0).stdout("1\n");
    place.args(["get", "copied/bad/a"]).run().code(3);
    // What prunes would delete what it can't see.
    place.write("wanted.json", r#"{"new": "1"}"#);
    place
        .args([
            "apply",
            "-d",
            "wanted.json",
            "--prefix",
            "/bad",
            "--prune",
            "--yes",
        ])
        .run()
        .code(70)
        .stdout("")
        .stderr_has("/bad/x");
    place.args(["get", "bad/a"]).run().code(0).stdout("1\n");
    // Its own prefix is whole.
    place.args(["export", "--prefix", "/good"]).run().code(0);
    place
        .args(["export", "--except", "a/b"])
        .run()
        .code(2)
        .stderr_has("a/b");
}

/// A watch warns of a section whose head can't be read, and goes on with the others.
#[test]
fn a_watch_of_all_leaves_out_a_section_that_cannot_be_read() {
    let place = embedded();
    fill(&place);
    let watch = place.args(["watch", "--interval", "50ms", "-f", "raw"]).start();
    watch.says("watching");
    let file = Connection::open(place.home().join("data/discfg/mycfg.db")).expect("the config's file");
    file.execute("UPDATE section SET changes = -1 WHERE section = '/bad'", [])
        .expect("SQLite takes it");
    watch.says("warning: cannot read section /bad: ");
    place.args(["set", "good/b", "heard"]).run().code(0);
    while watch.line() != "heard" {}
    watch.signal("INT");
    watch.end().code(130);
}

mod on_the_embedded_engine {
    #[test]
    fn what_shows_goes_on() {
        super::what_shows_goes_on(&super::spoilt_file());
    }

    #[test]
    fn what_acts_stops() {
        super::what_acts_stops(&super::spoilt_file());
    }
}

mod on_dynamodb {
    use serde_json::json;

    use super::{fill, head, put};
    use support::config::on_table;

    /// Whoever may write to one section writes its head, too, and what it says is the section's alone.
    #[test]
    fn what_one_section_says_of_itself_stops_no_other() {
        let entry = json!({
            "pk": {"S": "/bad"}, "sk": {"S": "/bad/a"}, "layout": {"N": "99"}, "kind": {"S": "text"}, "value": {"S": "1"},
        });
        for (item, told) in [
            (
                head(&json!({"rev": {"N": "0"}, "modified": {"S": "2099-01-01T00:00:00Z"}})),
                "rev",
            ),
            (head(&json!({"rev": {"N": "0"}})), "rev"),
            (head(&json!({"n": {"N": "0"}})), "`n` in the item"),
            (head(&json!({"layout": {"N": "99"}})), "layout 99"),
            (head(&json!({"requires": {"SS": ["zz"]}})), "zz"),
            (entry, "layout 99"),
        ] {
            let (account, place) = on_table();
            fill(&place);
            put(&account, &item);
            place
                .args(["export"])
                .run()
                .code(70)
                .stdout("")
                .stderr_has(told)
                .stderr_has("--except /bad");
            let whole = place.args(["export", "--except", "bad"]).run().code(0).json();
            assert_eq!(whole, json!({"/good/a": "1", "/r": "1"}), "{item}");
            let info = place.args(["info", "-f", "json"]).run().code(70).json();
            assert_eq!(info["bad"][0]["section"], "/bad", "{item}");
            place.args(["get", "good/a"]).run().code(0).stdout("1\n");
            place.args(["set", "good/a", "2"]).run().code(0);
            let mut serving = place.args(["serve", "--listen", "127.0.0.1:0"]).start();
            serving.says("serving mycfg");
            assert!(!serving.has_ended(), "{item}");
            serving.signal("TERM");
            serving.end().code(0);
        }
    }

    /// The lines of such a head are waited for, and other sections meanwhile go on.
    #[test]
    fn a_watch_goes_on_while_lines_of_one_section_are_waited_for() {
        let (account, place) = on_table();
        fill(&place);
        let watch = place.args(["watch", "--interval", "50ms", "-f", "raw"]).start();
        watch.says("watching");
        put(
            &account,
            &head(&json!({"rev": {"N": "99"}, "modified": {"S": "2099-01-01T00:00:00Z"}})),
        );
        for value in ["one", "two", "three"] {
            place.args(["set", "good/b", value]).run().code(0);
            assert_eq!(watch.line(), value);
        }
        watch.signal("INT");
        watch.end().code(130).stderr_lacks("/bad");
    }

    #[test]
    fn what_shows_goes_on() {
        super::what_shows_goes_on(&super::spoilt_table());
    }

    #[test]
    fn what_acts_stops() {
        super::what_acts_stops(&super::spoilt_table());
    }
}

#[test]
fn a_row_that_is_at_fault_is_named() {
    let place = embedded();
    fill(&place);
    let file = Connection::open(place.home().join("data/discfg/mycfg.db")).expect("the config's file");
    let change = |sql: &str| file.execute_batch(sql).expect("SQLite takes it");
    change("UPDATE entry SET ttl = 0 WHERE key = '/bad/a'");
    place.args(["get", "bad/a"]).run().code(70).stderr_has("/bad/a");
    place
        .args(["ls", "-r"])
        .run()
        .code(70)
        .stdout("/good/a\n/r\n")
        .stderr_has("/bad/a");
    change("UPDATE entry SET ttl = NULL");
    // A section that nobody can name is a fault of the one whose name it begins with.
    change("INSERT INTO section VALUES ('/bad/x', 1, 1, 1, NULL, NULL)");
    what_shows_goes_on_without(&place);
    change(
        "DELETE FROM section WHERE section = '/bad/x'; INSERT INTO section VALUES ('bad', 1, 1, 1, NULL, NULL)",
    );
    what_shows_goes_on_without(&place);
}

fn what_shows_goes_on_without(place: &Place) {
    let info = place.args(["info", "-f", "json"]).run().code(70).json();
    assert_eq!(info["bad"][0]["section"], "/bad");
    assert_eq!(info["sections"].as_array().map(Vec::len), Some(2));
    place
        .shell("timeout 20 discfg watch --interval 100ms --timeout 1s")
        .run()
        .code(124)
        .stderr_has("cannot read section /bad");
    place
        .args(["exec", "--", "true"])
        .run()
        .code(125)
        .stderr_has("--except /bad");
    place
        .args(["exec", "--except", "bad", "--", "true"])
        .run()
        .code(0);
}
