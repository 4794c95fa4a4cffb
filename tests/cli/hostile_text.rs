//! Text from the store, or of a server, that would be more than text where it is printed: JSON that ends its value and
//! begins another key, lines that nobody wrote, escape sequences of terminals, commands to the runner of a CI job.

use rusqlite::Connection;
use serde_json::{Value as Json, json};

use support::account::Account;
use support::api_server::Impaired;
use support::cli::Place;
use support::config::{TABLE, behind_api, embedded, on_table};

/// A terminal's title is set by this, and a runner stops reading commands.
const SK: &str = "/bad/\u{1b}]0;owned\u{7}\u{1b}[31m\n::stop-commands::tok ##[add-mask]e";
const BY: &str = "me\n2026-11-25T12:00:00Z  set     /good/x  v9  r9  me\tforged \u{1b}[2K";

enum Store {
    File(Connection),
    Table(Account),
}

/// A config with `/good/a` and `/bad/a`.
fn filled(place: &Place) {
    for key in ["good/a", "bad/a"] {
        place.args(["set", key, "1"]).run().code(0);
    }
}

fn on_file() -> (Place, Store) {
    let place = embedded();
    filled(&place);
    let file = Connection::open(place.home().join("data/discfg/mycfg.db")).expect("the config's file");
    (place, Store::File(file))
}

fn in_table() -> (Place, Store) {
    let (account, place) = on_table();
    filled(&place);
    (place, Store::Table(account))
}

impl Store {
    fn put(&self, item: &Json) {
        let Self::Table(account) = self else {
            unreachable!("a table")
        };
        let input = json!({"TableName": TABLE, "Item": item});
        account
            .dynamodb(&account.root(), "PutItem", &input)
            .expect("root may write");
    }

    /// Changes the items of `/bad` whose sort key begins so.
    fn change(&self, begins: &str, sql: &str, attributes: &Json) {
        match self {
            Self::File(file) => file.execute_batch(sql).expect("SQLite takes it"),
            Self::Table(account) => {
                for mut item in account.items(TABLE) {
                    let sk = item["sk"]["S"].as_str().expect("a sort key");
                    if item["pk"]["S"] == "/bad" && sk.starts_with(begins) {
                        for (name, value) in attributes.as_object().expect("attributes") {
                            item[name] = value.clone();
                        }
                        self.put(&item);
                    }
                }
            }
        }
    }

    fn hold(&self, kind: &str, value: &str) {
        let sql = format!(
            "UPDATE entry SET kind = '{kind}', value = '{}' WHERE key = '/bad/a'",
            value.replace('\'', "''")
        );
        self.change(
            "/bad/a",
            &sql,
            &json!({"kind": {"S": kind}, "value": {"S": value}}),
        );
    }
}

fn json_that_is_none_is_never_given((place, store): &(Place, Store)) {
    place.write("t.j2", "{{ json(\"/bad/a\") }}");
    let large = "x".repeat(190_001);
    for (kind, value) in [
        ("json", "1, \"/good/x\": \"forged\""),
        ("json", "1\nOTHER_VAR = \"forged\""),
        ("json", ""),
        ("text", &large),
    ] {
        store.hold(kind, value);
        for command in [
            &["export"][..],
            &["export", "--nested"],
            &["export", "-f", "tfvars"],
            &["export", "-f", "yaml"],
            &["export", "--template", "t.j2"],
            &["get", "bad/a"],
            &["get", "bad/a", "-f", "json"],
        ] {
            place
                .args(command)
                .run()
                .code(70)
                .stdout("")
                .stderr_has("/bad/a")
                .stderr_lacks("forged");
        }
        let listed = place
            .args(["ls", "-r", "--values", "-f", "json"])
            .run()
            .code(70)
            .json();
        assert_eq!(listed["nodes"].as_array().map(Vec::len), Some(1), "{listed}");
        assert_eq!(listed["bad"][0]["section"], "/bad");
    }
    store.hold("json", " [1, {\"a\": null}]\n");
    place.args(["get", "bad/a", "-f", "json"]).run().code(0);
}

fn who_wrote_is_one_line_of_text((place, store): &(Place, Store)) {
    let sql = format!("UPDATE log SET by = '{BY}' WHERE key = '/bad/a'");
    store.change("@log#", &sql, &json!({"by": {"S": BY}}));
    for command in ["history bad/a", "watch bad --after 0 --once"] {
        let outcome = place.shell(&format!("timeout 10 discfg {command}")).run();
        assert!(!outcome.text().contains("forged"), "{}", outcome.text());
        assert!(!outcome.errors().contains("forged"), "{}", outcome.errors());
    }
    place.args(["history", "bad/a"]).run().code(70).stdout("");
    let sql = format!("UPDATE entry SET by = '{BY}' WHERE key = '/bad/a'");
    store.change("/bad/a", &sql, &json!({"by": {"S": BY}}));
    place
        .args(["ls", "-rl"])
        .run()
        .code(70)
        .stdout_has("/good/a")
        .stderr_has("/bad/a");
    place
        .args(["get", "bad/a", "-f", "json"])
        .run()
        .code(70)
        .stdout("");
}

/// Whether nothing but text is on stderr: no line that a runner takes for a command, and no control character.
fn is_text(stderr: &str) {
    assert!(stderr.chars().all(|c| c == '\n' || !c.is_control()), "{stderr:?}");
    assert!(
        stderr.lines().all(|line| !line.trim_start().starts_with("::")),
        "{stderr}"
    );
    assert!(!stderr.contains("##["), "{stderr}");
}

fn what_an_error_repeats_is_text((place, store): &(Place, Store)) {
    match store {
        Store::File(file) => {
            let row = "INSERT INTO entry VALUES (?1, 1, 1, 1, 1, 'x', 0, NULL, NULL, 'text', 'v')";
            file.execute(row, [SK]).expect("SQLite takes it");
        }
        Store::Table(_) => {
            let item = json!({"pk": {"S": "/bad"}, "sk": {"S": SK}, "kind": {"S": "text"}});
            store.put(&item);
        }
    }
    for command in [&["export"][..], &["ls", "-r"], &["info"], &["ls", "-r", "-v"]] {
        let outcome = place.args(command).run().code(70).stderr_has("stop-commands");
        is_text(outcome.errors());
    }
}

macro_rules! on_both_engines {
    ($($name:ident),+ $(,)?) => {
        mod on_the_embedded_engine {
            $(#[test]
            fn $name() {
                super::$name(&super::on_file());
            })+
        }

        mod on_dynamodb {
            $(#[test]
            fn $name() {
                super::$name(&super::in_table());
            })+
        }
    };
}

on_both_engines!(
    json_that_is_none_is_never_given,
    who_wrote_is_one_line_of_text,
    what_an_error_repeats_is_text,
);

#[test]
fn what_a_server_answers_is_text() {
    let behind = behind_api();
    let place = &behind.place;
    let answer = |status: u16, content_type: &'static str, body: Json| {
        behind.server.impair(move |_, _| {
            Some(Impaired::Answer {
                status,
                content_type,
                body: body.to_string().into_bytes(),
            })
        });
    };
    let node = |value: &str, by: &str| {
        json!({
            "key": "/bad/a", "kind": "json", "version": 1, "revision": 1, "value": value, "by": by,
            "created": "2026-11-25T12:00:00Z", "modified": "2026-11-25T12:00:00Z",
        })
    };
    for node in [node("1, \"/good/x\": \"forged\"", "me"), node("1", BY)] {
        answer(200, "application/json", json!({"action": "get", "node": node}));
        let outcome = place
            .args(["get", "bad/a"])
            .run()
            .code(70)
            .stdout("")
            .stderr_has("/bad/a");
        is_text(outcome.errors());
    }
    let problem = json!({
        "type": "about:blank", "title": "no", "status": 500, "detail": format!("no: {SK}"), "kind": "internal",
        "code": "corrupt", "section": "/bad",
    });
    answer(500, "application/problem+json", problem);
    is_text(place.args(["get", "bad/a"]).run().code(70).errors());
    let bad = json!([{"section": "/bad", "problem": SK}, {"section": "/good", "problem": SK}]);
    for (folders, bad) in [(json!([SK]), json!([])), (json!([]), bad)] {
        answer(
            200,
            "application/json",
            json!({"nodes": [], "folders": folders, "bad": bad}),
        );
        let outcome = place.args(["ls"]).run().code(70).stdout("");
        is_text(outcome.errors());
    }
}
