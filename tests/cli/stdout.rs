//! A result that can't be written is a failure, whatever the command.

use support::cli::Place;
use support::config::{embedded, on_every_engine};
use support::transcript::on_terminal;

on_every_engine!(
    a_result_that_cannot_be_written_is_a_failure,
    bytes_go_anywhere_but_to_a_terminal
);

/// Calls that print something, without effect on one another.
const CALLS: &[&str] = &[
    "--help",
    "-h",
    "help",
    "help get",
    "get --help",
    "--version",
    "-V",
    "version",
    "version -f json",
    "completions bash",
    "completions zsh",
    "completions fish",
    "man",
    "man get",
    "which",
    "get k",
    "get k -f json",
    "get k -f yaml",
    "get k -f raw",
    "get blob",
    "get nosuch --default x",
    "set k v",
    "set k v -f json",
    "touch k --ttl 1h",
    "ls",
    "ls -l",
    "ls -f json",
    "history k",
    "info",
    "info -f yaml",
    "diff /text /other",
    "watch --after @root=0 --once",
    "watch --after @root=0 --once -f json",
    "export",
    "export -f json",
    "export -f yaml --prefix /text",
    "export -f shell --prefix /text",
    "export -f dotenv --prefix /text",
    "export -f docker-env --prefix /text",
    "export -f github-env --prefix /text",
    "export -f tfvars --prefix /text",
    "export -f properties --prefix /text",
    "export -f csv --prefix /text",
    "export -f k8s-secret --prefix /text",
    "export -f k8s-configmap --prefix /text",
    "export --template page",
];

fn a_result_that_cannot_be_written_is_a_failure(place: &Place) {
    place.args(["set", "k", "v"]).run().code(0);
    place.args(["set", "text/a", "v"]).run().code(0);
    place.args(["set", "other/a", "w"]).run().code(0);
    place.args(["set", "blob", "-d", "-"]).stdin([0xff]).run().code(0);
    place.write("page", "a page");
    for call in CALLS {
        // What bytes there are, JSON doesn't hold.
        let call = call.replace("export -f json", "export -f json --prefix /text");
        let call = if call == "export" {
            "export --prefix /text"
        } else {
            &call
        };
        for (to, code, why) in [
            // As for every other file.
            (">/dev/full", 8, "No space left"),
            (">&-", 70, "Bad file descriptor"),
        ] {
            let outcome = place.shell(&format!("discfg {call} {to}")).run();
            outcome
                .code(code)
                .stderr_has("error: cannot write the result to stdout")
                .stderr_has(why);
        }
        // Nobody who reads is no failure, and neither is who doesn't want to.
        place
            .shell(&format!("discfg {call} >/dev/null"))
            .run()
            .code(i32::from(call.starts_with("diff")));
    }
    // What has no result writes none.
    place
        .shell("discfg set k w -f silent >&-")
        .run()
        .code(0)
        .stderr("");
    place.shell("discfg exec -- true >&-").run().code(0).stderr("");
    // It happened nevertheless.
    place.args(["get", "k"]).run().code(0).stdout("w\n");
}

fn bytes_go_anywhere_but_to_a_terminal(place: &Place) {
    let bytes = b"\x1b]0;t\x07\xff\0";
    place.args(["set", "k", "-d", "-"]).stdin(bytes).run().code(0);
    place.args(["get", "k"]).run().code(0).stdout(bytes).stderr("");
    let call = "discfg get k 2>said; echo exit $?";
    let screen = place
        .shell(&on_terminal(call, "80"))
        .env("TERM", "xterm")
        .run()
        .code(0)
        .text();
    assert_eq!(screen.trim_end(), "exit 0");
    let said = std::fs::read_to_string(place.dir().join("said")).expect("it was said");
    assert_eq!(said, "8 bytes of binary data; use -f raw to print them\n");
}

#[test]
fn a_program_finds_the_streams_closed_that_discfg_was_started_without() {
    let place = embedded();
    place.args(["set", "k", "v"]).run().code(0);
    place
        .shell("discfg exec -- /bin/echo hi >&-")
        .run()
        .code(1)
        .stderr_has("Bad file descriptor");
    for (stream, redirection) in [(0, "<&-"), (1, ">&-"), (2, "2>&-")] {
        let look = format!("[ -e /proc/self/fd/{stream} ] || exit 9");
        for restart in ["", "--restart"] {
            let call = format!("discfg exec {restart} -- sh -c '{look}'");
            place.shell(&call).run().code(0);
            place.shell(&format!("{call} {redirection}")).run().code(9);
        }
    }
    // The command of `watch` has the stdout of what is beside the result, where there is one.
    let call = "discfg watch --after @root=0 --once --exec '[ -e /proc/self/fd/2 ] || echo closed >file' -f silent 2>&-";
    place.shell(call).run().code(0);
    let said = std::fs::read_to_string(place.dir().join("file")).expect("it was run");
    assert_eq!(said, "closed\n");
}

#[test]
fn a_failure_to_write_is_json_too() {
    let place = embedded();
    for call in ["--help -f json", "version -f json"] {
        let said = place
            .shell(&format!("discfg {call} >/dev/full"))
            .run()
            .code(8)
            .errors()
            .to_owned();
        let last = said.lines().last().unwrap_or_default();
        let failure: serde_json::Value = serde_json::from_str(last).expect("JSON");
        assert_eq!(failure["error"]["exit"], 8, "{said}");
        assert_eq!(failure["error"]["kind"], "storage-full", "{said}");
    }
}

#[test]
fn a_failure_to_write_is_that_of_its_command() {
    let place = embedded();
    place.args(["set", "k", "v"]).run().code(0);
    for to in [">/dev/full", ">&-"] {
        // The command that it is about was not run.
        let call = format!("discfg exec --dry-run -- true {to}");
        place.shell(&call).run().code(125);
        // A token that nobody has seen is none.
        let call = format!("discfg serve token new --file tokens --name app --read-all {to}");
        let code = if to == ">&-" { 70 } else { 8 };
        place.shell(&call).run().code(code);
    }
    place
        .args([
            "serve",
            "token",
            "new",
            "--file",
            "tokens",
            "--name",
            "app",
            "--read-all",
        ])
        .run()
        .code(0);
}

#[test]
fn a_reader_that_has_gone_is_no_failure() {
    let place = embedded();
    for call in ["--help", "export", "man"] {
        let script = format!("(discfg {call}; echo $? >code) | true; cat code");
        place.shell(&script).run().code(0).stdout("0\n").stderr("");
    }
}
