//! The file that the editor opens.

use std::cell::Cell;
use std::env;
use std::ffi::OsStr;
use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::editor::Editor;
use super::merge::{ConflictMarkers, merge};
use crate::cli::data_file;
use crate::cli::failure::{Failure, Stop};
use crate::cli::terminal::Terminal;
use crate::files::Folder;
use crate::model::ErrorKind;

/// A text while it is edited, in a file that nobody else can read. It is removed when this is dropped.
pub(super) struct Draft<'e> {
    editor: &'e Editor,
    /// None once it is closed.
    folder: Option<TempDir>,
    file: PathBuf,
    /// The text that is stored.
    stored: String,
    markers: Option<ConflictMarkers>,
    merges: usize,
    /// Whether the editor has ended since it last began.
    is_edited: Cell<bool>,
}

/// Why a text can't be stored.
pub(super) struct InvalidText {
    pub(super) failure: Failure,
    /// Where the fault is, from 1.
    pub(super) line: Option<usize>,
}

impl<E: Into<Failure>> From<E> for InvalidText {
    fn from(error: E) -> Self {
        Self {
            failure: error.into(),
            line: None,
        }
    }
}

/// The largest text, in bytes, as of any data file.
const MOST_BYTES: usize = 256 * 1024 * 1024;
/// So often are conflicts merged.
const MOST_MERGES: usize = 10;
/// The longest name of a file, in characters, without its extension.
const LONGEST_NAME: usize = 100;

impl<'e> Draft<'e> {
    /// Puts the stored text into a file, which is named after the key.
    pub(super) fn begin(
        editor: &'e Editor,
        name: &str,
        extension: &str,
        stored: String,
    ) -> Result<Self, Failure> {
        let folder = private_folder()?;
        let name: String = name.chars().take(LONGEST_NAME).collect();
        let extension = format!(".{extension}");
        let name = name.strip_suffix(&extension).unwrap_or(&name);
        let draft = Self {
            editor,
            file: folder.path().join(format!("{name}{extension}")),
            folder: Some(folder),
            stored,
            markers: None,
            merges: 0,
            is_edited: Cell::new(false),
        };
        draft.write(&draft.stored)?;
        Ok(draft)
    }

    /// Lets the user edit the text until it is valid, and gives what `read` makes of it.
    pub(super) async fn edit<T>(
        &self,
        terminal: &mut Terminal,
        read: impl Fn(&str) -> Result<T, InvalidText>,
    ) -> Result<T, Failure> {
        let mut line = self.first_conflict(&self.text()?);
        loop {
            self.is_edited.set(false);
            self.editor.open(&self.file, line, terminal).await?;
            self.is_edited.set(true);
            let invalid = match self.resolved().and_then(|text| read(&text)) {
                Ok(read) => return Ok(read),
                Err(invalid) => invalid,
            };
            let said = std::iter::once(&invalid.failure.message).chain(&invalid.failure.causes);
            let said: Vec<&str> = said.map(String::as_str).collect();
            match terminal
                .ask_on_terminal(&format!("{}. Edit again?", said.join(": ")))
                .await?
            {
                None => return Err(invalid.failure),
                Some(answer) => answer.or_cancel("nothing was changed")?,
            }
            line = invalid.line;
        }
    }

    /// Whether another conflict is to be merged: a script as an editor could go on for ever.
    pub(super) fn can_merge(&self) -> bool {
        self.merges < MOST_MERGES
    }

    /// Merges what is stored now into the text, for the user to edit it again.
    pub(super) fn merge(&mut self, what: &str, now: String, terminal: &Terminal) -> Result<(), Failure> {
        let (merged, markers) = merge(&self.stored, &self.text()?, &now);
        self.write(&merged)?;
        self.stored = now;
        self.markers = markers;
        self.merges += 1;
        let todo = if markers.is_some() {
            "resolve the conflicts"
        } else {
            "check the result"
        };
        terminal.note(&format!("{what} changed while you were editing: {todo}"));
        Ok(())
    }

    /// Removes the file, unless it holds changes that a failure kept from being stored.
    pub(super) fn close<T>(mut self, done: Result<T, Stop>, terminal: &Terminal) -> Result<T, Stop> {
        if done.is_err() && self.is_changed() {
            self.keep();
        } else if let Some(folder) = self.folder.take() {
            let path = folder.path().to_owned();
            if let Err(error) = folder.close() {
                terminal.note(&format!("warning: cannot remove {}: {error}", path.display()));
            }
        }
        if let Some(file) = self.editor.kept() {
            terminal.note(&format!("your text is kept in {}", file.display()));
        }
        done
    }

    fn keep(&mut self) {
        let Some(folder) = self.folder.take() else {
            return;
        };
        // An editor may have put another file in its place.
        let _ = fs::set_permissions(&self.file, Permissions::from_mode(0o600));
        let _ = folder.keep();
        self.editor.keep(self.file.clone());
    }

    /// Whether the file holds something else than what is stored.
    fn is_changed(&self) -> bool {
        fs::read(&self.file).is_ok_and(|bytes| self.without_added_newline(&bytes) != self.stored.as_bytes())
    }

    /// The text, without conflicts.
    fn resolved(&self) -> Result<String, InvalidText> {
        let text = self.text()?;
        match self.first_conflict(&text) {
            None => Ok(text),
            Some(line) => Err(InvalidText {
                failure: Failure::new(
                    ErrorKind::Invalid,
                    format!("line {line} is a conflict marker: choose a version and remove the markers"),
                ),
                line: Some(line),
            }),
        }
    }

    fn first_conflict(&self, text: &str) -> Option<usize> {
        self.markers?.first_in(text)
    }

    /// What is in the file.
    fn text(&self) -> Result<String, Failure> {
        let bytes = data_file::read(&self.file, "text", MOST_BYTES)?;
        let text = self.without_added_newline(&bytes).to_vec();
        String::from_utf8(text).map_err(|error| {
            Failure::caused(
                ErrorKind::Invalid,
                "the text is not valid UTF-8",
                &error.utf8_error(),
            )
        })
    }

    /// A newline that the stored text doesn't end with is the editor's.
    fn without_added_newline<'b>(&self, bytes: &'b [u8]) -> &'b [u8] {
        match bytes {
            [text @ .., b'\n'] if !self.stored.ends_with('\n') => text,
            whole => whole,
        }
    }

    fn write(&self, text: &str) -> Result<(), Failure> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        let written = options
            .open(&self.file)
            .and_then(|mut file| file.write_all(text.as_bytes()));
        written.map_err(|error| Failure::internal(&format!("cannot write {}", self.file.display()), &error))
    }
}

impl Drop for Draft<'_> {
    /// A signal ends the work at any time: what was typed outlives it once the editor has ended.
    fn drop(&mut self) {
        if self.is_edited.get() && self.is_changed() {
            self.keep();
        }
    }
}

/// A folder for the user alone, in memory where that is possible.
fn private_folder() -> Result<TempDir, Failure> {
    let runtime = env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    let runtime = runtime.filter(|folder| folder.is_absolute());
    let shared = Path::new("/dev/shm").to_owned();
    for folder in runtime.into_iter().chain([shared]) {
        if let Ok(created) = private_folder_in(&folder) {
            return Ok(created);
        }
    }
    let folder = env::temp_dir();
    private_folder_in(&folder).map_err(|error| {
        Failure::internal(
            &format!("cannot create a private folder in {}", folder.display()),
            &error,
        )
    })
}

fn private_folder_in(folder: &Path) -> io::Result<TempDir> {
    let created = tempfile::Builder::new()
        .prefix("discfg-edit-")
        .permissions(Permissions::from_mode(0o700))
        .tempdir_in(folder)?;
    let name = created.path().file_name().and_then(OsStr::to_str);
    Folder::below(folder.into(), name.unwrap_or_default()).check()?;
    Ok(created)
}
