//! The AWS emulator, one for the whole test run.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{LazyLock, OnceLock};

use super::account::Account;
use super::cli;

/// The folder of all tests.
pub(crate) const TESTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
const HELP: &str = "The tests run an AWS emulator with Python 3.10 or newer.\n\
    Debian, Ubuntu: apt-get install python3 python3-venv. Fedora: dnf install python3. macOS: brew install python.";

/// Newest first, after the one that is meant by default: a system's `python3` may be older than another beside it.
const PYTHONS: [&str; 6] = [
    "python3",
    "python3.14",
    "python3.13",
    "python3.12",
    "python3.11",
    "python3.10",
];

/// How often another port is tried where one was taken between being found and being used.
const STARTS: usize = 3;

/// A running emulator.
pub struct Emulator {
    port: u16,
    /// Never waited for: the emulator ends when this process does, since its standard input then closes.
    _server: Child,
}

impl Emulator {
    /// The emulator of this test run, started by whoever asks first.
    ///
    /// A test that needs it fails where it can't be started, saying what to install; none is skipped.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Result<Emulator, String>> = OnceLock::new();
        match SHARED.get_or_init(Self::start) {
            Ok(emulator) => emulator,
            Err(reason) => panic!("the AWS emulator did not start.\n{reason}"),
        }
    }

    /// What `AWS_ENDPOINT_URL` is set to.
    pub fn url(&self) -> String {
        format!("http://{}", self.address())
    }

    /// The address that it listens on.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// An account that no other test of this run has.
    pub fn account(&'static self) -> Account {
        static NEXT: AtomicU64 = AtomicU64::new(100_000_000_001);
        Account::new(self, NEXT.fetch_add(1, Ordering::Relaxed))
    }

    /// The account that the emulator takes a request without a signature to be about. One test alone may have it.
    pub fn account_of_the_unsigned(&'static self) -> Account {
        Account::new(self, 0)
    }

    fn start() -> Result<Self, String> {
        let venv = venv()?;
        let mut reason = String::new();
        for _ in 0..STARTS {
            match Self::start_in(&venv) {
                Ok(emulator) => return Ok(emulator),
                Err(why) => reason = why,
            }
        }
        Err(reason)
    }

    fn start_in(venv: &Path) -> Result<Self, String> {
        let log = target_dir().join("emulator/server.log");
        let mut server = Command::new(venv.join("bin/python"))
            .arg(Path::new(TESTS).join("support/emulator.py"))
            .arg(&log)
            // The developer's own AWS settings must not become the emulator's.
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{}: {error}\n{HELP}", venv.display()))?;
        let mut line = String::new();
        let stdout = server.stdout.take().expect("stdout is piped");
        let _ = BufReader::new(stdout).read_line(&mut line);
        if let Ok(port) = line.trim().parse() {
            Ok(Self {
                port,
                _server: server,
            })
        } else {
            let said = std::fs::read_to_string(&log).unwrap_or_default();
            let _ = server.wait();
            Err(format!("It said ({}):\n{said}", log.display()))
        }
    }
}

/// Fails a test of the fast tier that needs what the tier does without.
#[track_caller]
pub(crate) fn needs(tool: &str) {
    let is_fast = std::env::var_os("DISCFG_TEST_TIER").is_some_and(|tier| tier == "fast");
    assert!(
        !is_fast,
        "a test of the fast tier needs {tool}: put it into a module named `on_dynamodb` or into a folder of tests \
         that the tier leaves out"
    );
}

/// The virtual environment of `tests/requirements.txt`, made if it isn't there.
pub fn venv() -> Result<PathBuf, String> {
    needs("Python");
    let python = PYTHONS.into_iter().find(|python| is_new_enough(python));
    let python = python.ok_or_else(|| format!("No Python 3.10 or newer was found.\n{HELP}"))?;
    let made = Command::new(python)
        .arg(Path::new(TESTS).join("venv.py"))
        .arg(target_dir())
        .output()
        .map_err(|error| format!("{python}: {error}\n{HELP}"))?;
    if !made.status.success() {
        return Err(String::from_utf8_lossy(&made.stderr).into_owned());
    }
    Ok(PathBuf::from(String::from_utf8_lossy(&made.stdout).trim()))
}

fn is_new_enough(python: &str) -> bool {
    let check = "import sys; sys.exit(sys.version_info < (3, 10))";
    Command::new(python)
        .args(["-c", check])
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

pub(crate) fn target_dir() -> &'static Path {
    static TARGET: LazyLock<PathBuf> = LazyLock::new(|| {
        let built = Path::new(cli::discfg()).ancestors().nth(2);
        built
            .expect("the binary is two folders below the target folder")
            .to_owned()
    });
    &TARGET
}
