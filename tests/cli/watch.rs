//! `watch`: every change as it comes, through real processes.

use serde_json::{Value, json};

use support::cli::Place;
use support::config::{behind_proxy, embedded, on_every_engine};
use support::running::Running;

on_every_engine!(
    changes_are_told_as_they_come,
    a_watch_goes_on_after_a_revision,
    a_key_is_watched_alone,
    a_key_that_is_set_later_is_watched,
    an_expiry_is_told,
    formats_tell_the_same,
    once_ends_after_one_commit,
    a_timeout_and_an_interrupt_have_exit_codes_of_their_own,
    a_command_is_run_for_each_change,
    what_cannot_be_watched_is_refused,
    nobody_reading_is_no_failure,
    a_command_that_runs_ends_with_the_watch,
);

fn watch(place: &Place, args: &[&str]) -> Running {
    let call = [&["watch", "--interval", "50ms"], args].concat();
    let running = place.args(call).start();
    running.says("watching");
    running
}

fn set(place: &Place, key: &str, value: &str) {
    place.args(["set", key, value]).run().code(0);
}

/// The fields of a line that a test knows beforehand.
fn known(mut line: Value) -> Value {
    for field in ["by", "at", "commit"] {
        assert!(line[field].is_string(), "{line}");
        line[field].take();
    }
    line
}

fn a_key_is_watched_alone(place: &Place) {
    set(place, "/db/url", "before");
    set(place, "/mode", "on");
    let url = watch(place, &["db/url", "-f", "json"]);
    let mode = watch(place, &["mycfg", "/mode", "-f", "json"]);
    for (key, value) in [
        ("/db/other", "x"),
        ("/db/url", "new"),
        ("/db/url/below", "y"),
        ("/other", "x"),
        ("/mode", "off"),
    ] {
        set(place, key, value);
    }
    let key = |running: &Running| known(running.json())["key"].clone();
    assert_eq!(key(&url), "/db/url");
    assert_eq!(key(&url), "/db/url/below");
    assert_eq!(key(&mode), "/mode");
    let after = place
        .args([
            "watch",
            "mode",
            "--after",
            "1",
            "--once",
            "-f",
            "json",
            "--interval",
            "50ms",
        ])
        .run()
        .code(0);
    assert_eq!(after.json()["value"], "off");
}

fn a_key_that_is_set_later_is_watched(place: &Place) {
    set(place, "/db/url", "before");
    set(place, "/db/pool/size", "5");
    let within = watch(place, &["db/new", "-f", "json"]);
    let root = watch(place, &["/mode", "-f", "json"]);
    // What is a prefix stays one, and so does what is written as one.
    let prefix = watch(place, &["/db/pool", "-f", "json"]);
    let slash = watch(place, &["/mode/", "-f", "json"]);
    for (key, value) in [
        ("/db/newer", "x"),
        ("/db/new", "1"),
        ("/db/new/below", "2"),
        ("/other", "x"),
        ("/mode", "3"),
        ("/db/pool", "x"),
        ("/db/pool/size", "4"),
    ] {
        set(place, key, value);
    }
    let told = |running: &Running| {
        let line = running.json();
        (line["key"].clone(), line["value"].clone())
    };
    assert_eq!(told(&within), (json!("/db/new"), json!("1")));
    assert_eq!(told(&within), (json!("/db/new/below"), json!("2")));
    assert_eq!(told(&root), (json!("/mode"), json!("3")));
    assert_eq!(told(&prefix), (json!("/db/pool/size"), json!("4")));
    set(place, "/mode/dark", "5");
    assert_eq!(told(&root), (json!("/mode/dark"), json!("5")));
    assert_eq!(told(&slash), (json!("/mode/dark"), json!("5")));
    // The key at the root has what is below it watched, too, and each section its revision.
    let both = watch(
        place,
        &["/mode", "--after", "mode=0", "--after", "@root=1", "-f", "json"],
    );
    let mut seen = [told(&both).0, told(&both).0];
    seen.sort_by_key(ToString::to_string);
    assert_eq!(seen, [json!("/mode"), json!("/mode/dark")]);
}

fn changes_are_told_as_they_come(place: &Place) {
    set(place, "/db/url", "before");
    let all = watch(place, &["-f", "json"]);
    let below = watch(place, &["/db"]);
    set(place, "/db/url", "two\nlines");
    set(place, "/new/key", "{\"a\": 1.10}");
    place
        .args(["set", "/db/blob", "-d", "-"])
        .stdin([0xff, 0])
        .run()
        .code(0);
    place.args(["delete", "/db/url"]).run().code(0);

    let mut told: Vec<Value> = (0..4).map(|_| known(all.json())).collect();
    // Between sections there is no order.
    told.sort_by_key(|line| (line["section"].to_string(), line["revision"].as_u64()));
    let line = |more: Value| {
        let mut line =
            json!({"action": "watch", "index": 0, "of": 1, "by": null, "at": null, "commit": null});
        line.as_object_mut().expect("an object").extend(
            more.as_object()
                .expect("an object")
                .iter()
                .map(|(name, value)| (name.clone(), value.clone())),
        );
        line
    };
    assert_eq!(
        told,
        [
            line(
                json!({"op": "set", "section": "/db", "key": "/db/url", "revision": 2, "version": 2, "kind": "text", "value": "two\nlines"})
            ),
            line(
                json!({"op": "set", "section": "/db", "key": "/db/blob", "revision": 3, "version": 1, "kind": "bytes", "value": "/wA="})
            ),
            line(json!({"op": "delete", "section": "/db", "key": "/db/url", "revision": 4})),
            line(
                json!({"op": "set", "section": "/new", "key": "/new/key", "revision": 1, "version": 1, "kind": "json", "value": {"a": 1.10}})
            ),
        ]
    );
    let first = below.line();
    assert!(first.contains("  set     /db/url  v2  r2  "), "{first}");
    assert!(first.ends_with("\ttwo\\nlines"), "{first}");
    let blob = below.line();
    assert!(blob.ends_with("\t(2 bytes)"), "{blob}");
    let deleted = below.line();
    assert!(deleted.contains("  delete  /db/url  -  r4  "), "{deleted}");
}

fn a_watch_goes_on_after_a_revision(place: &Place) {
    for n in 1..=3 {
        set(place, "/db/url", &n.to_string());
        set(place, "/app/a", &n.to_string());
        set(place, "top", &n.to_string());
    }
    let told = |args: &[&str], count: usize| -> Vec<String> {
        let running = watch(place, &[args, &["-f", "json"]].concat());
        let lines = (0..count).map(|_| running.json());
        let mut told: Vec<_> = lines
            .map(|line| {
                format!(
                    "{} {}",
                    line["key"].as_str().unwrap_or_default(),
                    line["revision"]
                )
            })
            .collect();
        told.sort();
        told
    };
    assert_eq!(told(&["/db", "--after", "1"], 2), ["/db/url 2", "/db/url 3"]);
    assert_eq!(
        told(&["--after", "db=2", "--after", "/app=1", "--after", "@root=3"], 3),
        ["/app/a 2", "/app/a 3", "/db/url 3"]
    );
    assert_eq!(told(&["/db/", "--after", "0"], 3).len(), 3);
}

fn an_expiry_is_told(place: &Place) {
    place
        .args(["set", "/services/a", "here", "--ttl", "2s"])
        .run()
        .code(0);
    let running = watch(place, &["/services", "-f", "json"]);
    place
        .args(["set", "/services/b", "here", "--ttl", "1s"])
        .run()
        .code(0);
    assert_eq!(running.json()["ttl"], 1);
    let mut gone: Vec<Value> = (0..2).map(|_| running.json()).collect();
    gone.sort_by_key(|line| line["key"].to_string());
    for (line, (key, revision)) in gone.iter_mut().zip([("/services/a", 1), ("/services/b", 2)]) {
        assert!(line["at"].take().is_string());
        let wanted = json!({"action": "watch", "op": "expire", "section": "/services", "key": key,
            "revision": revision, "version": 1, "at": null});
        assert_eq!(*line, wanted);
    }
    place.args(["get", "/services/b"]).run().code(3);
}

fn formats_tell_the_same(place: &Place) {
    set(place, "/db/a", "1");
    let from_the_start = |format: &str| {
        let args = ["watch", "/db", "--after", "0", "--once", "-q", "-f", format];
        place.args(args).run().code(0).stderr("")
    };
    from_the_start("raw").stdout("1\n");
    from_the_start("silent").stdout("");
    let yaml = from_the_start("yaml").text();
    assert!(yaml.starts_with("---\naction: watch\nop: set\n"), "{yaml}");
    assert!(yaml.contains("\nkey: /db/a\n"), "{yaml}");
}

fn once_ends_after_one_commit(place: &Place) {
    let running = watch(place, &["--once", "/db", "-f", "raw"]);
    set(place, "/app/a", "elsewhere");
    set(place, "/db/a", "1");
    set(place, "/db/b", "2");
    running.end().code(0).stdout("1\n").stderr("");
}

fn a_timeout_and_an_interrupt_have_exit_codes_of_their_own(place: &Place) {
    let timed = watch(place, &["--timeout", "200ms"]);
    timed
        .end()
        .code(124)
        .stdout("")
        .stderr("error: timed out after 200ms (--timeout)\n");
    let running = watch(place, &[]);
    set(place, "/db/a", "1");
    running.line();
    running.signal("INT");
    running.end().code(130).stdout("").stderr("");
}

fn a_command_is_run_for_each_change(place: &Place) {
    let command = "echo \"$DISCFG_OP $DISCFG_SECTION $DISCFG_KEY $DISCFG_REVISION $DISCFG_VERSION \
                   ${DISCFG_VALUE-none}\" >> told; echo heard; test \"$DISCFG_OP\" = set";
    let running = watch(place, &["/db", "--exec", command]);
    set(place, "/db/a", "one two");
    running.line();
    running.says("heard");
    place
        .args(["set", "/db/blob", "-d", "-"])
        .stdin([0xff, 0])
        .run()
        .code(0);
    place.args(["delete", "/db/a"]).run().code(0);
    running.says("the command for delete /db/a failed: exit status: 1");
    running.signal("INT");
    running.end().code(130);
    let told = std::fs::read_to_string(place.dir().join("told")).expect("the command wrote it");
    assert_eq!(
        told,
        "set /db /db/a 1 1 one two\nset /db /db/blob 2 1 none\ndelete /db /db/a 3  none\n"
    );

    let silent = [
        "watch",
        "/db",
        "--after",
        "0",
        "--once",
        "-f",
        "silent",
        "--exec",
        "echo $DISCFG_VALUE",
    ];
    place.args(silent).run().code(0).stdout("one two\n");
}

fn what_cannot_be_watched_is_refused(place: &Place) {
    set(place, "/db/a", "1");
    let refused = |args: &[&str]| {
        let call = [&["watch", "--timeout", "20s"], args].concat();
        place.args(call).run().stdout("")
    };
    refused(&["/db", "--after", "2"])
        .code(8)
        .stderr_has("cannot watch /db after revision 2; the latest is 1");
    refused(&["--after", "none=1"])
        .code(8)
        .stderr_has("cannot watch /none after revision 1; the latest is 0");
    refused(&["/db", "--after", "app=0"])
        .code(2)
        .stderr_has("section /app is not part of the watched prefix /db");
    refused(&["--after", "1"])
        .code(2)
        .stderr_has("--after 1 is ambiguous")
        .stderr_has("--after db=1");
    refused(&["/db", "--after", "1", "--after", "db=0"])
        .code(2)
        .stderr_has("--after is given twice for section /db");
    refused(&["/db", "--after", "-1"]).code(2);
    refused(&["/db", "--after", "db/x=1"]).code(2).stderr_has("db/x");
    refused(&["/db", "--interval", "0"])
        .code(2)
        .stderr_has("expected 10ms to 365d");
    refused(&["-c", "nowhere"]).code(3).stderr_has("nowhere");
}

fn nobody_reading_is_no_failure(place: &Place) {
    let mut running = watch(place, &["/db"]).stop_reading();
    // The pipe closes with its first line, and the command learns of that when it writes another.
    for n in 0..1000 {
        set(place, "/db/a", &n.to_string());
        if running.has_ended() {
            break;
        }
    }
    running.end().code(0).stderr("");
}

fn a_command_that_runs_ends_with_the_watch(place: &Place) {
    let cleans = "trap 'echo cleaned; exit' TERM INT HUP; echo ready; while :; do sleep 0.02; done";
    for (signal, code) in [("TERM", 143), ("INT", 130), ("HUP", 129)] {
        let running = watch(place, &["/db", "--exec", cleans]);
        set(place, "/db/a", signal);
        running.says("ready");
        running.signal(signal);
        running.says("cleaned");
        running.end().code(code).stderr("");
    }
    let timed = watch(place, &["/db", "--timeout", "2s", "--exec", cleans]);
    set(place, "/db/a", "1");
    timed.says("cleaned");
    timed.end().code(124);
    // What doesn't end is killed, with what it has started.
    let stays = "trap '' TERM; sleep 60 & echo \"pid $!\"; while :; do sleep 0.02; done";
    let running = watch(place, &["/db", "--grace", "100ms", "--exec", stays]);
    set(place, "/db/a", "2");
    let pid = running.says("pid ");
    running.signal("TERM");
    running
        .end()
        .code(143)
        .stderr("the command did not stop within 100ms: killing it\n");
    wait_until_gone(place, pid.trim_start_matches("pid "));
    let args = ["watch", "--grace", "1s"];
    place.args(args).run().code(2).stderr_has("--exec");
}

/// It may be a moment until nobody waits for a process any more.
fn wait_until_gone(place: &Place, pid: &str) {
    let script = format!(
        "until ! kill -0 {pid} 2>/dev/null || grep -q 'State:.Z' /proc/{pid}/status; do sleep 0.02; done"
    );
    place.shell(&script).run().code(0);
}

#[cfg(target_os = "linux")]
#[test]
fn a_watch_that_is_killed_leaves_no_command_behind() {
    let place = embedded();
    let running = watch(&place, &["/db", "--exec", "echo \"pid $$\"; exec sleep 600"]);
    set(&place, "/db/a", "1");
    let pid = running.says("pid ");
    running.signal("KILL");
    wait_until_gone(&place, pid.trim_start_matches("pid "));
}

#[cfg(target_os = "linux")]
#[test]
fn a_hangup_that_is_ignored_ends_no_watch() {
    let place = embedded();
    let script = "trap '' HUP; exec discfg watch /db --interval 50ms --exec true";
    let running = place.shell(script).start();
    running.says("watching");
    running.signal("HUP");
    set(&place, "/db/a", "1");
    assert!(running.line().contains("/db/a"));
}

#[test]
fn a_commit_is_told_as_one() {
    let place = embedded();
    set(&place, "/db/a", "1");
    set(&place, "/db/b", "2");
    let running = watch(&place, &["/db", "--once", "-f", "json"]);
    place.args(["delete", "-r", "/db", "--yes"]).run().code(0);
    for index in 0..2 {
        let line = running.json();
        assert_eq!((&line["index"], &line["of"]), (&json!(index), &json!(2)));
    }
    running.end().code(0).stdout("");
}

mod on_aws {
    use super::*;

    #[test]
    fn an_outage_is_told_and_loses_nothing() {
        let (_, proxy, place) = behind_proxy();
        set(&place, "/db/a", "1");
        let running = watch(&place, &["/db", "-f", "json"]);
        proxy.on("BatchGetItem").cut_before();
        running.says("retrying in");
        proxy.calm();
        set(&place, "/db/a", "2");
        set(&place, "/db/a", "3");
        running.says("connected again; no change was missed");
        assert_eq!(running.json()["value"], "2");
        assert_eq!(running.json()["value"], "3");
        proxy.on("BatchGetItem").deny();
        running
            .end()
            .code(5)
            .stdout("")
            .stderr_has("access denied: dynamodb:BatchGetItem");
    }
}
