//! Text from the store, or of a server, that would be more than text where it is printed: JSON that ends its value and
//! begins another key.

use rusqlite::Connection;
use serde_json::{Value as Json, json};

use support::account::Account;
use support::cli::Place;
use support::config::{TABLE, embedded, on_table};

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

on_both_engines!(json_that_is_none_is_never_given,);
