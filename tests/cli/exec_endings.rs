//! How `exec` ends: as the command does, or as a shell says that it can't be run.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use support::cli::{Outcome, Place};
use support::config::on_every_engine;

on_every_engine!(
    the_exit_code_is_the_commands,
    what_can_not_be_run_is_told_as_a_shell_does,
    own_failures_are_125,
    the_process_becomes_the_command,
);

fn set(place: &Place, key: &str, value: &str) {
    place.args(["set", key, "--", value]).run().code(0);
}

fn exec(place: &Place, args: &[&str]) -> Outcome {
    place.args([&["exec"], args].concat()).run()
}

fn the_exit_code_is_the_commands(place: &Place) {
    set(place, "k", "v");
    for code in [0, 1, 3, 125, 255] {
        exec(place, &["--", "sh", "-c", &format!("exit {code}")])
            .code(code)
            .stdout("")
            .stderr("");
    }
    place
        .shell("discfg exec -- sh -c 'kill -s TERM $$'; echo $?")
        .run()
        .code(0)
        .stdout("143\n");
    // A closed pipe ends the command as it would without discfg.
    place
        .shell("(discfg exec -- yes; echo $? >code) | head -n 1; cat code")
        .run()
        .stdout("y\n141\n");
}

fn what_can_not_be_run_is_told_as_a_shell_does(place: &Place) {
    set(place, "k", "v");
    exec(place, &["--", "nosuch-command"])
        .code(127)
        .stdout("")
        .stderr_has("command not found: nosuch-command");
    exec(place, &["--", "./nosuch"])
        .code(127)
        .stderr_has("command not found: ./nosuch");
    exec(place, &["--", "/"])
        .code(126)
        .stdout("")
        .stderr_has("cannot run /");
    let file = |name: &str, content: &str, mode: u32| {
        let path = place.write(name, content);
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("a mode");
    };
    file("plain", "#!/bin/sh\n", 0o644);
    exec(place, &["--", "./plain"])
        .code(126)
        .stderr_has("cannot run ./plain");
    file("lost", "#!/nosuch/interpreter\n", 0o755);
    exec(place, &["--", "./lost"]).code(126).stderr_has("interpreter");
    file("bare", "echo \"$K\"\n", 0o755);
    exec(place, &["--", "./bare"]).code(0).stdout("v\n");
    // The same through the search of PATH.
    let path = format!("{}:/usr/bin:/bin", place.dir().display());
    for (name, code) in [("plain", 126), ("bare", 0)] {
        place
            .args(["exec", "--", name])
            .env("PATH", &path)
            .run()
            .code(code);
    }
    for args in [&["exec"][..], &["exec", "--"], &["exec", "mycfg", "true"]] {
        place.args(args).run().code(2).stdout("");
    }
}

fn own_failures_are_125(place: &Place) {
    exec(place, &["-c", "nosuch", "--", "touch", "ran"])
        .code(125)
        .stdout("");
    exec(place, &["No Config", "--", "touch", "ran"])
        .code(125)
        .stderr_has("invalid config name");
    exec(place, &["-c", "a", "b", "--", "touch", "ran"]).code(125);
    exec(place, &["--prefix", "//", "--", "touch", "ran"]).code(2);
    exec(place, &["--allow-env", "A-B", "--", "touch", "ran"])
        .code(2)
        .stderr_has("invalid variable name \"A-B\"");
    exec(place, &["--interval", "1s", "--", "touch", "ran"])
        .code(2)
        .stderr_has("--restart");
    assert!(!place.dir().join("ran").exists());
}

fn the_process_becomes_the_command(place: &Place) {
    set(place, "k", "v");
    let pids = place
        .shell("discfg exec -- sh -c 'echo $$' & echo $!; wait")
        .run()
        .code(0)
        .text();
    let pids: Vec<&str> = pids.lines().collect();
    assert_eq!(pids.len(), 2);
    assert_eq!(pids[0], pids[1], "the shell started one process");
    let trap = "trap 'echo $K; exit 9' USR1; echo up; while :; do sleep 0.02; done";
    let running = place.args(["exec", "--", "sh", "-c", trap]).start();
    assert_eq!(running.line(), "up");
    running.signal("USR1");
    running.end().code(9).stdout("v\n").stderr("");
}
