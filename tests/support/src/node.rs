//! Node, which runs the tools of the tests that exist for it alone.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, PoisonError};

use super::emulator::{TESTS, needs, target_dir};

const HELP: &str = "Some tests run with Node 20.19 or newer and npm, and packages from the registry that npm is set up for.\n\
    Debian, Ubuntu: apt-get install nodejs npm. Fedora: dnf install nodejs. macOS: brew install node.";

/// Runs a script of `tests/policies`. The folder that holds its packages is its last argument.
pub fn run(script: &str, argument: &Path) -> Output {
    let modules = packages("policies");
    let script = Path::new(TESTS).join("policies").join(script);
    node([&script, argument, &modules])
}

/// Runs Node.
pub fn node<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Output {
    let ran = Command::new("node").args(arguments).output();
    ran.unwrap_or_else(|error| panic!("node: {error}\n{HELP}"))
}

/// The folder below `target` with the packages of a folder of `tests`, which are installed if they aren't there.
///
/// A test that needs them fails where they can't be had, saying what to install; none is skipped.
pub fn packages(of: &str) -> PathBuf {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    needs("Node");
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    install(of).unwrap_or_else(|reason| panic!("Node's part of the tests can't be run.\n{reason}\n{HELP}"))
}

/// Installs what the lock file says below `target`, so that the sources stay as they are.
fn install(of: &str) -> Result<PathBuf, String> {
    let (sources, home) = (Path::new(TESTS).join(of), target_dir().join(of));
    let lock = fs::read(sources.join("package-lock.json")).map_err(|error| error.to_string())?;
    let stamp = home.join("node_modules/discfg-stamp");
    // The stamp is written last: what a run that was killed left behind is not trusted.
    if fs::read(&stamp).is_ok_and(|done| done == lock) {
        return Ok(home);
    }
    fs::create_dir_all(&home).map_err(|error| error.to_string())?;
    for name in ["package.json", "package-lock.json"] {
        fs::copy(sources.join(name), home.join(name)).map_err(|error| format!("{name}: {error}"))?;
    }
    let npm = Command::new("npm")
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
        .current_dir(&home)
        .output()
        .map_err(|error| format!("npm: {error}"))?;
    if !npm.status.success() {
        return Err(format!("npm ci: {}", String::from_utf8_lossy(&npm.stderr)));
    }
    fs::write(&stamp, lock).map_err(|error| error.to_string())?;
    Ok(home)
}
