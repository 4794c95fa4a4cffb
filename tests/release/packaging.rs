//! The scripts that pack a release, on the development build of this machine.

use std::path::Path;
use std::process::Command;

use support::emulator::venv;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

#[test]
fn the_scripts_pass_their_own_tests() {
    python(&["-m", "unittest", "--quiet", "tests.py"]);
}

#[test]
#[cfg(target_os = "linux")]
fn archive_and_image_run_in_an_empty_root() {
    python(&["try_build.py", env!("CARGO_BIN_EXE_discfg")]);
}

#[track_caller]
fn python(arguments: &[&str]) {
    let venv = venv().unwrap_or_else(|reason| panic!("Python's packages can't be installed.\n{reason}"));
    let ran = Command::new(venv.join("bin/python"))
        .arg("-B")
        .args(arguments)
        .current_dir(Path::new(ROOT).join("packaging"))
        .output()
        .expect("it is installed");
    assert!(
        ran.status.success(),
        "{}\n{}{}",
        ran.status,
        String::from_utf8_lossy(&ran.stdout),
        String::from_utf8_lossy(&ran.stderr),
    );
}
