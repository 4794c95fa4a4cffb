//! Node, which runs the tools of the tests that exist for it alone.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use super::emulator::{TESTS, needs, target_dir};

const HELP: &str = "The proof of the policies runs with Node 18 or newer and npm, and the packages of tests/policies \
    from the registry that npm is set up for.\n\
    Debian, Ubuntu: apt-get install nodejs npm. Fedora: dnf install nodejs. macOS: brew install node.";

/// Runs a script of `tests/policies`, whose packages are installed if they aren't there. The folder that holds them is
/// its last argument.
///
/// A test that needs it fails where it can't be run, saying what to install; none is skipped.
pub fn run(script: &str, argument: &Path) -> Output {
    static MODULES: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    needs("Node");
    let modules = match MODULES.get_or_init(install) {
        Ok(modules) => modules,
        Err(reason) => panic!("Node's part of the tests can't be run.\n{reason}\n{HELP}"),
    };
    let ran = Command::new("node")
        .arg(sources().join(script))
        .args([argument, modules])
        .output();
    ran.unwrap_or_else(|error| panic!("node: {error}\n{HELP}"))
}

fn sources() -> PathBuf {
    Path::new(TESTS).join("policies")
}

/// Installs what the lock file says below `target`, so that the sources stay as they are.
fn install() -> Result<PathBuf, String> {
    let home = target_dir().join("policies");
    let lock = fs::read(sources().join("package-lock.json")).map_err(|error| error.to_string())?;
    let stamp = home.join("node_modules/discfg-stamp");
    // The stamp is written last: what a run that was killed left behind is not trusted.
    if fs::read(&stamp).is_ok_and(|done| done == lock) {
        return Ok(home);
    }
    fs::create_dir_all(&home).map_err(|error| error.to_string())?;
    for name in ["package.json", "package-lock.json"] {
        fs::copy(sources().join(name), home.join(name)).map_err(|error| format!("{name}: {error}"))?;
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
