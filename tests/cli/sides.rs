//! Two places laid beside each other, copied from one to the other; and all below a prefix removed.

use serde_json::json;

use support::account::Account;
use support::cli::{Outcome, Place};
use support::config::{embedded, on_every_engine};
use support::emulator::Emulator;
use support::proxy::Proxy;

on_every_engine!(
    differences_are_told_by_sign_and_exit_code,
    values_are_shown_only_when_asked_for,
    a_copy_is_shown_and_asked_for,
    keys_with_a_time_to_live_stay_behind,
    all_below_a_prefix_is_removed,
    more_than_a_commit_holds_is_removed_in_several,
    a_path_is_that_of_a_key_or_of_a_prefix,
    a_side_without_keys_is_not_found,
    a_key_is_no_prefix_without_keys_below_it,
);

fn run(place: &Place, args: &[&str]) -> Outcome {
    place.args(args).run()
}

fn done(place: &Place, args: &[&str]) -> Outcome {
    run(place, args).code(0)
}

fn differences_are_told_by_sign_and_exit_code(place: &Place) {
    done(place, &["set", "a/same", "x"]);
    done(place, &["set", "b/same", "x"]);
    done(place, &["diff", "/a", "/b"]).stdout("").stderr("");
    done(place, &["set", "a/old", "x"]);
    done(place, &["set", "b/deep/new", "x"]);
    done(place, &["set", "a/kind", "1"]);
    done(place, &["set", "b/kind", "1", "--json"]);
    run(place, &["diff", "/a", "/b"])
        .code(1)
        .stdout("+ deep/new\n~ kind\t(text -> json)\n- old\n")
        .stderr("");
    let told = run(place, &["diff", "/a", "/b", "-f", "json"]).code(1).json();
    assert_eq!(
        told,
        json!({"action": "diff", "same": false, "changes": [
            {"op": "add", "key": "deep/new"}, {"op": "change", "key": "kind", "from": {"kind": "text"}, "to": {"kind": "json"}}, {"op": "remove", "key": "old"}
        ]})
    );
    let same = done(place, &["diff", "/a", "/a", "-f", "json"]).json();
    assert_eq!(same["same"], true);
    done(place, &["diff", "/a", "/a@3"]).stdout("");
    run(place, &["diff", "/a", "/a@1"])
        .code(1)
        .stdout("- kind\n- old\n");
    for bad in ["/a//b", "Pay:/x", "/a@x", "pay/x"] {
        run(place, &["diff", "/a", bad])
            .code(2)
            .stdout("")
            .stderr_has(bad);
    }
}

fn values_are_shown_only_when_asked_for(place: &Place) {
    done(place, &["set", "a/k", "two\nlines"]);
    done(place, &["set", "b/k", "{\"n\":1.10}"]);
    run(place, &["diff", "/a", "/b"]).code(1).stdout("~ k\n");
    run(place, &["diff", "/a", "/b", "--values"])
        .code(1)
        .stdout("~ k\ttwo\\nlines -> {\"n\":1.10}\n");
    let told = run(place, &["diff", "/a", "/b", "--values", "-f", "json"])
        .code(1)
        .text();
    assert!(
        told.contains(
            r#""from":{"kind":"text","value":"two\nlines"},"to":{"kind":"json","value":{"n":1.10}}"#
        ),
        "{told}"
    );
}

fn a_copy_is_shown_and_asked_for(place: &Place) {
    done(place, &["set", "a/k", "1"]);
    done(place, &["set", "a/deep/k", "{\"n\":1.10}"]);
    done(place, &["set", "b/k", "0"]);
    done(place, &["set", "b/own", "stays"]);
    run(place, &["copy", "/a", "/b"])
        .code(2)
        .stdout("")
        .stderr_has("+ /b/deep/k\n~ /b/k\n")
        .stderr_has("1 added, 1 changed, 0 removed, 0 unchanged. Apply these changes?")
        .stderr_has("--yes");
    done(place, &["copy", "/a", "/b", "--dry-run"])
        .stdout("copy prefix /a/ to prefix /b/\n+ /b/deep/k\n~ /b/k\nmycfg: planned: 1 added, 1 changed, 0 removed, 0 unchanged\n");
    done(place, &["get", "b/k"]).stdout("0\n");
    done(place, &["copy", "/a", "/b", "--yes"]).stdout_has("mycfg: applied: 1 added, 1 changed");
    run(place, &["diff", "/a", "/b"]).code(1).stdout("+ own\n");
    done(place, &["copy", "/a", "/b", "--yes"])
        .stdout("mycfg: unchanged: 0 added, 0 changed, 0 removed, 2 unchanged\n");
    run(place, &["copy", "/a", "/b@1", "--yes"])
        .code(2)
        .stderr_has("TO can't have @REVISION");
    done(place, &["set", "a/k", "2"]);
    done(place, &["copy", "/a@1", "/c", "--yes"]).stdout_has("1 added");
    done(place, &["get", "c/k"]).stdout("1\n");
}

fn keys_with_a_time_to_live_stay_behind(place: &Place) {
    done(place, &["set", "a/k", "1"]);
    done(place, &["set", "a/beat", "1", "--ttl", "1h"]);
    let said = "note: 1 key with a time to live left out; --with-ttl includes them\n";
    done(place, &["copy", "/a", "/b", "--yes"]).stderr_has(said);
    done(place, &["copy", "/a", "/b", "--yes", "-q"]).stderr("");
    done(place, &["ls", "-r", "b"]).stdout("/b/k\n");
    done(place, &["diff", "/a", "/b"]).stdout("").stderr(said);
    done(place, &["diff", "/b", "/b"]).stdout("").stderr("");
    done(place, &["export", "--prefix", "/a"]).stderr(said);
    done(place, &["export", "--prefix", "/a", "-f", "dotenv"])
        .stdout("K=1\n")
        .stderr(said);
    done(place, &["export", "--prefix", "/a", "--with-ttl"]).stderr("");
    done(place, &["exec", "--prefix", "/a", "--dry-run"]).stderr(said);
    done(
        place,
        &["exec", "--prefix", "/a", "--env", "X=/a/beat", "--dry-run"],
    )
    .stderr("");
    run(place, &["diff", "/a", "/b", "--with-ttl"])
        .code(1)
        .stdout("- beat\n");
    done(place, &["copy", "/a", "/b", "--yes", "--with-ttl"]);
    let beat = done(place, &["get", "b/beat", "-f", "json"]).json();
    assert_eq!(beat["node"]["ttl"], 3600);
}

fn all_below_a_prefix_is_removed(place: &Place) {
    for key in ["db", "db/a", "db/deep/b", "dbx/a"] {
        done(place, &["set", key, "x"]);
    }
    run(place, &["delete", "-r", "db"])
        .code(2)
        .stdout("")
        .stderr_has("- /db/a\n- /db/deep/b\n")
        .stderr_has("--yes");
    done(place, &["delete", "-r", "db", "--dry-run"]).stdout_has("planned: 0 added, 0 changed, 2 removed");
    let gone = done(place, &["rm", "-r", "db", "--yes", "-f", "json"]).json();
    assert_eq!(gone["removed"], 2);
    assert_eq!(gone["sections"], json!([{"name": "/db", "revision": 3}]));
    done(place, &["ls", "-r"]).stdout("/db\n/dbx/a\n");
    run(place, &["delete", "-r", "db", "--yes"])
        .code(3)
        .stdout("")
        .stderr_has("/db is a key, and there are no keys below it");
    done(place, &["delete", "-r", "db", "--yes", "--ignore-not-found"]).stdout_has("unchanged");
    run(place, &["delete", "-r", "db", "--if-absent"]).code(2);
    run(place, &["delete", "db", "--yes"]).code(2);
}

fn a_path_is_that_of_a_key_or_of_a_prefix(place: &Place) {
    for (key, value) in [
        ("db/a", "1"),
        ("db/b", "2"),
        ("db/same", "1"),
        ("mode", "on"),
        ("both", "k"),
        ("both/x", "v"),
    ] {
        done(place, &["set", key, value]);
    }
    done(place, &["diff", "/db/a", "/db/same"]).stdout("").stderr("");
    run(place, &["diff", "/db/a", "/db/b", "--values"])
        .code(1)
        .stdout("~ /db/a\t1 -> 2\n")
        .stderr("");
    run(place, &["diff", "/mode", "/db/a"])
        .code(1)
        .stdout("~ /mode\n");
    done(place, &["ls", "db/a"]).stdout("/db/a\n");
    done(place, &["ls", "mode", "--values"]).stdout("/mode\ton\n");
    done(place, &["ls", "-r", "both"]).stdout("/both/x\n");
    done(place, &["copy", "/db/a", "/db/c", "--yes"]).stdout_has("1 added");
    done(place, &["get", "db/c"]).stdout("1\n");
    done(place, &["copy", "/mode", "/app/mode", "--yes"]);
    done(place, &["get", "app/mode"]).stdout("on\n");
    done(place, &["set", "mode", "off"]);
    done(place, &["copy", "/mode@1", "/was", "--yes"]);
    done(place, &["get", "was"]).stdout("on\n");
    // A key and a prefix at once.
    let ambiguous = "error: /both is a key, and there are keys below it\n  hint: write /both/ for the keys below it\n  hint: or use \
                     --key for the key itself\n";
    for call in [&["diff", "/both", "/db"], &["copy", "/both", "/new"]] {
        run(place, call).code(8).stdout("").stderr(ambiguous);
    }
    done(place, &["copy", "/both/", "/new", "--yes"]);
    done(place, &["ls", "-r", "new"]).stdout("/new/x\n");
    done(place, &["copy", "/both", "/single", "--key", "--yes"]);
    done(place, &["get", "single"]).stdout("k\n");
    run(place, &["diff", "/both", "/mode", "--key"])
        .code(1)
        .stdout("~ /both\n");
    // One of each.
    for (call, words) in [
        (
            &["diff", "/db/a", "/new"],
            "error: /db/a is a key, but /new is a prefix: both must be of one kind\n",
        ),
        (
            &["diff", "/new", "/db/a"],
            "error: /db/a is a key, but /new is a prefix: both must be of one kind\n",
        ),
        (
            &["copy", "/db/a", "/new"],
            "error: /db/a is a key, but /new is a prefix: both must be of one kind\n",
        ),
        (
            &["copy", "/new", "/db/a"],
            "error: /db/a is a key, but /new is a prefix: both must be of one kind\n",
        ),
        (
            &["copy", "/db/a", "/db/"],
            "error: /db/a is a key, but /db/ is a prefix: both must be of one kind\n  hint: write /db/a\n",
        ),
        (
            &["copy", "/db/a", "/empty/"],
            "error: /db/a is a key, but /empty/ is a prefix: both must be of one kind\n  hint: write /empty/a\n",
        ),
    ] {
        run(place, call).code(8).stdout("").stderr(words);
    }
    // What is gone now is found in the past.
    done(place, &["delete", "db/b"]);
    done(place, &["copy", "/db/b@2", "/db/back", "--yes"]).stdout_has("1 added");
    done(place, &["delete", "-r", "new", "--yes"]);
    done(place, &["copy", "/new@1", "/newer", "--yes"]).stdout_has("1 added");
    done(place, &["get", "newer/x"]).stdout("v\n");
}

fn a_side_without_keys_is_not_found(place: &Place) {
    done(place, &["set", "db/a", "1"]);
    for call in [
        &["diff", "/db", "/nosuch"][..],
        &["diff", "/nosuch", "/db"],
        &["diff", "/nosuch", "/nosuch"],
        &["copy", "/nosuch", "/db", "--yes"],
    ] {
        run(place, call)
            .code(3)
            .stdout("")
            .stderr("error: no key /nosuch and no keys below it\n  hint: --allow-empty accepts that\n");
    }
    run(place, &["diff", "/db", "/db/nosuch/"])
        .code(3)
        .stderr_has("error: no keys below /db/nosuch\n");
    run(place, &["diff", "/nosuch", "/db", "--key"])
        .code(3)
        .stderr_has("error: key /nosuch not found\n");
    run(place, &["diff", "/db", "/nosuch", "--allow-empty"])
        .code(1)
        .stdout("- a\n");
    run(place, &["diff", "/nosuch", "/db/a", "--allow-empty"])
        .code(1)
        .stdout("+ /nosuch\n");
    done(place, &["diff", "/none", "/nosuch", "--allow-empty"]).stdout("");
    done(place, &["copy", "/nosuch", "/db", "--yes", "--allow-empty"]).stdout_has("unchanged");
}

fn more_than_a_commit_holds_is_removed_in_several(place: &Place) {
    let script = "i=0; while [ $i -lt 60 ]; do discfg set db/k$i x -q -f silent || exit; i=$((i+1)); done";
    place.shell(script).run().code(0);
    done(place, &["delete", "-r", "db", "--yes"])
        .stderr_has("60 keys are too many for one commit")
        .stdout_has("60 removed");
    done(place, &["ls", "-r"]).stdout("");
    // Few keys, but 4 MB with their log lines.
    place.write("large.txt", "x".repeat(180_000));
    let script = "for i in $(seq 25); do discfg set db/k$i -d large.txt -q -f silent || exit; done";
    place.shell(script).run().code(0);
    done(place, &["delete", "-r", "db", "--yes"])
        .stderr_has("25 keys are too many for one commit")
        .stdout_has("25 removed");
    done(place, &["ls", "-r"]).stdout("");
}

/// The config's roles that were assumed, in order.
fn assumed(proxy: &Proxy, account: &Account) -> Vec<String> {
    let prefix = format!("arn%3Aaws%3Aiam%3A%3A{}%3Arole%2Fdiscfg%2Fdiscfg-", account.id());
    proxy
        .requests()
        .iter()
        .filter(|request| request.operation == "AssumeRole")
        .map(|request| {
            let body = String::from_utf8_lossy(&request.message.body).into_owned();
            let role = body.split('&').find_map(|pair| pair.strip_prefix("RoleArn="));
            role.unwrap_or_default()
                .trim_start_matches(prefix.as_str())
                .to_owned()
        })
        .collect()
}

mod on_aws {
    use super::*;

    #[test]
    fn configs_are_compared_and_copied_across_engines() {
        let account = Emulator::shared().account();
        account.create_table("discfg-staging");
        let place = embedded()
            .env("AWS_ENDPOINT_URL", account.url())
            .env("AWS_REGION", "eu-central-1")
            .who(&account.root());
        done(&place, &["set", "db/url", "one"]);
        let to = ["--to-engine", "dynamodb", "--to-as", "self"];
        let copy = [&["copy", "mycfg", "staging", "--yes"][..], &to].concat();
        done(&place, &copy).stdout_has("staging: applied: 1 added");
        done(&place, &[&["diff", "mycfg", "staging"][..], &to].concat()).stdout("");
        done(&place, &["set", "db/url", "two"]);
        run(&place, &[&["diff", "mycfg:/db", "staging:/db"][..], &to].concat())
            .code(1)
            .stdout("~ url\n");
    }

    #[test]
    fn a_copy_reads_with_one_role_and_writes_with_the_other() {
        let account = Emulator::shared().account();
        let place = Place::at(&account.url(), &account.admin());
        for config in ["live", "staging"] {
            done(&place, &["init", config, "--yes", "-q"]);
        }
        let proxy = Proxy::before(Emulator::shared());
        let place = place
            .who(&account.developer())
            .env("AWS_ENDPOINT_URL", proxy.url());
        done(&place, &["set", "live", "db/url", "one"]);
        proxy.forget();
        done(&place, &["copy", "live", "staging", "--yes", "--stats"])
            .stdout_has("staging: applied: 1 added")
            .stderr_has("requests (AssumeRole 2");
        assert_eq!(
            assumed(&proxy, &account),
            ["live-eu-central-1-read", "staging-eu-central-1-write"]
        );
        done(&place, &["get", "staging", "db/url"]).stdout("one\n");
        done(&place, &["rollback", "-c", "staging", "db/url", "--to", "0"]).stdout_has("deleted");
        done(&place, &["delete", "-r", "live", "db", "--yes"]);
        done(&place, &["history", "live", "db/url", "-f", "raw"]).stdout("2\n1\n");
    }
}

fn a_key_is_no_prefix_without_keys_below_it(place: &Place) {
    done(place, &["set", "db/url", "v"]);
    let is_a_key = "error: /db/url is a key, and there are no keys below it\n";
    for (call, hint) in [
        (
            &["delete", "-r", "db/url", "--yes"][..],
            "to delete the key, leave out -r",
        ),
        (
            &["info", "--prefix", "db/url"],
            "for the key, use `discfg get /db/url -f json`",
        ),
        (&["export", "--prefix", "db/url"], "--allow-empty accepts that"),
    ] {
        run(place, call)
            .code(3)
            .stdout("")
            .stderr(&format!("{is_a_key}  hint: {hint}\n"));
    }
    run(place, &["exec", "--prefix", "db/url", "--", "true"])
        .code(125)
        .stderr_has(is_a_key);
    done(place, &["get", "db/url"]).stdout("v\n");
    // Where there is nothing at all, that is what is said.
    run(place, &["delete", "-r", "db/nosuch", "--yes"])
        .code(3)
        .stderr("error: no keys below /db/nosuch\n");
    done(place, &["info", "--prefix", "db/nosuch"]).stdout_has("keys 0");
    done(place, &["set", "db/url/below", "w"]);
    done(place, &["info", "--prefix", "db/url"]);
    done(place, &["delete", "-r", "db/url", "--yes"]);
    done(place, &["get", "db/url"]).stdout("v\n");
}
