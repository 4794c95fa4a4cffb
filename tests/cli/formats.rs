//! What the key commands answer, in each format and on every engine.

use support::cli::Place;
use support::config::{behind_proxy, on_every_engine};

on_every_engine!(
    get_answers_in_the_documented_shape,
    a_scalar_is_text_unless_json_is_asked_for,
    bytes_come_back_exactly_and_are_base64_in_json,
    a_value_is_kept_as_it_was_given,
    a_default_stands_in_for_an_absent_key,
    set_answers_with_what_is_there_and_what_was,
    delete_answers_with_what_was,
    silent_leaves_the_exit_code_alone,
    a_time_to_live_is_kept_only_where_that_is_asked_for,
);

/// A member of `node` as JSON text, to be put where a test can't know it beforehand.
fn member(node: &serde_json::Value, name: &str) -> String {
    node[name].to_string()
}

fn get_answers_in_the_documented_shape(place: &Place) {
    place
        .args(["set", "db/cfg", r#"{"foo": "test", "n": 1.10, "big": 1e400}"#])
        .run()
        .code(0);
    let text = place.args(["get", "db/cfg", "-f", "json"]).run().code(0).text();
    let node = &serde_json::from_str::<serde_json::Value>(&text.replace("1e400", "0")).expect("JSON")["node"];
    let (created, modified, by) = (
        member(node, "created"),
        member(node, "modified"),
        member(node, "by"),
    );
    assert_eq!(
        text,
        format!(
            r#"{{"action":"get","node":{{"key":"/db/cfg","kind":"json","version":1,"revision":1,"value":{{"foo":"test","n":1.10,"big":1e400}},"created":{created},"modified":{modified},"by":{by}}},"prevNode":{{}}}}"#
        ) + "\n"
    );
    place
        .args(["get", "db/cfg", "-f", "yaml"])
        .run()
        .code(0)
        .stdout(format!(
            "action: get\nnode:\n  key: /db/cfg\n  kind: json\n  version: 1\n  revision: 1\n  value:\n    \
             foo: test\n    n: 1.10\n    big: 1e400\n  created: {created}\n  modified: {modified}\n  by: {by}\n\
             prevNode: {{}}\n"
        ));
}

fn a_scalar_is_text_unless_json_is_asked_for(place: &Place) {
    for (args, json, yaml) in [
        (&["1.10"][..], r#""kind":"text""#, "value: \"1.10\"\n"),
        (&["1.10", "--json"], r#""value":1.10,"#, "value: 1.10\n"),
        (&["true", "--json"], r#""value":true,"#, "value: true\n"),
        (&["[1]"], r#""kind":"json""#, "kind: json\n"),
        (&["[1]", "--text"], r#""value":"[1]","#, "kind: text\n"),
        (&["{no json"], r#""value":"{no json","#, "kind: text\n"),
    ] {
        place.args([&["set", "k"], args].concat()).run().code(0);
        place
            .args(["get", "k"])
            .run()
            .code(0)
            .stdout(format!("{}\n", args[0]));
        place
            .args(["get", "k", "-f", "json"])
            .run()
            .code(0)
            .stdout_has(json);
        place
            .args(["get", "k", "-f", "yaml"])
            .run()
            .code(0)
            .stdout_has(yaml);
    }
    place
        .args(["set", "k", "{\"a\":\n!}", "--json"])
        .run()
        .code(8)
        .stdout("")
        .stderr_has("invalid JSON value")
        .stderr_has("line 2, column 1")
        .stderr_lacks("!}");
    place
        .args(["set", "k", "-d", "-", "--text"])
        .stdin(b"ab\xff")
        .run()
        .code(8)
        .stderr_has("not valid UTF-8 (at byte 2)");
    place.args(["get", "k"]).run().code(0).stdout("{no json\n");
}

fn bytes_come_back_exactly_and_are_base64_in_json(place: &Place) {
    let bytes = b"\xff\x00\n\r\n";
    place.args(["set", "k", "-d", "-"]).stdin(bytes).run().code(0);
    place.args(["get", "k", "-f", "raw"]).run().code(0).stdout(bytes);
    let node = place.args(["get", "k", "-f", "json"]).run().code(0).json();
    assert_eq!(node["node"]["kind"], "bytes");
    assert_eq!(node["node"]["value"], "/wAKDQo=");
    place.args(["get", "k"]).run().code(0).stdout(bytes).stderr("");
    place
        .args(["ls", "--values"])
        .run()
        .code(0)
        .stdout("/k\t(5 bytes)\n");
}

fn a_value_is_kept_as_it_was_given(place: &Place) {
    for value in ["", "-x", "--", " a\n\n", "{ \"a\" : 1 }\n", "wörter 🎈"] {
        // A value after another kind of value is noted.
        place
            .args(["set", "k", "-q", "--", value])
            .run()
            .code(0)
            .stderr("");
        place.args(["get", "k", "-f", "raw"]).run().code(0).stdout(value);
        let file = place.write("value", value);
        place.args(["set", "-d"]).run().code(2).stdout("");
        let file = file.to_str().expect("a path in UTF-8");
        place.args(["set", "from/file", "-d", file]).run().code(0);
        place
            .args(["get", "from/file", "-f", "raw"])
            .run()
            .code(0)
            .stdout(value);
    }
    place.args(["set", "k", "-5"]).run().code(2).stderr_has("-- -5");
    place.args(["get", "k"]).run().code(0).stdout("wörter 🎈\n");
}

fn a_default_stands_in_for_an_absent_key(place: &Place) {
    let get = |args: &[&str]| place.args([&["get", "nosuch"], args].concat()).run();
    get(&[]).code(3).stdout("").stderr_has("key /nosuch not found");
    get(&["--default", "-x"]).code(0).stdout("-x\n").stderr("");
    get(&["--default", ""]).code(0).stdout("\n");
    get(&["--default", "d", "-f", "raw"]).code(0).stdout("d");
    get(&["--default", "d", "-f", "json"])
        .code(0)
        .stdout("{\"action\":\"get\",\"node\":{\"key\":\"/nosuch\",\"kind\":\"text\",\"value\":\"d\"},\"prevNode\":{}}\n");
    place.args(["set", "nosuch", "there"]).run().code(0);
    get(&["--default", "d"]).code(0).stdout("there\n");
}

fn set_answers_with_what_is_there_and_what_was(place: &Place) {
    place
        .args(["set", "k", "one"])
        .run()
        .code(0)
        .stdout("/k: version 1, revision 1\n")
        .stderr("");
    place
        .args(["set", "k", "two", "-f", "raw"])
        .run()
        .code(0)
        .stdout("2\n");
    let answer = place
        .args(["set", "k", "three", "-f", "json"])
        .run()
        .code(0)
        .json();
    assert_eq!(answer["action"], "set");
    assert_eq!(answer["node"]["value"], "three");
    assert_eq!(answer["node"]["version"], 3);
    assert_eq!(answer["prevNode"]["value"], "two");
    assert_eq!(answer["prevNode"]["revision"], 2);
    assert_eq!(answer["prevNode"]["created"], answer["node"]["created"]);
    place
        .args(["set", "new", "v", "-f", "yaml"])
        .run()
        .code(0)
        .stdout_has("action: set\nnode:\n  key: /new\n")
        .stdout_has("prevNode: {}\n");
}

fn delete_answers_with_what_was(place: &Place) {
    let set = || place.args(["set", "k", "v"]).run().code(0);
    set();
    let answer = place.args(["delete", "k", "-f", "json"]).run().code(0).json();
    assert_eq!(answer["action"], "delete");
    assert_eq!(answer["node"], serde_json::json!({"key": "/k", "revision": 2}));
    assert_eq!(answer["prevNode"]["value"], "v");
    set().stdout("/k: version 1, revision 3\n");
    place
        .args(["rm", "k"])
        .run()
        .code(0)
        .stdout("/k: deleted, revision 4\n");
    set();
    place
        .args(["delete", "k", "-f", "raw"])
        .run()
        .code(0)
        .stdout("6\n");
    place
        .args(["delete", "k"])
        .run()
        .code(3)
        .stdout("")
        .stderr_has("key /k not found");
    place
        .args(["delete", "k", "--ignore-not-found"])
        .run()
        .code(0)
        .stdout("/k: not found\n");
    place
        .args(["delete", "k", "--ignore-not-found", "-f", "json"])
        .run()
        .code(0)
        .stdout("{\"action\":\"delete\",\"node\":{},\"prevNode\":{}}\n");
}

fn silent_leaves_the_exit_code_alone(place: &Place) {
    for (args, code) in [
        (&["set", "k", "v"][..], 0),
        (&["get", "k"], 0),
        (&["ls"], 0),
        (&["info"], 0),
        (&["which"], 0),
        (&["version"], 0),
        (&["get", "nosuch"], 3),
        (&["get", "nosuch", "--default", "d"], 0),
        (&["set", "k", "w", "--if-absent"], 4),
        (&["delete", "k"], 0),
        (&["delete", "k"], 3),
        (&["use", "mycfg"], 0),
    ] {
        place
            .args([args, &["-f", "silent"]].concat())
            .run()
            .code(code)
            .stdout("");
    }
}

fn a_time_to_live_is_kept_only_where_that_is_asked_for(place: &Place) {
    let node =
        |args: &[&str]| place.args([args, &["-f", "json"]].concat()).run().code(0).json()["node"].take();
    let first = node(&["set", "k", "v", "--ttl", "1h"]);
    assert_eq!(first["ttl"], 3600);
    assert!(first["expires"].is_string(), "{first}");
    let kept = node(&["set", "k", "w", "--keep-ttl"]);
    assert_eq!(
        (&kept["ttl"], &kept["expires"]),
        (&first["ttl"], &first["expires"])
    );
    let dropped = node(&["set", "k", "x"]);
    assert!(
        dropped.get("ttl").is_none() && dropped.get("expires").is_none(),
        "{dropped}"
    );
    place
        .args(["set", "k", "y", "--ttl", "0"])
        .run()
        .code(2)
        .stderr_has("expected 1s to 3650d");
    place
        .args(["set", "k", "y", "--ttl", "1h", "--keep-ttl"])
        .run()
        .code(2)
        .stderr_has("--keep-ttl");
    assert_eq!(node(&["get", "k"])["value"], "x");
}

mod on_aws {
    use super::*;

    #[test]
    fn an_eventual_read_asks_for_one() {
        let (_account, proxy, place) = behind_proxy();
        place.args(["set", "k", "v"]).run().code(0);
        proxy.forget();
        place.args(["get", "k", "--eventual"]).run().code(0).stdout("v\n");
        place.args(["get", "k"]).run().code(0).stdout("v\n");
        let consistent: Vec<bool> = proxy
            .requests()
            .iter()
            .map(|request| request.json()["ConsistentRead"] == true)
            .collect();
        assert_eq!(consistent, [false, true]);
    }
}
