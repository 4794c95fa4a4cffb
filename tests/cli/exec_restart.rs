//! `exec --restart`: a command that is run anew when its variables change, and not else.

use std::process::Command;

use support::cli::Place;
use support::config::{behind_proxy, on_every_engine};
use support::running::Running;

on_every_engine!(
    a_burst_of_changes_is_one_restart,
    what_changes_no_variable_restarts_nothing,
    a_section_that_is_new_counts,
    its_own_end_ends_all,
    signals_are_passed_on,
    what_does_not_end_is_killed_with_all_that_it_started,
    a_change_that_gives_no_environment_leaves_it_running,
    a_signal_while_it_is_stopped_ends_all,
    a_key_that_expires_is_a_change,
    a_signal_stands_in_for_a_restart,
    term_is_passed_on_and_bounded,
);

/// Says what it was given, then stays until it is told to end.
const STAYS: &str = "echo \"got $K\"; exec sleep 600";

fn set(place: &Place, key: &str, value: &str) {
    place.args(["set", key, value]).run().code(0);
}

fn start(place: &Place, args: &[&str], script: &str) -> Running {
    let args = [&["exec", "--restart"], args, &["--", "sh", "-c", script]].concat();
    place.args(args).start()
}

const FAST: &[&str] = &["--interval", "50ms"];

fn a_burst_of_changes_is_one_restart(place: &Place) {
    set(place, "k", "0");
    let running = start(place, &["--interval", "2s"], STAYS);
    assert_eq!(running.line(), "got 0");
    for n in 1..=5 {
        set(place, "k", &n.to_string());
    }
    assert_eq!(running.line(), "got 5");
    assert_eq!(running.says("changed"), "K changed: restarting the command");
    set(place, "k", "last");
    assert_eq!(running.line(), "got last");
    running.signal("TERM");
    running
        .end()
        .code(143)
        .stdout("")
        .stderr("K changed: restarting the command\n");
}

fn what_changes_no_variable_restarts_nothing(place: &Place) {
    set(place, "db/pool/k", "0");
    set(place, "db/other", "0");
    let running = start(place, &[FAST, &["--prefix", "/db/pool"]].concat(), STAYS);
    assert_eq!(running.line(), "got 0");
    set(place, "db/other", "1");
    set(place, "elsewhere/k", "1");
    set(place, "db/pool/k", "0");
    place
        .args(["set", "db/pool/state", "1", "--ttl", "1h"])
        .run()
        .code(0);
    set(place, "db/pool/k", "1");
    // Every start says a line: none was in between.
    assert_eq!(running.line(), "got 1");
}

fn a_section_that_is_new_counts(place: &Place) {
    let script = "echo \"got $APP_K\"; exec sleep 600";
    let running = start(place, FAST, script);
    assert_eq!(running.line(), "got ");
    set(place, "app/k", "1");
    assert_eq!(running.line(), "got 1");
    place.args(["delete", "app/k"]).run().code(0);
    assert_eq!(running.line(), "got ");
}

fn its_own_end_ends_all(place: &Place) {
    set(place, "k", "v");
    for (script, code) in [("exit 0", 0), ("exit 9", 9), ("kill -s KILL $$", 137)] {
        start(place, FAST, script).end().code(code).stdout("").stderr("");
    }
    let args = ["exec", "--restart", "--", "nosuch-command"];
    place.args(args).run().code(127).stdout("");
}

fn signals_are_passed_on(place: &Place) {
    set(place, "k", "v");
    // The shell tells on stderr what befell its own children, who are in the group.
    let traps = "exec 2>/dev/null; for s in INT HUP QUIT USR1 USR2; do trap \"echo $s\" $s; done; trap 'echo TERM; exit 3' TERM
        echo up; while :; do sleep 0.02; done";
    let running = start(place, FAST, traps);
    assert_eq!(running.line(), "up");
    for signal in ["INT", "HUP", "QUIT", "USR1", "USR2", "TERM"] {
        running.signal(signal);
        assert_eq!(running.line(), signal);
    }
    running.end().code(3).stdout("").stderr("");
}

fn what_does_not_end_is_killed_with_all_that_it_started(place: &Place) {
    set(place, "k", "0");
    // What the end of the test leaves of it ends by itself.
    let script = "trap '' TERM; sleep 60 & echo $!; while kill -0 $PPID; do sleep 0.02; done 2>/dev/null";
    let running = start(place, &[FAST, &["--grace", "100ms"]].concat(), script);
    let started = running.line();
    set(place, "k", "1");
    running.says("the command did not stop within 100ms: killing it");
    running.line();
    wait_until_gone(place, &started);
    drop(running);
}

fn a_change_that_gives_no_environment_leaves_it_running(place: &Place) {
    set(place, "a/k", "0");
    let running = start(place, &[FAST, &["--prefix", "/a"]].concat(), STAYS);
    assert_eq!(running.line(), "got 0");
    set(place, "a/1st", "x");
    let said = running.says("/a/1st would be the variable 1ST");
    assert!(
        said.starts_with("warning: ") && said.ends_with("the command keeps running"),
        "{said}"
    );
    place.args(["delete", "a/1st"]).run().code(0);
    set(place, "a/k", "1");
    assert_eq!(running.line(), "got 1");
}

fn a_signal_while_it_is_stopped_ends_all(place: &Place) {
    set(place, "k", "0");
    // It takes TERM for a reason to ask, and ends at the second.
    let script =
        "trap 'trap \"exit 4\" TERM; echo asked' TERM; echo \"got $K\"; while :; do sleep 0.02; done";
    let running = start(place, &[FAST, &["--grace", "10m"]].concat(), script);
    assert_eq!(running.line(), "got 0");
    set(place, "k", "1");
    assert_eq!(running.line(), "asked");
    running.signal("TERM");
    running.end().code(4).stdout("");
}

fn a_key_that_expires_is_a_change(place: &Place) {
    place.args(["set", "k", "brief", "--ttl", "2s"]).run().code(0);
    let running = start(place, &[FAST, &["--with-ttl"]].concat(), STAYS);
    assert_eq!(running.line(), "got brief");
    assert_eq!(running.line(), "got ");
}

fn a_signal_stands_in_for_a_restart(place: &Place) {
    set(place, "k", "0");
    let script = "trap 'echo heard' HUP; echo \"got $K\"; while :; do sleep 0.02; done";
    let running = start(place, &[FAST, &["--signal", "HUP"]].concat(), script);
    assert_eq!(running.line(), "got 0");
    for n in ["1", "2"] {
        set(place, "k", n);
        assert_eq!(running.says("changed"), "K changed: sending HUP to the command");
        assert_eq!(running.line(), "heard");
    }
    running.signal("TERM");
    running.end().code(143).stdout("").stderr("");
    for (name, code) in [("usr1", 0), ("SIGUSR2", 0), ("KILL", 2), ("1", 2)] {
        let args = ["exec", "--restart", "--signal", name, "--", "true"];
        place.args(args).run().code(code);
    }
    place
        .args(["exec", "--signal", "HUP", "--", "true"])
        .run()
        .code(2)
        .stderr_has("--restart");
}

fn term_is_passed_on_and_bounded(place: &Place) {
    set(place, "k", "0");
    let script = "trap '' TERM; sleep 60 & echo $!; while :; do sleep 0.02; done";
    let running = start(place, &["--grace", "100ms"], script);
    let started = running.line();
    running.signal("TERM");
    running
        .end()
        .code(137)
        .stderr("the command did not stop within 100ms: killing it\n");
    wait_until_gone(place, &started);
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
fn a_discfg_that_is_killed_leaves_no_command_behind() {
    let place = support::config::embedded();
    set(&place, "k", "0");
    let running = start(&place, FAST, "echo $$; exec sleep 600");
    let first = running.line();
    // The second is started as the first was.
    set(&place, "k", "1");
    let second = running.line();
    wait_until_gone(&place, &first);
    running.signal("KILL");
    wait_until_gone(&place, &second);
}

#[test]
fn a_restart_leaves_no_process_behind() {
    let place = support::config::embedded();
    set(&place, "k", "0");
    let running = start(&place, FAST, "echo $$; exec sleep 600");
    let mut pids = vec![running.line()];
    for n in 1..=3 {
        set(&place, "k", &n.to_string());
        pids.push(running.line());
    }
    running.signal("INT");
    running.end().code(130);
    for pid in pids {
        let there = Command::new("kill")
            .args(["-0", &pid])
            .output()
            .expect("kill is there");
        assert!(!there.status.success(), "{pid} is left");
    }
}

mod on_aws {
    use super::*;

    #[test]
    fn while_aws_is_away_it_keeps_running() {
        let (_account, proxy, place) = behind_proxy();
        set(&place, "k", "0");
        let running = start(&place, FAST, STAYS);
        assert_eq!(running.line(), "got 0");
        proxy.on("*").deny();
        let said = running.says("warning: ");
        assert!(said.ends_with("the command keeps running"), "{said}");
        proxy.calm();
        set(&place, "k", "1");
        assert_eq!(running.line(), "got 1");
        running.signal("TERM");
        // It was said once.
        running
            .end()
            .code(143)
            .stderr("K changed: restarting the command\n");
    }

    #[test]
    fn a_look_is_half_a_read_unit_a_section() {
        let (_account, proxy, place) = behind_proxy();
        set(&place, "db/k", "0");
        proxy.forget();
        let running = start(&place, &[FAST, &["--prefix", "/db"]].concat(), STAYS);
        assert_eq!(running.line(), "got 0");
        // Four to read the config, then one a look.
        while proxy.operations().len() < 10 {
            std::thread::yield_now();
        }
        let looks = proxy.requests();
        for look in &looks[4..10] {
            let json = look.json();
            let asked = &json["RequestItems"]["discfg-mycfg"];
            assert_eq!(asked["Keys"].as_array().map(Vec::len), Some(1), "{json}");
            assert_eq!(asked["ConsistentRead"], serde_json::json!(false), "{json}");
        }
    }
}
