//! The user's editor, chosen and started as git does.

use std::cell::{Cell, RefCell};
use std::env;
use std::ffi::{OsStr, OsString};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use rustix::fs::{Access, access};
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::Command;

use crate::cli::failure::Failure;
use crate::cli::terminal::Terminal;
use crate::model::ErrorKind;

/// A command line for the shell, which is given the file's name.
pub(super) struct Editor {
    command: OsString,
    /// The editor's process while it runs.
    running: Cell<Option<Pid>>,
    /// The file in which a text is kept that was edited and not stored.
    kept: RefCell<Option<PathBuf>>,
}

/// Editors that begin at a line if they are given it as `+LINE` before the file.
const TAKE_LINES: [&str; 11] = [
    "vi",
    "vim",
    "nvim",
    "view",
    "ex",
    "nano",
    "pico",
    "emacs",
    "emacsclient",
    "micro",
    "joe",
];
/// What editors without a variable are.
const FALLBACK: &str = "vi";
/// The exit code of a shell for a command that it didn't find.
const NOT_FOUND: i32 = 127;

impl Editor {
    pub(super) fn find() -> Result<Self, Failure> {
        let set = |name| env::var_os(name).filter(|value| !value.is_empty());
        let is_dumb = set("TERM").is_none_or(|term| term == "dumb");
        let visual = set("VISUAL");
        let is_visual_unused = is_dumb && visual.is_some();
        let fallback = || (!is_dumb && is_on_path(FALLBACK)).then(|| FALLBACK.into());
        let command = visual
            .filter(|_| !is_dumb)
            .or_else(|| set("EDITOR"))
            .or_else(fallback);
        let command = command.ok_or_else(|| no_editor(is_visual_unused))?;
        Ok(Self {
            command,
            running: Cell::new(None),
            kept: RefCell::new(None),
        })
    }

    /// Opens the file, at a line if the editor is known to begin there, and waits for the editor's end.
    pub(super) async fn open(
        &self,
        file: &Path,
        line: Option<usize>,
        terminal: &mut Terminal,
    ) -> Result<(), Failure> {
        terminal.flush()?;
        let mut script = OsString::from(if self.is_program() { "exec " } else { "" });
        script.push(&self.command);
        script.push(" \"$@\"");
        let mut command = Command::new("/bin/sh");
        command.arg("-c").arg(script).arg(&self.command);
        command.args(line.filter(|_| self.takes_line()).map(|line| format!("+{line}")));
        command.arg(file);
        // The result alone goes elsewhere.
        if !terminal.is_screen() {
            command.stdout(terminal.beside());
        }
        let cant = |error| Failure::internal("cannot run the editor", &error);
        let mut child = command.spawn().map_err(cant)?;
        let pid = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        self.running.set(pid);
        let ended = child.wait().await;
        self.running.set(None);
        let status = ended.map_err(cant)?;
        if status.success() {
            return Ok(());
        }
        Err(self.failed(status))
    }

    /// Notes the file in which an edited text is kept.
    pub(super) fn keep(&self, file: PathBuf) {
        self.kept.replace(Some(file));
    }

    /// Takes the file in which an edited text is kept.
    pub(super) fn kept(&self) -> Option<PathBuf> {
        self.kept.take()
    }

    /// Whether a signal is the running editor's alone. One that ends this process ends the editor, too.
    pub(super) fn takes(&self, signal: Signal) -> bool {
        let Some(running) = self.running.get() else {
            return false;
        };
        // A terminal has sent it these.
        if signal == Signal::INT || signal == Signal::QUIT {
            return true;
        }
        // It may have ended meanwhile.
        let _ = kill_process(running, signal);
        false
    }

    /// Whether the command is a program with options, which can take the place of the shell and so be sent signals.
    fn is_program(&self) -> bool {
        let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b" /._-+,@%~".contains(byte);
        self.command.as_encoded_bytes().iter().all(is_plain)
    }

    fn takes_line(&self) -> bool {
        let command = self.command.to_string_lossy();
        let program = command.split_whitespace().next().unwrap_or_default();
        let name = Path::new(program).file_name().and_then(OsStr::to_str);
        name.is_some_and(|name| TAKE_LINES.contains(&name))
    }

    fn failed(&self, status: ExitStatus) -> Failure {
        let command = self.command.display();
        let is_interrupted = status.signal() == Some(Signal::INT.as_raw());
        let kind = if is_interrupted {
            ErrorKind::Interrupted
        } else {
            ErrorKind::No
        };
        let mut failure = Failure::new(kind, "cancelled: nothing was changed");
        let cause = match (status.code(), status.signal()) {
            (Some(code), _) => format!("the editor `{command}` exited with code {code}"),
            (None, Some(signal)) => format!("the editor `{command}` was ended by signal {signal}"),
            (None, None) => format!("the editor `{command}` failed"),
        };
        failure.causes.push(cause);
        if status.code() == Some(NOT_FOUND) {
            return failure.hint("check the variables VISUAL and EDITOR");
        }
        failure
    }
}

fn no_editor(is_visual_unused: bool) -> Failure {
    let mut failure = Failure::usage(if is_visual_unused {
        "no editor: EDITOR is not set"
    } else {
        "no editor: VISUAL and EDITOR are not set"
    });
    if is_visual_unused {
        let cause = "TERM is unset or dumb, so VISUAL is not used";
        failure.causes.push(cause.into());
    }
    failure.hint("name one, such as EDITOR=nano or EDITOR='code --wait'")
}

fn is_on_path(name: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|folder| access(folder.join(name), Access::EXEC_OK).is_ok())
}
