//! Commands on several keys.

use support::cli::Place;
use support::config::on_every_engine;

on_every_engine!(
    values_come_in_the_order_of_their_keys,
    a_missing_key_is_named_and_nothing_is_printed,
    which_word_is_the_config_never_depends_on_what_it_holds,
    several_keys_are_deleted_in_one_commit_or_none,
    pairs_are_set_in_one_commit,
    options_of_set_are_for_each_pair,
    what_is_no_pair_leads_to_how_they_are_given,
);

fn set(place: &Place, keys: &[(&str, &str)]) {
    for (key, value) in keys {
        place.args(["set", key, value]).run().code(0);
    }
}

fn values_come_in_the_order_of_their_keys(place: &Place) {
    set(
        place,
        &[
            ("db/url", "one"),
            ("app", "{\"n\": 1.10}"),
            ("db/user", "two\nlines"),
        ],
    );
    place.write("bytes", [0xff, 0]);
    place.args(["set", "db/raw", "-d", "bytes"]).run().code(0);
    place.args(["set", "db/pw", "hunter2", "--secret"]).run().code(0);
    let get = |args: &[&str]| place.args([&["get"], args].concat()).run();
    get(&["mycfg", "db/url", "app", "db/user", "db/pw"])
        .code(0)
        .stdout("one\n{\"n\": 1.10}\ntwo\nlines\nhunter2\n")
        .stderr("");
    get(&["-c", "mycfg", "db/user", "/db/url"])
        .code(0)
        .stdout("two\nlines\none\n");
    get(&["mycfg", "db/url", "app", "db/url", "--eventual", "-f", "raw"])
        .code(0)
        .stdout("one{\"n\": 1.10}one");
    get(&["-c", "mycfg", "db/raw", "db/url"])
        .code(0)
        .stdout(b"\xff\0\none\n");
    let json = get(&["mycfg", "db/pw", "db/url", "-f", "json"]).code(0).json();
    assert_eq!(json["action"], "get");
    let nodes: Vec<_> = json["nodes"].as_array().expect("nodes").iter().collect();
    assert_eq!(
        (nodes.len(), &nodes[0]["value"], &nodes[1]["key"]),
        (2, &"hunter2".into(), &"/db/url".into())
    );
    // As of a revision of each one's section.
    set(place, &[("db/url", "newer"), ("db/user", "newer")]);
    get(&["mycfg", "db/url", "db/user", "--revision", "2"])
        .code(0)
        .stdout("one\ntwo\nlines\n");
}

fn a_missing_key_is_named_and_nothing_is_printed(place: &Place) {
    set(place, &[("db/url", "one")]);
    let get = |args: &[&str]| place.args([&["get", "mycfg"], args].concat()).run();
    get(&["db/url", "db/none"])
        .code(3)
        .stdout("")
        .stderr("error: key /db/none not found\n");
    let both = get(&["db/none", "db/url", "other", "-f", "json"])
        .code(3)
        .stdout("");
    both.stderr_has("\"code\":\"no-key\",\"message\":\"keys /db/none, /other not found\"");
    get(&["db/none", "db/url", "--default", "-"])
        .code(0)
        .stdout("-\none\n");
    get(&["db/url", "db/none", "--revision", "1"])
        .code(3)
        .stdout("")
        .stderr_has("error: key /db/none not found at revision 1\n");
}

fn which_word_is_the_config_never_depends_on_what_it_holds(place: &Place) {
    set(place, &[("mycfg", "named like the config"), ("db/url", "one")]);
    let get = |args: &[&str]| place.args([&["get"], args].concat()).run();
    get(&["mycfg"]).code(0).stdout("named like the config\n");
    get(&["mycfg", "mycfg"]).code(0).stdout("named like the config\n");
    get(&["-c", "mycfg", "mycfg", "db/url"])
        .code(0)
        .stdout("named like the config\none\n");
    for words in [&["/db/url", "/mycfg"][..], &["db/url", "mycfg", "db/url"]] {
        get(words).code(2).stdout("").stderr_has(&format!(
            "hint: the first of several arguments is the config; for keys alone, run `discfg get -c CONFIG {}`",
            words.join(" ")
        ));
    }
    get(&["nosuch", "mycfg", "db/url"])
        .code(3)
        .stdout("")
        .stderr_has("run `discfg get -c CONFIG nosuch mycfg db/url`");
}

fn several_keys_are_deleted_in_one_commit_or_none(place: &Place) {
    set(
        place,
        &[("db/a", "1"), ("db/b", "2"), ("web/c", "3"), ("mycfg", "4")],
    );
    let delete = |args: &[&str]| place.args([&["delete"], args].concat()).run();
    let left = || place.args(["ls", "-r"]).run().code(0).text();
    delete(&["mycfg", "db/a", "db/none", "web/c", "other"])
        .code(3)
        .stdout("")
        .stderr("error: keys /db/none, /other not found\n  hint: nothing was deleted; --ignore-not-found deletes the others\n");
    for guard in [
        &["--if-absent"][..],
        &["--if-present"],
        &["--if-revision", "1"],
        &["--if-value", "1"],
    ] {
        delete(&[&["mycfg", "db/a", "db/b"], guard].concat())
            .code(2)
            .stdout("")
            .stderr(&format!("error: {} can only guard a single key\n", guard[0]));
    }
    delete(&["/db/a", "/db/b"])
        .code(2)
        .stderr_has("run `discfg delete -c CONFIG /db/a /db/b`");
    assert_eq!(left(), "/db/a\n/db/b\n/mycfg\n/web/c\n");
    delete(&["-c", "mycfg", "db/a", "web/c", "db/a"])
        .code(0)
        .stdout("/db/a: deleted, revision 3\n/web/c: deleted, revision 2\n");
    let commit = |key| {
        let log = place.args(["history", key, "-f", "json"]).run().code(0).json();
        log["changes"][0]["commit"].clone()
    };
    assert_eq!(commit("db/a"), commit("web/c"));
    let json = delete(&["mycfg", "db/none", "db/b", "--ignore-not-found", "-f", "json"])
        .code(0)
        .json();
    assert_eq!(
        json["nodes"],
        serde_json::json!([{"key": "/db/b", "revision": 4}])
    );
    assert_eq!(json["prevNodes"][0]["value"], "2");
    delete(&["mycfg", "db/a", "db/b", "--ignore-not-found"])
        .code(0)
        .stdout("/db/a: not found\n/db/b: not found\n");
    assert_eq!(left(), "/mycfg\n");
}

fn pairs_are_set_in_one_commit(place: &Place) {
    let put = |args: &[&str]| place.args([&["set"], args].concat()).run();
    put(&["db/a=1", "/db/b=x=y", "web/c=", "-c", "mycfg"])
        .code(0)
        .stdout("/db/a: version 1, revision 1\n/db/b: version 1, revision 1\n/web/c: version 1, revision 1\n")
        .stderr("");
    place
        .args(["get", "mycfg", "db/a", "db/b", "web/c"])
        .run()
        .code(0)
        .stdout("1\nx=y\n\n");
    let json = put(&["db/a=2", "db/n={\"n\": 1}", "-f", "json"]).code(0).json();
    assert_eq!(json["action"], "set");
    assert_eq!(
        (
            &json["nodes"][1]["kind"],
            &json["prevNodes"][0]["value"],
            &json["prevNodes"][1]
        ),
        (&"json".into(), &"1".into(), &serde_json::json!({}))
    );
    put(&["db/a=2", "db/b=2", "-m", "for a reason", "-q"]).code(0);
    for key in ["db/a", "db/b"] {
        let log = place.args(["history", key, "-f", "json"]).run().code(0).json();
        assert_eq!(log["changes"][0]["message"], "for a reason");
    }
    // One alone is one, too, with its guards.
    put(&["db/a=3"]).code(0).stdout("/db/a: version 4, revision 4\n");
    put(&["db/a=4", "--if-absent"]).code(4).stdout("");
    // A value may look like a pair.
    put(&["db/a", "b=1"])
        .code(0)
        .stdout("/db/a: version 5, revision 5\n");
    put(&["mycfg", "db/a", "b=1"])
        .code(0)
        .stdout("/db/a: version 6, revision 6\n");
    put(&["db/a=1", "db/a=2"])
        .code(8)
        .stdout("")
        .stderr_has("key /db/a is changed twice in one commit");
}

fn options_of_set_are_for_each_pair(place: &Place) {
    let put = |args: &[&str]| place.args([&["set"], args].concat()).run();
    put(&["db/a=1", "db/b=true", "--json", "--ttl", "1h", "-q"]).code(0);
    put(&["db/pw=one", "db/token=two", "--secret", "-q"]).code(0);
    for (key, kind, is_secret) in [
        ("a", "json", false),
        ("b", "json", false),
        ("pw", "text", true),
        ("token", "text", true),
    ] {
        let node = place
            .args(["get", &format!("db/{key}"), "-f", "json"])
            .run()
            .code(0)
            .json();
        let node = &node["node"];
        assert_eq!(node["kind"], kind, "{node}");
        assert_eq!(node["secret"] == true, is_secret, "{node}");
        assert_eq!(node["ttl"] == 3600, !is_secret, "{node}");
    }
    for guard in [
        &["--if-absent"][..],
        &["--if-present"],
        &["--if-revision", "1"],
        &["--if-value", "1"],
    ] {
        put(&[&["db/a=5", "db/c=6"], guard].concat())
            .code(2)
            .stdout("")
            .stderr(&format!("error: {} can only guard a single key\n", guard[0]));
    }
    put(&["db/c=1", "db/d={", "--json"]).code(8).stdout("");
    place.args(["get", "db/c"]).run().code(3);
}

fn what_is_no_pair_leads_to_how_they_are_given(place: &Place) {
    let led = "hint: to set several keys, write every argument as KEY=VALUE, and name the config with -c";
    for words in [
        &["mycfg", "db/a=1", "db/b=2"][..],
        &["mycfg", "db/a=1", "db/b=2", "db/c=3"],
        &["db/a=1", "x"],
        &["db/a=1", "db/b"],
        &["a", "b", "c", "d"],
    ] {
        let refused = place.args([&["set"], words].concat()).run().code(2);
        refused.stdout("").stderr_has(led);
    }
    place.write("file", "v");
    place
        .args(["set", "db/a=1", "-d", "file"])
        .run()
        .code(2)
        .stdout("");
    place
        .args(["set", "db/a"])
        .run()
        .code(2)
        .stderr_has("error: missing VALUE");
    place.args(["ls"]).run().code(0).stdout("");
}
