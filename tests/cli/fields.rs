//! Fields of JSON values: read, and set in place.

use serde_json::json;
use support::cli::{Outcome, Place};
use support::config::on_every_engine;

on_every_engine!(
    a_field_is_read_by_a_pointer_or_dots,
    a_field_is_set_and_the_rest_stays_as_it_was_written,
    a_value_that_does_not_fit_a_field_is_refused,
    a_field_keeps_what_the_key_is,
    what_has_no_such_field_is_said,
    guards_hold_for_fields,
    writers_of_different_fields_lose_nothing,
);

/// Written as people write it.
const DOCUMENT: &str = "{ \"port\": 8080,\n  \"ratio\": 1.10,  \"on\": true,\n\t\"hosts\": [ \"a\", {\"name\":\"b\"} ],\n  \"none\":null }\n";

fn get(place: &Place, args: &[&str]) -> Outcome {
    place.args([&["get", "app"], args].concat()).run()
}

fn set(place: &Place, args: &[&str]) -> Outcome {
    place.args([&["set", "app"], args].concat()).run()
}

#[track_caller]
fn document_is(place: &Place, replaced: &[(&str, &str)]) {
    let mut document = DOCUMENT.to_owned();
    for (from, to) in replaced {
        document = document.replace(from, to);
    }
    get(place, &["-f", "raw"]).code(0).stdout(document);
}

fn a_field_is_read_by_a_pointer_or_dots(place: &Place) {
    set(place, &[DOCUMENT]).code(0);
    for (field, value) in [
        ("/port", "8080"),
        (".ratio", "1.10"),
        ("/hosts/0", "a"),
        (".hosts.1.name", "b"),
        ("/hosts/1", "{\"name\":\"b\"}"),
        ("/none", "null"),
    ] {
        get(place, &["--field", field])
            .code(0)
            .stdout(format!("{value}\n"));
        get(place, &["--field", field, "-f", "raw"]).code(0).stdout(value);
    }
    let node = get(place, &["--field", "/ratio", "-f", "json"]).code(0).json();
    assert_eq!(
        (
            &node["node"]["key"],
            &node["node"]["kind"],
            &node["node"]["value"]
        ),
        (&json!("/app"), &json!("json"), &json!(1.1))
    );
    place.args(["set", "other", "{\"port\": 1}"]).run().code(0);
    place
        .args(["get", "mycfg", "app", "other", "--field", ".port"])
        .run()
        .code(0)
        .stdout("8080\n1\n");
    set(place, &["{}"]).code(0);
    get(place, &["--field", "/port", "--revision", "1"])
        .code(0)
        .stdout("8080\n");
}

fn a_field_is_set_and_the_rest_stays_as_it_was_written(place: &Place) {
    set(place, &[DOCUMENT]).code(0);
    set(place, &["9090", "--field", "/port"])
        .code(0)
        .stdout("/app: version 2, revision 2\n");
    set(place, &["1.20e3", "--field", ".ratio"]).code(0);
    set(place, &["false", "--field", ".on"]).code(0);
    set(place, &["say \"hi\"", "--field", "/hosts/1/name"]).code(0);
    let mut changed = vec![
        ("8080", "9090"),
        ("1.10", "1.20e3"),
        ("true", "false"),
        ("\"b\"", "\"say \\\"hi\\\"\""),
    ];
    document_is(place, &changed);
    // New ones, in the manner of their neighbours.
    set(place, &["c", "--field", "/hosts/-"]).code(0);
    set(place, &["5", "--field", "/hosts/1/age", "--json"]).code(0);
    set(place, &["5", "--field", "/new"]).code(0);
    changed[3] = (
        "{\"name\":\"b\"} ]",
        "{\"name\":\"say \\\"hi\\\"\",\"age\":5}, \"c\" ]",
    );
    changed.push(("null }", "null,\n  \"new\":\"5\" }"));
    document_is(place, &changed);
    // From a file, a pair or with a config.
    place.write("value", "x");
    set(place, &["--field", "/new", "-d", "value"]).code(0);
    place.args(["set", "app={}", "--field", "/none"]).run().code(0);
    place
        .args(["set", "mycfg", "app", "[]", "--field", "/port", "--json"])
        .run()
        .code(0);
    get(place, &["--field", "/new"]).code(0).stdout("x\n");
    get(place, &["--field", "/none"]).code(0).stdout("{}\n");
    get(place, &["--field", "/port"]).code(0).stdout("[]\n");
}

fn a_value_that_does_not_fit_a_field_is_refused(place: &Place) {
    set(place, &[DOCUMENT]).code(0);
    for (field, value, expected) in [
        ("/port", "high", "a number"),
        ("/port", "true", "a number"),
        ("/port", "\"8080\"", "a number"),
        ("/on", "1", "true or false"),
        ("/hosts", "{}", "an array"),
        ("/hosts/1", "[]", "an object"),
        ("/hosts/1", "x", "an object"),
    ] {
        set(place, &[value, "--field", field]).code(8).stdout("").stderr(&format!(
            "error: the value does not fit field {field} of key /app: expected {expected}\n  hint: --json stores any JSON, --text a string\n"
        ));
    }
    set(place, &["{", "--field", "/port", "--json"])
        .code(8)
        .stdout("");
    document_is(place, &[]);
    set(place, &["8080", "--field", "/port", "--text"]).code(0);
    set(place, &["7", "--field", "/hosts/0", "--json"]).code(0);
    document_is(place, &[("8080", "\"8080\""), ("\"a\"", "7")]);
}

fn a_field_keeps_what_the_key_is(place: &Place) {
    set(place, &[DOCUMENT, "--secret", "--ttl", "1h"]).code(0);
    set(place, &["9090", "--field", "/port"]).code(0).stderr("");
    let node = get(place, &["-f", "json"]).code(0).json();
    let node = &node["node"];
    assert_eq!(
        (&node["secret"], &node["ttl"]),
        (&json!(true), &json!(3600)),
        "{node}"
    );
    document_is(place, &[("8080", "9090")]);
    let log = place.args(["history", "app"]).run().code(0);
    log.stderr_lacks("9090");
    set(place, &["9091", "--field", "/port", "--ttl", "2h", "--plain"]).code(0);
    let node = get(place, &["-f", "json"]).code(0).json();
    assert_eq!(
        (&node["node"]["secret"], &node["node"]["ttl"]),
        (&json!(null), &json!(7200))
    );
}

fn what_has_no_such_field_is_said(place: &Place) {
    set(place, &[DOCUMENT]).code(0);
    get(place, &["--field", "/no/such"])
        .code(3)
        .stdout("")
        .stderr("error: field /no/such of key /app not found\n");
    get(place, &["--field", "/no", "--default", "d"])
        .code(0)
        .stdout("d\n");
    for field in ["/no/such", "/port/x", "/hosts/5", "/hosts/x", "/hosts/1/name/x"] {
        set(place, &["1", "--field", field])
            .code(3)
            .stdout("")
            .stderr_has(&format!(
                "error: field {field} of key /app not found\n  hint: only the last"
            ));
    }
    document_is(place, &[]);
    place
        .args(["get", "none", "--field", "/a"])
        .run()
        .code(3)
        .stderr_has("error: key /none not found");
    place
        .args(["set", "none", "1", "--field", "/a"])
        .run()
        .code(3)
        .stderr_has("error: key /none not found");
    place.write("bytes", [0xff]);
    place.args(["set", "raw", "-d", "bytes"]).run().code(0);
    place.args(["set", "text", "{}", "--text"]).run().code(0);
    for (key, kind) in [("raw", "bytes"), ("text", "text")] {
        let answer = format!("error: key /{key} has no fields: its value is {kind}, not JSON\n");
        for call in [&["get", key][..], &["set", key, "1"]] {
            let call = [call, &["--field", "/a"]].concat();
            place.args(call).run().code(8).stdout("").stderr_has(&answer);
        }
    }
    for field in ["port", "", ".", "/~2"] {
        get(place, &["--field", field])
            .code(2)
            .stderr_has("'--field <FIELD>'");
    }
    set(place, &["1", "--field", "/a", "--if-absent"]).code(2);
    place
        .args(["set", "app=1", "other=2", "--field", "/a"])
        .run()
        .code(2)
        .stderr_has("error: --field sets a field of a single key");
}

fn guards_hold_for_fields(place: &Place) {
    set(place, &[DOCUMENT]).code(0);
    set(place, &["1", "--field", "/port", "--if-revision", "2"]).code(4);
    set(place, &["1", "--field", "/port", "--if-value", "x"]).code(4);
    document_is(place, &[]);
    set(place, &["1", "--field", "/port", "--if-revision", "1"]).code(0);
    set(place, &["2", "--field", "/port", "--if-present"]).code(0);
}

fn writers_of_different_fields_lose_nothing(place: &Place) {
    set(place, &["{\"a\": 0, \"b\": 0, \"c\": 0}"]).code(0);
    let each = |field: &str| {
        let script = format!("for n in 1 2 3 4; do discfg set app $n --field /{field} -q || exit; done");
        place.shell(&script).start()
    };
    for writer in ["a", "b", "c"].map(each) {
        writer.end().code(0);
    }
    get(place, &[]).code(0).stdout("{\"a\": 4, \"b\": 4, \"c\": 4}\n");
}
