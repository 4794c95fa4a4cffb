//! The built binary, run as a user would, in a place of its own.

use std::collections::BTreeMap;
use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{Read, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::LazyLock;
use std::thread;
use std::time::{Duration, Instant};

use aws_credential_types::Credentials;
use serde_json::Value;
use tempfile::TempDir;

use super::account::REGION;
use super::running::Running;

/// The built binary.
///
/// Cargo and nextest name it to the tests of the package that it belongs to.
pub fn discfg() -> &'static str {
    static DISCFG: LazyLock<String> = LazyLock::new(|| {
        env::var("CARGO_BIN_EXE_discfg").expect("run by `cargo test` or `cargo nextest run`")
    });
    &DISCFG
}

/// No command of a test takes this long; one that does is waiting for something that never comes.
pub const PATIENCE: Duration = Duration::from_mins(2);

/// A folder to run commands in, with a home and an environment that hold nothing of the developer's.
pub struct Place {
    root: TempDir,
    env: BTreeMap<String, OsString>,
}

impl Place {
    /// A place without region, credentials or endpoint.
    pub fn new() -> Self {
        let root = tempfile::tempdir().expect("a temporary folder");
        let at = |name: &str| root.path().join(name).into_os_string();
        let bin = Path::new(discfg()).parent().expect("a binary is in a folder");
        let env = [
            ("HOME", at("home")),
            ("XDG_CACHE_HOME", at("home/cache")),
            ("XDG_CONFIG_HOME", at("home/config")),
            ("XDG_DATA_HOME", at("home/data")),
            ("XDG_STATE_HOME", at("home/state")),
            // Nothing above the place is of the test.
            ("DISCFG_CEILING", root.path().into()),
            ("PATH", format!("{}:/usr/bin:/bin", bin.display()).into()),
            // Without it a place without credentials waits for a metadata service that isn't there.
            ("AWS_EC2_METADATA_DISABLED", "true".into()),
        ];
        let env = env.map(|(name, value)| (name.to_owned(), value)).into();
        fs::create_dir_all(root.path().join("home")).expect("a home");
        fs::create_dir_all(root.path().join("work")).expect("a working folder");
        Self { root, env }
    }

    /// A place where AWS is at that endpoint and the user is `who`.
    pub fn at(url: &str, who: &Credentials) -> Self {
        Self::new()
            .env("AWS_ENDPOINT_URL", url)
            .env("AWS_REGION", REGION)
            .who(who)
    }

    /// The same place for another user.
    pub fn who(self, who: &Credentials) -> Self {
        let place = self
            .without_env("AWS_SESSION_TOKEN")
            .env("AWS_ACCESS_KEY_ID", who.access_key_id())
            .env("AWS_SECRET_ACCESS_KEY", who.secret_access_key());
        match who.session_token() {
            Some(token) => place.env("AWS_SESSION_TOKEN", token),
            None => place,
        }
    }

    /// Sets a variable for every command here.
    pub fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.env.insert(name.to_owned(), value.into());
        self
    }

    /// Takes a variable away.
    pub fn without_env(mut self, name: &str) -> Self {
        self.env.remove(name);
        self
    }

    /// The working folder.
    pub fn dir(&self) -> PathBuf {
        self.root.path().join("work")
    }

    /// The home folder, which also holds the XDG folders.
    pub fn home(&self) -> PathBuf {
        self.root.path().join("home")
    }

    /// Writes a file below the working folder.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.dir().join(name);
        fs::create_dir_all(path.parent().expect("a file is in a folder")).expect("a folder");
        fs::write(&path, content).expect("a file");
        path
    }

    /// Begins a call of the binary with these arguments.
    pub fn args<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Call {
        let mut command = Command::new(discfg());
        command.args(args);
        self.call(command)
    }

    /// Begins a call of the binary by a program that watches it, which is given these words before the binary's path.
    pub fn under<W: AsRef<OsStr>>(
        &self,
        program: &Path,
        words: impl IntoIterator<Item = W>,
        args: &[&str],
    ) -> Call {
        let mut command = Command::new(program);
        command.args(words).arg(discfg()).args(args);
        self.call(command)
    }

    /// Begins a shell script, in which `discfg` is the binary.
    pub fn shell(&self, script: &str) -> Call {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]);
        self.call(command)
    }

    fn call(&self, mut command: Command) -> Call {
        command.env_clear().envs(&self.env).current_dir(self.dir());
        Call {
            command,
            stdin: Vec::new(),
        }
    }
}

/// A call in the making.
#[must_use]
pub struct Call {
    command: Command,
    stdin: Vec<u8>,
}

impl Call {
    /// What is on standard input, which is empty otherwise.
    pub fn stdin(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.stdin = bytes.as_ref().to_vec();
        self
    }

    /// Adds arguments.
    pub fn and(mut self, args: &[&str]) -> Self {
        self.command.args(args);
        self
    }

    /// Sets a variable for this call alone.
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Runs in another folder, given from the working folder.
    pub fn cd(mut self, dir: impl AsRef<Path>) -> Self {
        let from = self
            .command
            .get_current_dir()
            .map(Path::to_path_buf)
            .unwrap_or_default();
        self.command.current_dir(from.join(dir));
        self
    }

    /// Runs as another user, which root alone may.
    pub fn uid(mut self, uid: u32) -> Self {
        self.command.uid(uid);
        self
    }

    /// Begins it, for a test that acts while it runs.
    pub fn start(self) -> Running {
        Running::new(self.command)
    }

    /// Runs to the end.
    #[track_caller]
    pub fn run(mut self) -> Outcome {
        let called = format!("{:?}", self.command.get_args().collect::<Vec<_>>());
        let command = self
            .command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("the binary is built");
        let (mut input, bytes) = (child.stdin.take().expect("it is piped"), self.stdin);
        // A command that doesn't read its input closes the pipe, which is its right.
        thread::spawn(move || input.write_all(&bytes));
        let stdout = collect(child.stdout.take());
        let stderr = collect(child.stderr.take());
        let status = wait(&mut child);
        let (stdout, stderr) = (stdout.join(), stderr.join());
        let (stdout, stderr) = (stdout.expect("it is read"), stderr.expect("it is read"));
        let Some(status) = status else {
            let (stdout, stderr) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
            panic!("{called} didn't end\n--- stdout\n{stdout}\n--- stderr\n{stderr}");
        };
        Outcome {
            called,
            status,
            stdout,
            stderr: String::from_utf8_lossy(&stderr).into_owned(),
        }
    }
}

fn collect(pipe: Option<impl Read + Send + 'static>) -> thread::JoinHandle<Vec<u8>> {
    let mut pipe = pipe.expect("it is piped");
    thread::spawn(move || {
        let mut all = Vec::new();
        let _ = pipe.read_to_end(&mut all);
        all
    })
}

pub(crate) fn wait(child: &mut Child) -> Option<ExitStatus> {
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        if let Some(status) = child.try_wait().expect("it was started here") {
            return Some(status);
        }
        thread::sleep(Duration::from_millis(5));
    }
    let _ = child.kill();
    let _ = child.wait();
    None
}

/// What came of a call. Each check gives it back, so that they read as one sentence.
pub struct Outcome {
    called: String,
    status: ExitStatus,
    stdout: Vec<u8>,
    stderr: String,
}

impl Outcome {
    pub(crate) fn new(called: String, status: ExitStatus, stdout: Vec<u8>, stderr: String) -> Self {
        Self {
            called,
            status,
            stdout,
            stderr,
        }
    }

    /// It ended with this exit code.
    #[track_caller]
    pub fn code(self, code: i32) -> Self {
        self.check(self.status.code() == Some(code), &format!("exit code {code}"));
        self
    }

    /// Standard output is this, byte for byte.
    #[track_caller]
    pub fn stdout(self, exactly: impl AsRef<[u8]>) -> Self {
        let wanted = exactly.as_ref();
        self.check(
            self.stdout == wanted,
            &format!("stdout {:?}", String::from_utf8_lossy(wanted)),
        );
        self
    }

    /// Standard output holds this.
    #[track_caller]
    pub fn stdout_has(self, part: &str) -> Self {
        self.check(self.text().contains(part), &format!("{part:?} in stdout"));
        self
    }

    /// Standard error is this.
    #[track_caller]
    pub fn stderr(self, exactly: &str) -> Self {
        self.check(self.stderr == exactly, &format!("stderr {exactly:?}"));
        self
    }

    /// Standard error holds this.
    #[track_caller]
    pub fn stderr_has(self, part: &str) -> Self {
        self.check(self.stderr.contains(part), &format!("{part:?} in stderr"));
        self
    }

    /// Standard error doesn't hold this.
    #[track_caller]
    pub fn stderr_lacks(self, part: &str) -> Self {
        self.check(!self.stderr.contains(part), &format!("no {part:?} in stderr"));
        self
    }

    /// Standard output, read as one JSON document.
    #[track_caller]
    pub fn json(self) -> Value {
        let parsed = serde_json::from_slice(&self.stdout);
        self.check(parsed.is_ok(), "JSON on stdout");
        parsed.unwrap_or_default()
    }

    /// Standard output as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Standard error.
    pub fn errors(&self) -> &str {
        &self.stderr
    }

    /// The exit code; none where a signal ended it.
    pub fn exit_code(&self) -> Option<i32> {
        self.status.code()
    }

    #[track_caller]
    fn check(&self, holds: bool, wanted: &str) {
        let Self {
            called,
            status,
            stderr,
            ..
        } = self;
        let stdout = self.text();
        assert!(
            holds,
            "{called}: wanted {wanted}; {status}\n--- stdout\n{stdout}\n--- stderr\n{stderr}"
        );
    }
}
