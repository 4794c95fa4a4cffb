//! `exec --restart` as a job of a shell on a terminal.

use support::cli::Place;
use support::config::embedded;

/// Types at an interactive bash: waits for each text that is expected, in order, and then types what follows it.
const DRIVER: &str = r#"
import json, os, pty, re, sys
script = json.load(open('script'))
child, terminal = pty.fork()
if child == 0:
    os.execvp("bash", ["bash", "--norc", "--noprofile", "--noediting", "-i"])
seen, at = "", 0
found = {}
for expected, typed in script:
    while not (match := re.compile(expected).search(seen, at)):
        try:
            part = os.read(terminal, 4096)
        except OSError:
            part = b""
        if not part:
            sys.exit(f"no {expected!r} in {seen!r}")
        seen += part.decode().replace("\r", "")
    at = match.end()
    found.update(match.groupdict())
    os.write(terminal, typed.format(**found).encode())
try:
    while part := os.read(terminal, 4096):
        seen += part.decode().replace("\r", "")
except OSError:
    pass
print(seen)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"#;

pub(super) fn type_at_a_shell(place: &Place, script: &[(&str, &str)]) {
    place.write("driver.py", DRIVER);
    let script = serde_json::to_vec(script).expect("JSON");
    place.write("script", script);
    place
        .shell("exec python3 driver.py")
        .env("PS1", "ready> ")
        .env("TERM", "dumb")
        .run()
        .code(0);
}

const CALL: &str = "discfg exec --restart --interval 50ms -- sh job\n";

#[test]
fn the_command_reads_from_the_terminal_and_does_so_after_a_restart() {
    let place = embedded();
    place.args(["set", "k", "0"]).run().code(0);
    place.write(
        "job",
        "echo up $K; read x; echo \"<$x>\"; read x; echo \"<$x>\"; exit 7",
    );
    type_at_a_shell(
        &place,
        &[
            ("ready> ", CALL),
            ("up 0\n", "one\n"),
            ("<one>", "two\n"),
            ("<two>(?s:.*)ready> ", "echo code $?\n"),
            ("code 7", CALL),
            ("up 0\n", "one\n"),
            ("<one>", "\x1a"),
            ("Stopped(?s:.*)ready> ", "discfg set k 1; fg\n"),
            ("up 1\n", "three\n"),
            ("<three>", "\x03"),
            ("ready> ", "echo code $?; read y; echo \"[$y]\"\n"),
            ("code 130", "four\n"),
            ("\\[four\\]", "exit\n"),
        ],
    );
}

#[test]
fn ctrl_z_stops_both_and_fg_continues_both() {
    let place = embedded();
    place.args(["set", "k", "0"]).run().code(0);
    place.write("job", "echo \"pid $$.\"; read x; echo \"<$x>\"");
    let states = "for p in {pid} $(ps -o ppid= -p {pid}); do ps -o stat= -p $p | cut -c1; done | tr -d '\\n'; echo .\n";
    type_at_a_shell(
        &place,
        &[
            ("ready> ", CALL),
            ("pid (?P<pid>[0-9]+)\\.", "\x1a"),
            ("Stopped(?s:.*)ready> ", states),
            (
                "TT\\.",
                "bg; until jobs | grep -q Stopped; do sleep 0.02; done; echo wai''ts\n",
            ),
            // In the background it is stopped when it reads, and the job with it.
            ("waits", "fg\n"),
            ("sh job", "back\n"),
            ("<back>(?s:.*)ready> ", "echo code $?\n"),
            ("code 0", "exit\n"),
        ],
    );
}

#[test]
fn a_command_gets_the_terminal_when_it_asks_for_it_in_a_pipeline() {
    let place = embedded();
    place.args(["set", "k", "0"]).run().code(0);
    place.write(
        "job",
        "echo up; read x </dev/tty; echo \"<$x>\"; read x </dev/tty",
    );
    for call in [
        "discfg exec --restart -- sh job | cat\n",
        "sleep 60 | discfg exec --restart -- sh job | tee log\n",
        "discfg exec --restart -- sh job >out; cat out\n",
    ] {
        type_at_a_shell(
            &place,
            &[
                ("ready> ", call),
                (if call.contains(">out") { "cat out" } else { "up" }, "typed\n"),
                (if call.contains(">out") { "typed" } else { "<typed>" }, "\x03"),
                ("ready> ", "exit 0\n"),
            ],
        );
    }
}

#[test]
fn a_stopped_command_heeds_an_interrupt() {
    let place = embedded();
    place.args(["set", "k", "0"]).run().code(0);
    place.write("job", "echo \"pid $$.\"; kill -STOP $$; sleep 60");
    type_at_a_shell(
        &place,
        &[
            ("ready> ", "discfg exec --restart -- sh job | cat\n"),
            ("pid [0-9]+\\.", "\x03"),
            ("ready> ", "exit 0\n"),
        ],
    );
}

#[test]
fn the_command_of_a_watch_gets_the_terminal_when_it_asks_for_it() {
    let place = embedded();
    place.args(["set", "k", "0"]).run().code(0);
    place.write("job", "echo up >&2; read x </dev/tty; echo \"<$x>\" >&2");
    type_at_a_shell(
        &place,
        &[
            (
                "ready> ",
                "discfg watch --after @root=0 --once --exec 'sh job'; echo code $?\n",
            ),
            ("up", "typed\n"),
            ("<typed>(?s:.*)code 0", "exit\n"),
        ],
    );
}
