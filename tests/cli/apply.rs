//! Keys made as a file says: shown, asked for, committed as one.

use serde_json::json;

use support::cli::{Outcome, Place};
use support::config::{embedded, on_every_engine};

on_every_engine!(
    a_plan_is_shown_and_asked_for,
    a_plan_is_shown_to_whom_need_not_be_asked,
    values_are_masked_unless_asked_for,
    other_keys_stay_unless_pruned,
    a_digest_lets_one_of_two_win,
    names_below_a_prefix_are_relative,
    too_much_for_a_commit_is_refused_with_the_sum,
    an_import_neither_asks_nor_writes_twice,
    nothing_of_a_broken_file_is_applied,
    a_file_is_compared,
);

fn run(place: &Place, args: &[&str]) -> Outcome {
    place.args(args).run()
}

fn done(place: &Place, args: &[&str]) -> Outcome {
    run(place, args).code(0)
}

fn a_plan_is_shown_and_asked_for(place: &Place) {
    done(place, &["set", "db/url", "old"]);
    done(place, &["set", "db/same", "x"]);
    place.write(
        "app.json",
        r#"{"/db/url": "new", "/db/same": "x", "/db/pool": {"max": 1.10}, "/top": 5}"#,
    );
    run(place, &["apply", "-d", "app.json"])
        .code(2)
        .stdout("")
        .stderr_has("+ /db/pool\n~ /db/url\n+ /top\n")
        .stderr_has(
            "because: not answered: mycfg: 2 added, 1 changed, 0 removed, 1 unchanged. Apply these changes?",
        )
        .stderr_has("use --yes");
    done(place, &["apply", "-d", "app.json", "--dry-run"]).stdout(
        "+ /db/pool\n~ /db/url\n+ /top\nmycfg: planned: 2 added, 1 changed, 0 removed, 1 unchanged\n",
    );
    done(place, &["get", "db/url"]).stdout("old\n");
    let told = done(place, &["apply", "-d", "app.json", "--yes", "-f", "json"]).json();
    assert_eq!(told["action"], "apply");
    assert_eq!(told["config"], "mycfg");
    assert_eq!(told["result"], "applied");
    assert_eq!(
        told["changes"],
        json!([
            {"op": "add", "key": "/db/pool"},
            {"op": "change", "key": "/db/url"},
            {"op": "add", "key": "/top"}
        ])
    );
    assert_eq!(
        told["sections"],
        json!([{"name": "/db", "revision": 3}, {"name": "@root", "revision": 1}])
    );
    done(place, &["get", "db/pool"]).stdout("{\"max\": 1.10}\n");
    let top = done(place, &["get", "top", "-f", "json"]).json();
    assert_eq!(top["node"]["kind"], "json");
    done(place, &["apply", "-d", "app.json", "--yes"])
        .stdout("mycfg: unchanged: 0 added, 0 changed, 0 removed, 4 unchanged\n");
    let commits: Vec<String> = ["db/url", "top"]
        .iter()
        .map(|key| {
            done(place, &["history", key, "-f", "json", "-n", "1"]).json()["changes"][0]["commit"].to_string()
        })
        .collect();
    assert_eq!(commits[0], commits[1], "one commit over both sections");
}

fn a_plan_is_shown_to_whom_need_not_be_asked(place: &Place) {
    done(place, &["set", "db/url", "hunter1"]);
    place.write("app.yaml", "/db/url: hunter2\n/db/new: hunter3\n");
    done(place, &["apply", "-d", "app.yaml", "--yes"])
        .stdout_has("1 added, 1 changed")
        .stderr("+ /db/new\n~ /db/url\n");
    done(place, &["apply", "-d", "app.yaml", "--yes"]).stderr("");
    done(place, &["set", "db/url", "hunter1"]);
    done(place, &["apply", "-d", "app.yaml", "--yes", "-q"]).stderr("");
    done(place, &["rollback", "--prefix", "db", "--to", "1", "--yes"]).stderr("- /db/new\n~ /db/url\n");
    done(place, &["copy", "/db", "/spare", "--yes"])
        .stderr("copy prefix /db/ to prefix /spare/\n+ /spare/url\n");
}

fn values_are_masked_unless_asked_for(place: &Place) {
    done(place, &["set", "db/url", "hunter1"]);
    place.write("app.yaml", "/db/url: hunter2\n");
    done(place, &["apply", "-d", "app.yaml", "--dry-run"])
        .stdout_has("~ /db/url\n")
        .stderr("");
    run(place, &["apply", "-d", "app.yaml"])
        .code(2)
        .stderr_lacks("hunter");
    done(place, &["apply", "-d", "app.yaml", "--dry-run", "--values"])
        .stdout_has("~ /db/url\thunter1 -> hunter2\n");
    let told = done(
        place,
        &["apply", "-d", "app.yaml", "--dry-run", "--values", "-f", "json"],
    )
    .json();
    assert_eq!(told["changes"][0]["from"]["value"], "hunter1");
    assert_eq!(told["changes"][0]["to"]["value"], "hunter2");
}

fn other_keys_stay_unless_pruned(place: &Place) {
    for key in ["db/a", "db/old", "app/a"] {
        done(place, &["set", key, "x"]);
    }
    done(place, &["set", "db/beat", "x", "--ttl", "1h"]);
    place.write("db.json", r#"{"a": "x", "new": "x"}"#);
    done(place, &["apply", "-d", "db.json", "--prefix", "db", "--yes"]).stdout_has("1 added");
    done(place, &["get", "db/old"]);
    run(place, &["apply", "-d", "db.json", "--prune", "--yes"])
        .code(2)
        .stderr_has("--prefix");
    run(
        place,
        &["apply", "-d", "db.json", "--prefix", "/", "--prune", "--yes"],
    )
    .code(2)
    .stderr_has("/ spans several sections");
    done(
        place,
        &["apply", "-d", "db.json", "--prefix", "db", "--prune", "--yes"],
    )
    .stdout_has("0 added, 0 changed, 1 removed, 2 unchanged");
    done(place, &["ls", "-r"]).stdout("/app/a\n/db/a\n/db/beat\n/db/new\n");
}

fn a_digest_lets_one_of_two_win(place: &Place) {
    done(place, &["set", "db/n", "0"]);
    done(place, &["set", "app/n", "0"]);
    let digest = |place: &Place| {
        done(place, &["info", "--prefix", "db", "-f", "json"]).json()["digest"]
            .as_str()
            .expect("a digest")
            .to_owned()
    };
    let before = digest(place);
    let script = format!(
        "for i in 1 2 3 4; do echo '{{\"n\": \"'$i'\"}}' > $i.json; done
         for i in 1 2 3 4; do
           (discfg apply -d $i.json --prefix db --if-digest {before} --yes -f silent -q 2>/dev/null; echo $? >> codes) &
         done; wait; sort codes"
    );
    place.shell(&script).run().code(0).stdout("0\n4\n4\n4\n");
    assert_ne!(digest(place), before);
    let log = done(place, &["history", "db/n", "-f", "raw"]).text();
    assert_eq!(log, "2\n1\n");
    run(
        place,
        &[
            "apply",
            "-d",
            "1.json",
            "--prefix",
            "db",
            "--if-digest",
            &before,
            "--yes",
        ],
    )
    .code(4)
    .stdout("")
    .stderr_has("expected digest sha256:")
    .stderr_has(&before);
    run(
        place,
        &[
            "apply",
            "-d",
            "1.json",
            "--prefix",
            "db",
            "--if-digest",
            "sha256:12",
            "--yes",
        ],
    )
    .code(2)
    .stdout("")
    .stderr_has("expected sha256: and 64 hexadecimal digits");
}

fn names_below_a_prefix_are_relative(place: &Place) {
    place.write("rel.json", r#"{"url": "x", "pool": {"max": 5}}"#);
    done(place, &["apply", "-d", "rel.json", "--prefix", "db", "--yes"]);
    done(place, &["ls", "-r"]).stdout("/db/pool/max\n/db/url\n");
    done(
        place,
        &["apply", "-d", "rel.json", "--prefix", "flat", "--flat", "--yes"],
    );
    done(place, &["ls", "-r", "flat"]).stdout("/flat/pool\n/flat/url\n");
    place.write("full.json", r#"{"/app/url": "x"}"#);
    run(place, &["apply", "-d", "full.json", "--prefix", "db", "--yes"])
        .code(8)
        .stdout("")
        .stderr_has("key /app/url is not below /db");
    place.write("mixed.json", r#"{"/db/url": "x", "url": "y"}"#);
    run(place, &["apply", "-d", "mixed.json", "--yes"])
        .code(8)
        .stdout("");
}

fn many(place: &Place, name: &str, keys: usize) {
    let lines: Vec<String> = (0..keys).map(|i| format!("\"/db/k{i:04}\": \"{i}\"")).collect();
    place.write(name, format!("{{{}}}", lines.join(",\n")));
}

fn too_much_for_a_commit_is_refused_with_the_sum(place: &Place) {
    many(place, "fits.json", 48);
    done(place, &["apply", "-d", "fits.json", "--yes"]).stdout_has("48 added");
    done(place, &["delete", "-r", "db", "--yes"]);
    many(place, "many.json", 50);
    run(place, &["apply", "-d", "many.json", "--yes"])
        .code(8)
        .stdout("")
        .stderr_has("102 DynamoDB actions; the limit is 100 (2 × 50 changes + 1 section")
        .stderr_has("use --batch to split it into several commits");
    done(place, &["ls", "-r"]).stdout("");
    done(place, &["apply", "-d", "many.json", "--yes", "--batch"])
        .stdout_has("50 added")
        .stderr_has("50 changes, ");
    let log = done(place, &["history", "db/k0049", "-f", "raw"]).text();
    assert_eq!(log, "4\n", "the second commit of the batch");
    let large = "x".repeat(180_000);
    let lines: Vec<String> = (0..12).map(|i| format!("\"/large/k{i}\": \"{large}\"")).collect();
    place.write("large.json", format!("{{{}}}", lines.join(",\n")));
    run(place, &["import", "-d", "large.json"])
        .code(8)
        .stdout("")
        .stderr_has("the limit is 4,000,000")
        .stderr_has("use --batch to split it into several commits");
    done(place, &["import", "-d", "large.json", "--batch"]).stdout_has("12 added");
}

fn an_import_neither_asks_nor_writes_twice(place: &Place) {
    done(place, &["set", "db/k0001", "other"]);
    many(place, "many.json", 120);
    run(place, &["import", "-d", "many.json"]).code(8).stdout("");
    done(place, &["import", "-d", "many.json", "--batch"]).stdout_has("119 added, 1 changed");
    done(place, &["import", "-d", "many.json", "--batch"])
        .stdout("mycfg: unchanged: 0 added, 0 changed, 0 removed, 120 unchanged\n");
    place
        .args(["import", "--from", "json", "-d", "-"])
        .stdin(r#"{"/db/k0001": "again"}"#)
        .run()
        .code(0)
        .stdout_has("1 changed");
    done(place, &["get", "db/k0001"]).stdout("again\n");
}

fn nothing_of_a_broken_file_is_applied(place: &Place) {
    let broken = [
        ("a.json", r#"{"/a": "1", "/b": }"#),
        ("twice.json", r#"{"/a": "1", "/a": "2"}"#),
        ("key.json", r#"{"/a": "1", "/a b": "2"}"#),
        ("list.json", r#"["/a"]"#),
        ("bad.yaml", "/a: 1\n\t/b: 2\n"),
        ("twice.csv", "key,value\n/a,1\n/a,2\n"),
    ];
    for (name, content) in broken {
        place.write(name, content);
        run(place, &["apply", "-d", name, "--yes"])
            .code(8)
            .stdout("")
            .stderr_has(name);
    }
    place.write(
        "large.json",
        format!(r#"{{"/a": "1", "/big": "{}"}}"#, "x".repeat(190_001)),
    );
    run(place, &["apply", "-d", "large.json", "--yes"])
        .code(8)
        .stdout("")
        .stderr_has("190,001 bytes; the limit is 190,000");
    run(place, &["apply", "-d", "nofile.json", "--yes"])
        .code(8)
        .stderr_has("nofile.json");
    run(place, &["apply", "-d", "noformat", "--yes"])
        .code(2)
        .stderr_has("--from");
    run(place, &["apply", "--yes"]).code(2).stderr_has("-d FILE");
    done(place, &["ls", "-r"]).stdout("");
}

fn a_file_is_compared(place: &Place) {
    done(place, &["set", "db/url", "x"]);
    done(place, &["set", "db/old", "x"]);
    place.write("db.json", r#"{"url": "y", "new": "x"}"#);
    run(place, &["diff", "/db", "-d", "db.json"])
        .code(1)
        .stdout("+ new\n- old\n~ url\n");
    // Where the kinds alone differ, they are all that tells the sides apart.
    done(place, &["set", "kinds/a", "1"]);
    place.write("kinds.json", r#"{"a": 1}"#);
    for (values, line) in [
        (&[][..], "~ a\t(text -> json)\n"),
        (&["--values"], "~ a\t1 (text) -> 1 (json)\n"),
    ] {
        let diff = [&["diff", "/kinds", "-d", "kinds.json"], values].concat();
        run(place, &diff).code(1).stdout(line);
        let apply = [
            &["apply", "--prefix", "kinds", "-d", "kinds.json", "--dry-run"],
            values,
        ]
        .concat();
        done(place, &apply).stdout_has(&line.replace("~ a", "~ /kinds/a"));
        let kinds =
            |change: &serde_json::Value| [change["from"]["kind"].clone(), change["to"]["kind"].clone()];
        let json = [&diff[..], &["-f", "json"]].concat();
        let differs = run(place, &json).code(1).json();
        assert_eq!(kinds(&differs["changes"][0]), ["text", "json"]);
        let json = [&apply[..], &["-f", "json"]].concat();
        assert_eq!(kinds(&done(place, &json).json()["changes"][0]), ["text", "json"]);
    }
    done(place, &["delete", "kinds/a"]);
    place.write("all.json", r#"{"/db/url": "x", "/db/old": "x"}"#);
    done(place, &["diff", "mycfg", "-d", "all.json"]).stdout("");
    run(place, &["diff", "/db"]).code(2);
    run(place, &["diff", "/db", "/app", "-d", "db.json"]).code(2);
}

#[test]
fn a_kill_in_the_middle_leaves_all_of_a_commit_or_none() {
    let place = embedded();
    many(&place, "many.json", 2000);
    let script = "discfg import -d many.json --batch -q -f silent & child=$!
        until [ \"$(discfg ls -r db | head -1)\" ]; do :; done; kill -9 $child; wait $child; echo $?";
    place.shell(script).run().stdout("137\n");
    let keys = done(&place, &["ls", "-r", "db"]).text().lines().count();
    assert!(keys > 0 && keys.is_multiple_of(48), "whole commits of 48: {keys}");
    done(&place, &["import", "-d", "many.json", "--batch"]).stdout_has(&format!("{keys} unchanged"));
    assert_eq!(done(&place, &["ls", "-r", "db"]).text().lines().count(), 2000);
}
