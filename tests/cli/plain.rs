//! The commands that need no config.

use support::cli::Place;

#[test]
fn version_in_each_format() {
    let place = Place::new();
    let version = env!("CARGO_PKG_VERSION");
    let say = |format: &str| place.args(["version", "-f", format]).run().code(0).stderr("");
    say("human").stdout(format!("discfg {version}\n"));
    say("raw").stdout(format!("{version}\n"));
    say("json").stdout(format!("{{\"action\":\"version\",\"version\":\"{version}\"}}\n"));
    say("yaml").stdout(format!("action: version\nversion: {version}\n"));
    say("silent").stdout("");
    place
        .args(["--version"])
        .run()
        .code(0)
        .stdout(format!("discfg {version}\n"));
}

#[test]
fn completions_for_each_shell() {
    let place = Place::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        place
            .args(["completions", shell])
            .run()
            .code(0)
            .stdout_has("discfg")
            .stdout_has("COMPLETE")
            .stderr("");
    }
    place
        .shell("discfg completions bash | bash -n")
        .run()
        .code(0)
        .stderr("");
    place
        .args(["completions", "tcsh"])
        .run()
        .code(2)
        .stdout("")
        .stderr_has("tcsh")
        .stderr_has("zsh");
}

#[test]
fn manual_pages() {
    let place = Place::new();
    place
        .args(["man"])
        .run()
        .code(0)
        .stdout_has(".TH discfg 1")
        .stdout_has("Exit codes");
    place
        .args(["man", "set"])
        .run()
        .code(0)
        .stdout_has(".TH discfg-set 1")
        .stdout_has("if\\-absent")
        .stdout_has("AWS region");
    place
        .args(["man", "nosuch"])
        .run()
        .code(3)
        .stdout("")
        .stderr_has("unknown command \"nosuch\"");
}

#[test]
fn help_is_a_result_and_a_wrong_call_is_none() {
    let place = Place::new();
    place
        .args(["--help"])
        .run()
        .code(0)
        .stdout_has("Exit codes")
        .stderr("");
    for args in [
        &[][..],
        &["nosuch"],
        &["get"],
        &["touch", "a", "b", "c"],
        &["ls", "--nosuch"],
    ] {
        place.args(args).run().code(2).stdout("").stderr_has("Usage");
    }
}

#[test]
fn a_near_miss_leads_to_the_command() {
    let place = support::config::embedded();
    place.args(["put", "a/b", "v"]).run().code(0);
    place.args(["list", "a"]).run().code(0).stdout("/a/b\n");
    let tip = |args: &[&str]| place.args(args).run().code(2).stdout("");
    tip(&["gte", "a/b"]).stderr_has("a similar subcommand exists: 'get'");
    tip(&["blame", "a/b"]).stderr_has("a similar subcommand exists: 'history'");
    tip(&["rename", "a", "b"])
        .stderr_has("a similar subcommand exists: 'move'")
        .stderr_lacks("create");
    tip(&["grep", "v"])
        .stderr_has("a similar subcommand exists: 'find'")
        .stderr_lacks("create");
    tip(&["scrub", "a/b"]).stderr_has("a similar subcommand exists: 'purge'");
    tip(&["nosuch"]).stderr_lacks("tip:");
    tip(&["serve", "token", "set"]).stderr_lacks("tip:");
    tip(&["get", "a/b", "-o", "json"]).stderr_has("'-f FORMAT' chooses the format");
    tip(&["get", "a/b", "--output=json"]).stderr_has("'-f FORMAT' chooses the format");
}
