//! What a server holds in memory, secrets among it, stays there.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::Path;

use support::serving::served_place;

/// A user without rights (`nobody`).
const NOBODY: u32 = 65_534;

fn give(path: &Path, uid: u32) {
    chown(path, Some(uid), None).expect("root may");
    if path.is_dir() {
        for file in fs::read_dir(path).expect("a folder") {
            give(&file.expect("a file").path(), uid);
        }
    }
}

/// The kernel gives what is in `/proc` of a process that isn't dumpable to root. So it shows of a user who isn't root.
#[test]
fn a_server_leaves_no_core_dump_and_is_closed_to_debuggers() {
    let place = served_place();
    let mut call = place.args(["serve", "-f", "json", "--listen", "127.0.0.1:0"]);
    let me = fs::metadata("/proc/self").expect("Linux has it").uid();
    if me == 0 {
        let root = place.dir().parent().expect("a folder above").to_owned();
        fs::set_permissions(&root, fs::Permissions::from_mode(0o755)).expect("it is ours");
        give(&root, NOBODY);
        call = call.uid(NOBODY);
    }
    let server = call.start();
    assert_eq!(server.json()["action"], "serve");
    let process = Path::new("/proc").join(server.pid().to_string());
    let limits = fs::read_to_string(process.join("limits")).expect("it runs");
    let cores = limits.lines().find(|line| line.starts_with("Max core file size"));
    let cores: Vec<&str> = cores.expect("a limit").split_whitespace().collect();
    assert_eq!(cores[4..6], ["0", "0"], "{cores:?}");
    assert_eq!(fs::metadata(process.join("mem")).expect("it runs").uid(), 0);
    assert_eq!(fs::metadata(process.join("environ")).expect("it runs").uid(), 0);
    // It isn't that all of /proc is root's.
    let mut other = std::process::Command::new("sleep");
    if me == 0 {
        std::os::unix::process::CommandExt::uid(&mut other, NOBODY);
    }
    let mut other = other.arg("60").spawn().expect("it runs");
    let process = Path::new("/proc").join(other.id().to_string());
    let owner = fs::metadata(process.join("mem")).expect("it runs").uid();
    other.kill().expect("it was started here");
    other.wait().expect("it ends");
    assert_ne!(owner, 0);
    server.signal("TERM");
    server.end().code(0);
}
