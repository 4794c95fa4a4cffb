//! Chromium, and the journeys through the console that Node drives in it.

use std::env;
use std::fs;
use std::io::{Read, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;

use serde_json::{Value, json};

use super::cli::{Place, discfg, wait};
use super::emulator::TESTS;
use super::node::{node, packages};

/// The folder of the journeys.
const JOURNEYS: &str = "console";
/// Where the system's Chromium is looked for after the path.
const SYSTEM: &str = "/usr/bin/chromium";
const HELP: &str = "The tests of the console drive Chromium.\n\
    Debian: apt-get install chromium. Fedora: dnf install chromium. Elsewhere: set CHROMIUM to its path.";

/// Runs a journey of `tests/console/journeys` on what is served from that place.
///
/// `console` is what the server printed when it was ready, and `more` what only that journey needs. The browser has its
/// profile in a temporary folder that ends with this; a process that the journey leaves behind is killed.
#[track_caller]
pub fn journey(name: &str, place: &Place, console: &Value, more: &Value) {
    let modules = packages(JOURNEYS);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let facts = json!({
        "packages": modules,
        "chromium": chromium(),
        "binary": discfg(),
        "dir": place.dir(),
        "env": environment(place),
        "failures": modules.join("failures"),
        "console": console,
        "more": more,
    });
    let mut child = Command::new("node")
        .arg(Path::new(TESTS).join(JOURNEYS).join("run.mjs"))
        .arg(name)
        .env("TMPDIR", folder.path())
        .env("HOME", folder.path())
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("Node, which installed the packages");
    let mut input = child.stdin.take().expect("it is piped");
    input
        .write_all(facts.to_string().as_bytes())
        .expect("Node reads it");
    drop(input);
    let mut stderr = child.stderr.take().expect("it is piped");
    let said = thread::spawn(move || {
        let mut said = Vec::new();
        let _ = stderr.read_to_end(&mut said);
        String::from_utf8_lossy(&said).into_owned()
    });
    let status = wait(&mut child);
    end_group(&child);
    let said = said.join().expect("it is read");
    let ended = status.map_or("it didn't end".into(), |status| status.to_string());
    assert!(
        status.is_some_and(|status| status.success()),
        "{name}: {ended}\n{said}"
    );
}

/// The variables that the binary runs with in that place.
fn environment(place: &Place) -> Value {
    let home = place.home();
    let bin = Path::new(discfg()).parent().expect("a binary is in a folder");
    json!({
        "HOME": home,
        "XDG_CACHE_HOME": home.join("cache"),
        "XDG_CONFIG_HOME": home.join("config"),
        "XDG_DATA_HOME": home.join("data"),
        "XDG_STATE_HOME": home.join("state"),
        "DISCFG_CEILING": home.parent(),
        "PATH": format!("{}:/usr/bin:/bin", bin.display()),
        "AWS_EC2_METADATA_DISABLED": "true",
    })
}

/// Kills what is left of the child's process group. Chromium, which is in one of its own, ends when its pipe closes.
fn end_group(child: &Child) {
    let group = format!("-{}", child.id());
    let _ = Command::new("kill")
        .args(["-s", "KILL", "--", &group])
        .stderr(Stdio::null())
        .status();
}

/// The system's Chromium or, where it has none, one from npm, with the folder of its libraries.
fn chromium() -> Value {
    let named = env::var_os("CHROMIUM").map(PathBuf::from);
    let paths = env::var_os("PATH").unwrap_or_default();
    let on_path = env::split_paths(&paths).map(|folder| folder.join("chromium"));
    let mut known = named.into_iter().chain(on_path).chain([PathBuf::from(SYSTEM)]);
    if let Some(path) = known.find(|path| path.is_file()) {
        return json!({ "path": path });
    }
    assert_eq!(
        (env::consts::OS, env::consts::ARCH),
        ("linux", "x86_64"),
        "Chromium not found, and npm has none for this system.\n{HELP}"
    );
    let name = format!("{JOURNEYS}/chromium");
    let (modules, script) = (packages(&name), Path::new(TESTS).join(&name).join("unpack.mjs"));
    let unpacked = modules.join("unpacked");
    let ran = node([&script, &modules, &unpacked]);
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(
        ran.status.success(),
        "npm's Chromium can't be unpacked:\n{said}\n{HELP}"
    );
    let libraries = unpacked.join("al2023/lib");
    assert!(
        fs::exists(&libraries).is_ok_and(|is| is),
        "npm's Chromium lacks its libraries.\n{HELP}"
    );
    json!({ "path": unpacked.join("chromium"), "libraries": libraries })
}
