use std::io;
use std::path::Path;
use std::time::Duration;

use rusqlite::ErrorCode;
use rusqlite::ffi::{SQLITE_IOERR_SHMSIZE, SQLITE_IOERR_TRUNCATE, SQLITE_IOERR_WRITE};

use crate::files::is_out_of_space;
use crate::model::Section;
use crate::store::{Cause, StoreError};

/// How long one process waits for another's lock.
pub(super) const LOCK_PATIENCE: Duration = Duration::from_secs(30);

/// What goes wrong between SQLite and this engine.
#[derive(Debug)]
pub(super) enum FileError {
    /// SQLite's own.
    Sqlite(rusqlite::Error),
    /// The engine's, already in the words of the store.
    Store(StoreError),
}

impl From<rusqlite::Error> for FileError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<StoreError> for FileError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl FileError {
    /// The same in the words of the store, for the file at `path`.
    pub(super) fn into_store_error(self, path: &Path) -> StoreError {
        let error = match self {
            Self::Store(error) => return error,
            Self::Sqlite(error) => error,
        };
        let code = error.sqlite_error_code();
        let corrupt = |what| StoreError::Corrupt {
            section: None,
            what: format!("{} {what}", path.display()),
            source: None,
        };
        if code == Some(ErrorCode::DiskFull) {
            let (path, source) = (path.to_owned(), io::Error::other("the disk is full").into());
            return StoreError::Full { path, source };
        }
        if let Some(limit) = exceeded_file_size(&error) {
            let (path, source) = (path.to_owned(), limit.into());
            return StoreError::Full { path, source };
        }
        if let Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly) = code
            && is_in_read_only_folder(path)
        {
            let source =
                io::Error::other("SQLite has to create files beside it, and the folder is read-only");
            return StoreError::File {
                path: path.to_owned(),
                source: source.into(),
            };
        }
        match code {
            Some(ErrorCode::NotADatabase) => corrupt("holds no config: it is not an SQLite database"),
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Unavailable {
                problem: format!(
                    "{} has been locked by another process for {} s",
                    path.display(),
                    LOCK_PATIENCE.as_secs()
                ),
                source: Some(error.into()),
            },
            Some(
                ErrorCode::CannotOpen
                | ErrorCode::ReadOnly
                | ErrorCode::PermissionDenied
                | ErrorCode::SystemIoFailure
                | ErrorCode::FileLockingProtocolFailed,
            ) => StoreError::File {
                path: path.to_owned(),
                source: error.into(),
            },
            Some(ErrorCode::DatabaseCorrupt) | None => StoreError::Corrupt {
                section: None,
                what: format!("{} is corrupt", path.display()),
                source: Some(error.into()),
            },
            // A table that is missing, or has other columns.
            Some(ErrorCode::Unknown) => StoreError::Corrupt {
                section: None,
                what: format!("{} does not have the structure of a discfg file", path.display()),
                source: Some(error.into()),
            },
            Some(_) => StoreError::Other {
                what: format!("accessing {} with SQLite", path.display()),
                source: Some(error.into()),
            },
        }
    }
}

/// The error of a file in the words of the store.
pub(super) fn of_io(path: &Path, error: io::Error) -> StoreError {
    let is_full = is_out_of_space(&error);
    let (path, source) = (path.to_owned(), error.into());
    if is_full {
        StoreError::Full { path, source }
    } else {
        StoreError::File { path, source }
    }
}

/// The limit on the size of files, where that may be why SQLite could not write: it doesn't say.
fn exceeded_file_size(error: &rusqlite::Error) -> Option<io::Error> {
    let Some(SQLITE_IOERR_WRITE | SQLITE_IOERR_TRUNCATE | SQLITE_IOERR_SHMSIZE) =
        error.sqlite_error().map(|error| error.extended_code)
    else {
        return None;
    };
    let bytes = file_size_limit()?;
    Some(io::Error::other(format!(
        "files are limited to {bytes} bytes (`ulimit -f`)"
    )))
}

#[cfg(unix)]
fn is_in_read_only_folder(path: &Path) -> bool {
    use rustix::fs::{Access, access};
    path.parent()
        .is_some_and(|folder| access(folder, Access::WRITE_OK).is_err())
}

#[cfg(not(unix))]
fn is_in_read_only_folder(_: &Path) -> bool {
    false
}

#[cfg(unix)]
fn file_size_limit() -> Option<u64> {
    use rustix::process::{Resource, getrlimit};
    getrlimit(Resource::Fsize).current
}

#[cfg(not(unix))]
fn file_size_limit() -> Option<u64> {
    None
}

/// What a step on the file gives.
pub(super) type FileResult<T> = Result<T, FileError>;

/// A row holds what this engine never writes.
pub(super) fn unsound(what: impl Into<String>) -> FileError {
    FileError::Store(StoreError::Corrupt {
        section: None,
        what: what.into(),
        source: None,
    })
}

/// The same with its cause.
pub(super) fn caused(what: String, cause: impl Into<Cause>) -> FileError {
    FileError::Store(StoreError::Corrupt {
        section: None,
        what,
        source: Some(cause.into()),
    })
}

/// The same, which names the section that the row is of where the row is at fault.
pub(super) fn of_section<T>(
    section: impl FnOnce() -> Option<Section>,
    decoded: FileResult<T>,
) -> FileResult<T> {
    decoded.map_err(|error| match error {
        FileError::Store(StoreError::Corrupt {
            section: None,
            what,
            source,
        }) => FileError::Store(StoreError::Corrupt {
            section: section(),
            what,
            source,
        }),
        // Not SQLite's: a column holds another type, or a number out of range.
        FileError::Sqlite(error) if error.sqlite_error_code().is_none() => {
            let section = section();
            let place = section.as_ref().map(|section| format!(" of section {section}"));
            FileError::Store(StoreError::Corrupt {
                what: format!("the file contains an invalid row{}", place.unwrap_or_default()),
                section,
                source: Some(error.into()),
            })
        }
        other => other,
    })
}
