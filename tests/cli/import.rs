//! Keys from files, also those of other stores, and how a source is named.

use serde_json::json;

use support::cli::{Outcome, Place};
use support::config::{embedded, on_every_engine};

on_every_engine!(
    one_word_is_the_source_and_two_are_config_and_source,
    what_consul_and_etcd_write_is_read,
    a_changed_name_is_shown_and_two_of_one_key_are_refused,
    secrets_are_chosen_by_flag_and_by_glob,
    a_rerun_does_what_is_left,
);

fn import(place: &Place, args: &[&str]) -> Outcome {
    place.args([&["import"], args].concat()).run()
}

fn one_word_is_the_source_and_two_are_config_and_source(place: &Place) {
    place.write(".env.prod", "DB_URL=one\n");
    place.write("mycfg", "{}");
    import(place, &[".env.prod", "--prefix", "a"])
        .code(0)
        .stdout_has("1 added");
    import(place, &["mycfg", ".env.prod", "--prefix", "b"])
        .code(0)
        .stdout_has("1 added");
    import(place, &["-c", "mycfg", "./.env.prod"])
        .code(0)
        .stdout_has("1 added");
    import(place, &["-d", ".env.prod"])
        .code(0)
        .stdout_has("1 unchanged");
    import(place, &["mycfg", "-d", ".env.prod"])
        .code(0)
        .stdout_has("1 unchanged");
    place
        .args(["import", "-", "--from", "json", "--prefix", "c"])
        .stdin(r#"{"url": "x"}"#)
        .run()
        .code(0)
        .stdout_has("1 added");
    place.args(["get", "/a/DB_URL"]).run().code(0).stdout("one\n");
    // A file that is called as the config is: one word never is the config.
    import(place, &["mycfg"])
        .code(2)
        .stderr_has("cannot determine the format of mycfg from its name")
        .stderr_has("for the config \"mycfg\", run `discfg import mycfg SOURCE`");
    import(place, &["mycfg", "--from", "json"])
        .code(0)
        .stdout_has("no keys");
    import(place, &["mycfg", ".env.prod", "-d", ".env.prod"])
        .code(2)
        .stderr_has("SOURCE and -d can't be used together");
    import(place, &[]).code(2).stderr_has("missing SOURCE");
    import(place, &["-"])
        .code(2)
        .stderr_has("set the format with --from");
    import(place, &["a", "b", "c"]).code(2);
    import(place, &["no/cfg", ".env.prod"])
        .code(2)
        .stderr_has("invalid config name");
    import(place, &["nosuch.json"])
        .code(8)
        .stderr_has("cannot read nosuch.json");
}

/// `consul kv export`.
fn consul(entries: &[(&str, &str)]) -> String {
    let entries = entries
        .iter()
        .map(|(key, base64)| json!({"key": key, "flags": 0, "value": base64}));
    json!(entries.collect::<Vec<_>>()).to_string()
}

fn what_consul_and_etcd_write_is_read(place: &Place) {
    place.write(
        "c.json",
        consul(&[
            ("app/", ""),
            ("app/url", "eA=="),
            ("app/cfg", "eyJhIjogMS4xMH0="),
            ("app/raw", "/wA="),
        ]),
    );
    import(place, &["c.json"])
        .code(8)
        .stderr_has("hint: a list of `consul kv export` is read with --from consul");
    import(place, &["c.json", "--from", "consul"])
        .code(0)
        .stdout_has("3 added");
    place
        .args(["get", "/app/cfg", "-f", "raw"])
        .run()
        .code(0)
        .stdout("{\"a\": 1.10}");
    place
        .args(["get", "/app/raw", "-f", "raw"])
        .run()
        .code(0)
        .stdout(b"\xff\0");
    place
        .args(["import", "-", "--from", "etcd", "--prefix", "e"])
        .stdin(r#"{"header":{"revision":3},"kvs":[{"key":"L2FwcC91cmw=","value":"eA=="}],"count":1}"#)
        .run()
        .code(0)
        .stdout_has("1 added");
    place.args(["get", "/e/app/url"]).run().code(0).stdout("x\n");
    place
        .args(["diff", "/", "-d", "c.json", "--from", "consul"])
        .run()
        .code(1)
        .stdout("- e/app/url\n");
    place.args(["diff", "/", "/", "--from", "consul"]).run().code(2);
    place.write("bad.json", "[\n {\"key\": \"a\", \"value\": \"hunter2!\"}]");
    import(place, &["bad.json", "--from", "consul"])
        .code(8)
        .stderr_has("invalid consul data in bad.json")
        .stderr_has("line 2, column 2: the entry has invalid Base64")
        .stderr_lacks("hunter2");
    import(place, &["bad.json", "--from", "etcd"])
        .code(8)
        .stderr_has(": expected the keys of a store");
    place.write("none.json", "[]");
    import(place, &["none.json", "--from", "consul"])
        .code(3)
        .stderr_has("no keys found in none.json")
        .stderr_has("--allow-empty");
    import(place, &["none.json", "--from", "consul", "--allow-empty"]).code(0);
}

fn a_changed_name_is_shown_and_two_of_one_key_are_refused(place: &Place) {
    place.write("c.json", consul(&[("a b/ü", "eA=="), ("ok", "eA==")]));
    import(place, &["c.json", "--from", "consul", "--dry-run"])
        .code(0)
        .stdout("+ /a_b/_\n+ /ok\nmycfg: planned: 2 added, 0 changed, 0 removed, 0 unchanged\n")
        .stderr("note: the name \"a b/ü\" becomes the key /a_b/_\n");
    let plan = import(place, &["c.json", "--from", "consul", "-f", "json"])
        .code(0)
        .json();
    assert_eq!(plan["renamed"], json!([{"name": "a b/ü", "key": "/a_b/_"}]));
    place.write(
        "two.json",
        consul(&[("a b", "eA=="), ("new", "eA=="), ("a@b", "eA==")]),
    );
    import(place, &["two.json", "--from", "consul"])
        .code(8)
        .stderr_has("cannot import two.json")
        .stderr_has("\"a b\" and \"a@b\" would both become the key /a_b");
    place.args(["get", "new"]).run().code(3);
    place.write("dots.json", consul(&[("a/../b", "eA==")]));
    import(place, &["dots.json", "--from", "consul"])
        .code(8)
        .stderr_has("cannot use \"a/../b\" as a key");
    // In discfg's own formats, a name is a key or a fault.
    place.write("own.json", r#"{"a b": 1}"#);
    import(place, &["own.json"])
        .code(8)
        .stderr_has("line 1, column 9");
}

fn secrets_are_chosen_by_flag_and_by_glob(place: &Place) {
    place.write(
        "a.json",
        r#"{"db": {"url": "x", "password": "hunter2"}, "app": {"password": "hunter3"}}"#,
    );
    import(place, &["a.json", "--secret-keys", "**/passwort"])
        .code(3)
        .stderr_has("no key matches --secret-keys **/passwort");
    import(place, &["a.json", "--secret-keys", "a[b"])
        .code(2)
        .stderr_has("unclosed [");
    import(place, &["a.json", "--secret", "--secret-keys", "db/*"]).code(2);
    import(
        place,
        &[
            "a.json",
            "--secret-keys",
            "/db/pass*",
            "--secret-keys",
            "app/*",
            "--values",
        ],
    )
    .code(0)
    .stderr_has("+ /db/password\t(secret)")
    .stderr_has("+ /db/url\tx")
    .stderr_lacks("hunter");
    let masked = |key: &str| {
        let node = place
            .args(["ls", "-r", "--values", "-f", "json"])
            .run()
            .code(0)
            .json();
        let nodes = node["nodes"].as_array().expect("nodes").clone();
        nodes.into_iter().find(|node| node["key"] == key).expect(key)["masked"] == true
    };
    assert!(masked("/db/password") && masked("/app/password") && !masked("/db/url"));
    import(place, &["a.json", "--secret-keys", "**/password"])
        .code(0)
        .stdout_has("3 unchanged");
    import(place, &["a.json", "--secret"])
        .code(0)
        .stderr_has("warning: the earlier values of /db/url were not encrypted: they stay in the history")
        .stdout_has("1 changed, 0 removed, 2 unchanged");
    assert!(masked("/db/url"));
    place.write("b.json", r#"{"/new/token": "t"}"#);
    place
        .args(["apply", "-d", "b.json", "--yes", "--secret"])
        .run()
        .code(0);
    assert!(masked("/new/token"));
    place.args(["get", "/new/token"]).run().code(0).stdout("t\n");
}

fn a_rerun_does_what_is_left(place: &Place) {
    let entries: Vec<(String, &str)> = (0..60).map(|n| (format!("s/k{n}"), "eA==")).collect();
    let entries: Vec<(&str, &str)> = entries
        .iter()
        .map(|(key, value)| (key.as_str(), *value))
        .collect();
    place.write("c.json", consul(&entries));
    place.write("few.json", consul(&entries[..10]));
    import(place, &["few.json", "--from", "consul"]).code(0);
    import(place, &["c.json", "--from", "consul"])
        .code(8)
        .stderr_has("--batch");
    import(place, &["c.json", "--from", "consul", "--batch"])
        .code(0)
        .stdout_has("50 added, 0 changed, 0 removed, 10 unchanged");
    import(place, &["c.json", "--from", "consul", "--batch"])
        .code(0)
        .stdout_has("60 unchanged");
}

#[test]
fn a_source_that_is_none_is_a_usage_error() {
    let place = embedded();
    for (source, problem) in [
        ("vault:secret/app", "unknown source \"vault:secret/app\""),
        ("s3://bucket/x", "unknown source"),
        ("ssm:prod", "expected ssm:/PATH/"),
        ("secretsmanager:", "expected secretsmanager:GLOB"),
        ("appconfig:a/b", "expected appconfig:APP/ENV/PROFILE"),
    ] {
        import(&place, &[source]).code(2).stdout("").stderr_has(problem);
    }
    import(&place, &["vault:x"])
        .code(2)
        .stderr_has("for a file of that name, use ./vault:x or -d");
    import(&place, &["ssm:/a/", "--from", "json"])
        .code(2)
        .stderr_has("--from and --flat can't be used with ssm:/a/");
    place.write("vault:x", r#"{"/a": "1"}"#);
    import(&place, &["./vault:x", "--from", "json"]).code(0);
    import(&place, &["nosuch.yaml", "--from", "toml"])
        .code(2)
        .stderr_has("k8s-configmap, consul, etcd");
}

#[test]
fn a_value_over_the_limit_is_named() {
    let place = embedded();
    let large = "eHh4".repeat(70_000);
    place.write("c.json", consul(&[("fine", "eA=="), ("large", &large)]));
    import(&place, &["c.json", "--from", "consul"])
        .code(8)
        .stderr_has("invalid value of \"large\"")
        .stderr_has("value too large: 210,000 bytes; the limit is 190,000");
    place.args(["ls"]).run().code(0).stdout("");
}
