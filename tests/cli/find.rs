//! Keys that are found by a pattern, in their values too.

use serde_json::json;

use support::cli::{Outcome, Place};
use support::config::{CONFIG, embedded, on_every_engine};

on_every_engine!(
    a_part_of_the_key_is_found,
    a_wildcard_makes_a_glob,
    a_regular_expression_is_asked_for,
    values_are_searched_only_if_asked,
    secrets_are_searched_only_if_revealed,
    a_prefix_bounds_the_search,
    ten_thousand_matches_are_listed,
    several_configs_are_searched,
);

fn find(place: &Place, args: &[&str]) -> Outcome {
    place.args([&["find"], args].concat()).run()
}

fn set(place: &Place, keys: &[(&str, &str)]) {
    for (key, value) in keys {
        place.args(["set", key, value]).run().code(0);
    }
}

fn a_part_of_the_key_is_found(place: &Place) {
    set(
        place,
        &[
            ("db/url", "x"),
            ("db/pool", "x"),
            ("app/url", "x"),
            ("mode", "url"),
        ],
    );
    find(place, &["url"])
        .code(0)
        .stdout("/app/url\n/db/url\n")
        .stderr("");
    find(place, &["URL"]).code(1).stdout("").stderr("");
    find(place, &["-i", "URL"]).code(0).stdout("/app/url\n/db/url\n");
    find(place, &["nosuch"]).code(1).stdout("").stderr("");
    let json = find(place, &["db/u", "-f", "json"]).code(0).json();
    assert_eq!(json["action"], "find");
    assert_eq!(json["denied"], json!([]));
    assert_eq!(json["matches"][0]["in"], json!(["key"]));
    assert_eq!(json["matches"][0]["node"]["key"], "/db/url");
    assert_eq!(json["matches"][0]["node"].get("value"), None);
    let none = find(place, &["nosuch", "-f", "json"]).code(1).json();
    assert_eq!(none, json!({"action": "find", "matches": [], "denied": []}));
    find(place, &[""]).code(2).stdout("").stderr_has("empty pattern");
}

fn a_wildcard_makes_a_glob(place: &Place) {
    set(place, &[("db/url", "x"), ("db/pool/max", "x"), ("url", "x")]);
    find(place, &["/db/*"]).code(0).stdout("/db/url\n");
    find(place, &["/db/**"]).code(0).stdout("/db/pool/max\n/db/url\n");
    find(place, &["u?l"]).code(0).stdout("/db/url\n/url\n");
    find(place, &["/u[qr]l"]).code(0).stdout("/url\n");
    find(place, &["u[r"]).code(2).stdout("").stderr_has("unclosed [");
}

fn a_regular_expression_is_asked_for(place: &Place) {
    set(place, &[("db/url", "x"), ("db/url2", "x")]);
    find(place, &["-E", "u.l$"]).code(0).stdout("/db/url\n");
    find(place, &["u.l$"]).code(1).stdout("");
    find(place, &["-E", "u(l"])
        .code(2)
        .stdout("")
        .stderr_has("invalid regular expression");
}

fn values_are_searched_only_if_asked(place: &Place) {
    set(
        place,
        &[
            ("db/url", "postgres://db.example.com/x"),
            ("app/flags", r#"{"beta": true}"#),
            ("app/name", "shop"),
        ],
    );
    find(place, &["example"]).code(1);
    find(place, &["example", "--in-values"])
        .code(0)
        .stdout("/db/url\tpostgres://db.example.com/x\n");
    find(place, &["*.example.com/*", "--in-values"])
        .code(0)
        .stdout("/db/url\tpostgres://db.example.com/x\n");
    let json = find(place, &["beta", "--in-values", "-f", "json"]).code(0).json();
    assert_eq!(json["matches"][0]["in"], json!(["value"]));
    assert_eq!(json["matches"][0]["node"]["value"], json!({"beta": true}));
}

fn secrets_are_searched_only_if_revealed(place: &Place) {
    set(place, &[("db/url", "hunter")]);
    place
        .args(["set", "db/password", "hunter2", "--secret"])
        .run()
        .code(0);
    find(place, &["hunter", "--in-values"])
        .code(0)
        .stdout("/db/url\thunter\n")
        .stderr_has("1 secret not searched; --reveal decrypts and searches them");
    // A secret that only its key finds is not shown.
    find(place, &["password", "--in-values", "--reveal"])
        .code(0)
        .stdout("/db/password\t(secret)\n")
        .stderr("");
    find(place, &["hunter", "--in-values", "--reveal"])
        .code(0)
        .stdout("/db/password\thunter2\n/db/url\thunter\n");
    find(place, &["hunter", "--reveal"])
        .code(2)
        .stderr_has("--in-values");
}

fn a_prefix_bounds_the_search(place: &Place) {
    set(place, &[("db/url", "x"), ("app/url", "x"), ("url", "x")]);
    find(place, &["url", "--prefix", "db"])
        .code(0)
        .stdout("/db/url\n");
    find(place, &["url", "--prefix", "nosuch"]).code(1).stdout("");
    find(place, &["nosuch", "--prefix", "db"]).code(1).stderr("");
    find(place, &["url", "--prefix", "db/url"])
        .code(3)
        .stdout("")
        .stderr_has("/db/url is a key, and there are no keys below it");
}

fn ten_thousand_matches_are_listed(place: &Place) {
    let lines: Vec<String> = (0..10_000).map(|n| format!("/many/key-{n:05}: x\n")).collect();
    place
        .args(["import", "-d", "-", "--from", "yaml", "--batch", "-q"])
        .stdin(lines.concat())
        .run()
        .code(0);
    let found = find(place, &["key-"]).code(0);
    assert_eq!(found.text().lines().count(), 10_000);
    let json = find(place, &["*9", "-f", "json"]).code(0).json();
    assert_eq!(json["matches"].as_array().map(Vec::len), Some(1_000));
}

fn several_configs_are_searched(place: &Place) {
    set(place, &[("db/url", "x")]);
    find(place, &["url", "-c", CONFIG, "--in", CONFIG])
        .code(2)
        .stderr_has("can't be given together with --in");
    find(place, &["url", "--in", CONFIG]).code(0).stdout("/db/url\n");
    find(place, &["url", "--in", CONFIG, "--in", "nosuch"])
        .code(3)
        .stdout(format!("{CONFIG}:/db/url\n"))
        .stderr_has("nosuch");
    let both = find(place, &["url", "--in", CONFIG, "--in", "nosuch", "-f", "json"]);
    let both = both.code(3).json();
    assert_eq!(both["matches"][0]["config"], CONFIG);
    assert_eq!(both["denied"][0]["config"], "nosuch");
}

#[test]
fn all_configs_of_this_machine_are_searched() {
    let place = embedded();
    set(&place, &[("db/url", "x")]);
    place.args(["init", "other", "--local", "-q"]).run().code(0);
    place.args(["set", "-c", "other", "app/url", "y"]).run().code(0);
    let mut expected = [format!("{CONFIG}:/db/url\n"), "other:/app/url\n".to_owned()];
    expected.sort();
    find(&place, &["url", "--all-configs"])
        .code(0)
        .stdout(expected.concat());
    let json = find(&place, &["url", "--all-configs", "-f", "json"])
        .code(0)
        .json();
    let configs: Vec<_> = json["matches"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|found| &found["config"])
        .collect();
    assert!(configs.contains(&&json!("other")), "{configs:?}");
}
