use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};

use crate::model::Grouped;

/// Why a file is not used although it can be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FileFault {
    /// It is a link, where none is followed.
    #[error("{path} is a symbolic link, which is not followed here", path = .0.display())]
    Link(PathBuf),
    /// It is a pipe, a device or a socket.
    #[error("{path} is a {what}, not a regular file", path = .path.display())]
    Special {
        /// Which file.
        path: PathBuf,
        /// What it is.
        what: &'static str,
    },
    /// It is larger than such a file is.
    #[error("{path} is too large (at most {} bytes)", Grouped(usize::try_from(*.most).unwrap_or(usize::MAX)), path = .path.display())]
    TooLarge {
        /// Which file.
        path: PathBuf,
        /// The most bytes that it may have.
        most: u64,
    },
    /// It belongs to another user.
    #[error("{path} belongs to user {owner}, not to you (user {you}) or root", path = .path.display())]
    Owner {
        /// Which file or folder.
        path: PathBuf,
        /// Its owner's number.
        owner: u32,
        /// The user's number.
        you: u32,
    },
    /// Others can write it.
    #[error("others can write {path} (mode {mode:04o})", path = .path.display())]
    Writable {
        /// Which file or folder.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It is private, and others can read it.
    #[error("others can read {path} (mode {mode:04o})", path = .path.display())]
    Readable {
        /// Which file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
}

impl FileFault {
    /// The command, or the act, that mends it.
    fn mend(&self) -> String {
        match self {
            Self::Link(path) => format!("replace {} with the file it points to", path.display()),
            Self::Special { path, .. } if path.starts_with("/dev") => "use a regular file".into(),
            Self::Special { path, .. } | Self::TooLarge { path, .. } => {
                format!("remove {} or replace it with a regular file", path.display())
            }
            Self::Owner { path, you, .. } => {
                format!(
                    "if you trust its content, make it yours with `chown {you} {}`",
                    quoted(path)
                )
            }
            Self::Writable { path, .. } => format!("run `chmod go-w {}`", quoted(path)),
            Self::Readable { path, .. } => format!("run `chmod go= {}`", quoted(path)),
        }
    }
}

impl From<FileFault> for io::Error {
    fn from(fault: FileFault) -> Self {
        Self::other(fault)
    }
}

/// How to mend the fault of a file that is behind this error, if there is one.
pub(crate) fn mend(error: &(dyn Error + 'static)) -> Option<String> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(fault) = error.downcast_ref::<FileFault>() {
            return Some(fault.mend());
        }
        // An I/O error tells what it holds as its own words, not as its source.
        let held = error.downcast_ref().and_then(io::Error::get_ref);
        cause = match held {
            Some(held) => Some(held),
            None => error.source(),
        };
    }
    None
}

/// Whether a file can't be written since there is no room for it.
#[cfg(any(feature = "cli", feature = "local"))]
pub(crate) fn is_out_of_space(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge
    )
}

/// The path as a word of a shell's.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+,:@%".contains(c);
    if text.chars().all(is_plain) {
        text
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}
