//! Scripts and workflows, read by their linters.

use std::path::Path;
use std::process::Command;

use support::emulator::venv;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

#[test]
fn shellcheck_finds_nothing() {
    let scripts = ["install.sh", ".ci/run", "tests/fast"];
    run("shellcheck", scripts);
}

/// Runs a linter of `tests/requirements.txt` at the root.
#[track_caller]
fn run<A: AsRef<Path>>(linter: &str, arguments: impl IntoIterator<Item = A>) {
    let venv = venv().unwrap_or_else(|reason| panic!("{linter} can't be installed.\n{reason}"));
    let mut command = Command::new(venv.join("bin").join(linter));
    command.current_dir(ROOT);
    for argument in arguments {
        command.arg(argument.as_ref());
    }
    let ran = command.output().expect("it is installed");
    let (stdout, stderr) = (
        String::from_utf8_lossy(&ran.stdout),
        String::from_utf8_lossy(&ran.stderr),
    );
    assert!(ran.status.success(), "{linter}: {}\n{stdout}{stderr}", ran.status);
}
