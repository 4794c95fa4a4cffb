//! A program that ends with the process that started it.
//!
//! Linux sends a signal to a process whose parent ends, if the process itself has asked for it. So discfg starts itself
//! once more, which asks and then becomes the program.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{self, Command, ExitCode};

use crate::aws::ProgramStart;
use crate::cli::failure::Failure;
use crate::cli::terminal::show_failure;

/// The first word of the call by which discfg becomes another program.
const WORD: &str = "@become";
/// Where the binary of a process is, even where its file has been replaced.
const OWN_BINARY: &str = "/proc/self/exe";

/// The command to run a program that is killed when this process ends, however that ends. What the program started
/// itself isn't. The system takes the end of the thread that starts it for the end of the process.
///
/// Elsewhere than on Linux it is the plain command.
pub(in crate::cli) fn tied(file: &OsStr, name: &OsStr, is_json: bool) -> Command {
    if cfg!(target_os = "linux") && Path::new(OWN_BINARY).exists() {
        let mut command = Command::new(OWN_BINARY);
        let parent = process::id().to_string();
        command.args([WORD, &parent, if is_json { "json" } else { "text" }]);
        command.args([file, name]);
        return command;
    }
    let mut command = Command::new(file);
    command.arg0(name);
    command
}

/// Starts the programs of the AWS config files, tied to this process.
pub(in crate::cli) fn program_start() -> ProgramStart {
    ProgramStart(|name| tied(name.as_ref(), name.as_ref(), false))
}

/// Becomes the program of a command that `tied` built; returns `None` for a call by anybody else.
pub(in crate::cli) fn become_program(args: &[OsString]) -> Option<ExitCode> {
    let [_, word, parent, format, file, name, args @ ..] = args else {
        return None;
    };
    if word != WORD {
        return None;
    }
    if !tie_to(parent) {
        // The parent has ended already, so nothing waits for the program.
        return Some(ExitCode::FAILURE);
    }
    let error = Command::new(file).arg0(name).args(args).exec();
    let failure = cannot_run(name, Path::new(file), &error);
    Some(show_failure(&failure, format == "json"))
}

/// Whether this process now ends with the process of that number.
#[cfg(target_os = "linux")]
fn tie_to(parent: &OsStr) -> bool {
    use rustix::process::{Pid, Signal, getppid, set_parent_process_death_signal};
    let is_set = set_parent_process_death_signal(Some(Signal::KILL)).is_ok();
    let parent = parent.to_str().and_then(|parent| parent.parse().ok());
    is_set && parent.and_then(Pid::from_raw) == getppid()
}

#[cfg(not(target_os = "linux"))]
fn tie_to(_: &OsStr) -> bool {
    true
}

/// Why the system didn't run a program.
pub(in crate::cli) fn cannot_run(name: &OsStr, file: &Path, error: &io::Error) -> Failure {
    let name = name.display();
    let message = format!("cannot run {name}");
    let mut failure = match error.kind() {
        io::ErrorKind::NotFound if file.exists() => Failure::cant_run(format!(
            "{message}: the interpreter in its first line was not found"
        )),
        io::ErrorKind::NotFound => Failure::no_command(format!("command not found: {name}")),
        _ => Failure::cant_run(message),
    };
    failure.causes.push(error.to_string());
    failure
}
