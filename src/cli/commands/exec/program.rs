//! The command: where it is, and why it can't be run.

use std::env;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::fs::{Access, access};
use rustix::io::Errno;

use super::environment::Environment;
use crate::cli::child::{cannot_run, tied};
use crate::cli::failure::Failure;
use crate::cli::terminal::Terminal;

/// Where commands are where no PATH says it.
const DEFAULT_PATH: &str = "/usr/bin:/bin";

/// A command with its arguments, found.
pub(super) struct Program {
    name: OsString,
    file: PathBuf,
    args: Vec<OsString>,
    pristine: bool,
}

impl Program {
    /// Finds the command, as a shell does, in the PATH that this process has: what a config holds decides nothing of
    /// which program is run. A `pristine` one is given no variable beside the config's.
    pub(super) fn find(words: &[OsString], pristine: bool) -> Result<Self, Failure> {
        let [name, args @ ..] = words else {
            return Err(Failure::usage("missing COMMAND after --"));
        };
        let path = env::var_os("PATH").unwrap_or_else(|| DEFAULT_PATH.into());
        Ok(Self {
            file: find_in(&path, name)?,
            name: name.clone(),
            args: args.to_vec(),
            pristine,
        })
    }

    /// The command that takes this process's place, with these variables.
    pub(super) fn command(&self, variables: &Environment) -> Command {
        let mut command = Command::new(&self.file);
        command.arg0(&self.name);
        self.given(command, variables)
    }

    /// The command of a process that ends with this one, with these variables.
    pub(super) fn tied_command(&self, variables: &Environment, terminal: &Terminal) -> Command {
        self.given(
            tied(self.file.as_os_str(), &self.name, terminal.is_json()),
            variables,
        )
    }

    fn given(&self, mut command: Command, variables: &Environment) -> Command {
        command.args(&self.args);
        if self.pristine {
            command.env_clear();
        }
        command.envs(variables.iter());
        command
    }

    /// Why the system didn't run it.
    pub(super) fn failure(&self, error: &io::Error, variables: &Environment) -> Failure {
        let failure = cannot_run(&self.name, &self.file, error);
        if error.raw_os_error() == Some(Errno::TOOBIG.raw_os_error())
            && let Some((key, size)) = variables.largest()
        {
            return failure.hint(format!(
                "the system bounds a variable, and all of them together: the largest comes of {key}, with {size} bytes"
            ));
        }
        failure
    }
}

fn find_in(path: &OsStr, name: &OsStr) -> Result<PathBuf, Failure> {
    if name.as_bytes().contains(&b'/') {
        return Ok(name.into());
    }
    let mut refused = None;
    for folder in env::split_paths(path) {
        // An empty part is the working folder, and a name without a slash would be looked for again.
        let folder = if folder.as_os_str().is_empty() {
            Path::new(".")
        } else {
            &folder
        };
        let file = folder.join(name);
        if file.is_file() {
            if access(&file, Access::EXEC_OK).is_ok() {
                return Ok(file);
            }
            refused.get_or_insert(file);
        }
    }
    let name = name.display();
    Err(match refused {
        Some(file) => Failure::cant_run(format!("cannot run {name}: {} is not executable", file.display())),
        None => Failure::no_command(format!("command not found: {name}"))
            .hint("discfg searches its own PATH, not one that the config sets"),
    })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn the_first_that_can_be_run_is_taken() {
        let root = tempfile::tempdir().expect("a folder");
        let file = |folder: &str, mode: u32| {
            let path = root.path().join(folder).join("tool");
            fs::create_dir_all(root.path().join(folder)).expect("a folder");
            fs::write(&path, "").expect("a file");
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("a mode");
            path
        };
        let plain = file("a", 0o644);
        let first = file("b", 0o755);
        file("c", 0o755);
        fs::create_dir_all(root.path().join("d/tool")).expect("a folder of that name");
        let path = |folders: &[&str]| {
            env::join_paths(folders.iter().map(|folder| root.path().join(folder))).expect("a PATH")
        };
        let find = |folders: &[&str]| find_in(&path(folders), "tool".as_ref());
        assert_eq!(find(&["d", "a", "b", "c"]).expect("found"), first);
        let refused = find(&["d", "a"]).expect_err("it can't be run");
        assert_eq!(refused.exit_code(), 126);
        assert!(refused.message.contains(&plain.display().to_string()));
        assert_eq!(
            find(&["d", "nosuch"]).expect_err("it isn't there").exit_code(),
            127
        );
        assert_eq!(
            find_in(&path(&["b"]), "./tool".as_ref()).expect("as it is"),
            Path::new("./tool")
        );
    }
}
