//! The file that `--out` names.

use std::fs;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;
use tempfile::NamedTempFile;

use super::failure::Failure;
use super::global::Format;
use super::terminal::Terminal;
use crate::files::append_named;
use crate::model::ErrorKind;

/// Where a result is written.
#[derive(Debug, Args)]
pub(super) struct OutArgs {
    /// Write the result to this file instead of stdout
    ///
    /// The file is readable only by you. It is replaced as a whole, and stays as it is if the command fails.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl OutArgs {
    /// Runs a command, and writes its result to the file if there is one, also where the result is a "no" (exit code 1).
    pub(super) async fn write(
        &self,
        format: Format,
        terminal: &mut Terminal,
        run: impl AsyncFnOnce(&mut Terminal) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let path = match &self.out {
            Some(path) if format != Format::Silent => path,
            _ => return run(terminal).await,
        };
        terminal.divert();
        let result = run(terminal).await;
        let written = terminal.diverted();
        if result.as_ref().is_err_and(|failure| !failure.message.is_empty()) {
            return result;
        }
        let file = OutFile {
            path: path.clone(),
            appends: false,
        };
        file.write(&mut written.as_slice())?;
        result
    }
}

/// A file that is written in place of stdout.
#[derive(Debug, Clone)]
pub(super) struct OutFile {
    pub(super) path: PathBuf,
    /// Whether the file keeps what it holds: the steps of a CI job share one.
    pub(super) appends: bool,
}

impl OutFile {
    /// Writes all of `source`, from where it stands.
    pub(super) fn write(&self, source: &mut impl io::Read) -> Result<(), Failure> {
        let written = if self.appends {
            append(&self.path, source)
        } else {
            replace(&self.path, source)
        };
        written.map_err(|error| {
            let message = match (error.kind(), self.path.parent()) {
                (io::ErrorKind::NotADirectory, Some(parent)) => {
                    let message = format!(
                        "cannot write to {}: {} is not a directory",
                        self.path.display(),
                        parent.display()
                    );
                    return Failure::new(ErrorKind::Invalid, message);
                }
                (io::ErrorKind::NotFound, Some(parent))
                    if !parent.as_os_str().is_empty() && !parent.exists() =>
                {
                    let message = format!(
                        "cannot write to {}: directory {} not found",
                        self.path.display(),
                        parent.display()
                    );
                    return Failure::new(ErrorKind::Invalid, message);
                }
                _ => format!("cannot write to {}", self.path.display()),
            };
            Failure::caused(ErrorKind::Invalid, message, &error)
        })
    }
}

/// A device, a pipe or a folder is never replaced, and not written to either: a pipe would wait for its reader.
fn not_regular() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file")
}

/// Adds to the file, through links: a runner may have put one there. A new one is readable by its owner alone.
fn append(path: &Path, source: &mut impl io::Read) -> io::Result<()> {
    let is_new = !path.exists();
    let mut file = append_named(path)?;
    let before = file.metadata()?.len();
    let added = add(&mut file, source);
    if added.is_err() {
        // Half of a variable would be read as another one. What the failure is of is more than what this is.
        let _ = file.set_len(before);
        if is_new {
            let _ = fs::canonicalize(path).and_then(fs::remove_file);
        }
    }
    added
}

fn add(file: &mut fs::File, source: &mut impl io::Read) -> io::Result<()> {
    // After a line without an end, the first name would be a part of that line.
    if file.seek(SeekFrom::End(0))? > 0 {
        file.seek(SeekFrom::End(-1))?;
        let mut last = [0];
        file.read_exact(&mut last)?;
        if last != *b"\n" {
            file.write_all(b"\n")?;
        }
    }
    io::copy(source, file)?;
    file.sync_all()
}

/// Replaces the file as a whole, readable by its owner alone. A link is refused, since it would be replaced itself.
fn replace(path: &Path, source: &mut impl io::Read) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(found) if !found.is_file() => return Err(not_regular()),
        _ => {}
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    // Its own words name the temporary file.
    let mut file = NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))
        .map_err(|error| io::Error::from(error.kind()))?;
    io::copy(source, &mut file)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}
