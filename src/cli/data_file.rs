//! Reading what `-d` names.

use std::fs::{File, Metadata};
use std::io::{self, IsTerminal as _, Read as _};
use std::os::fd::AsFd as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use super::failure::Failure;
use crate::model::{ErrorKind, Grouped};

/// Where reading stops, unless more is allowed: far over most limits, so that the size of most that is over them can
/// be told.
const MOST_READ: usize = 16 * 1024 * 1024;

/// Reads a file, or stdin for `-`: at most `limit` bytes. `what` says in words what the file holds.
pub(super) fn read(path: &Path, what: &str, limit: usize) -> Result<Vec<u8>, Failure> {
    let unreadable = |error: io::Error| {
        Failure::caused(
            ErrorKind::Invalid,
            format!("cannot read {}", path.display()),
            &error,
        )
    };
    let file = if path.as_os_str() == "-" {
        let stdin = io::stdin();
        let file = stdin
            .as_fd()
            .try_clone_to_owned()
            .map(File::from)
            .map_err(unreadable)?;
        if !stdin.is_terminal() && is_closed(&file) {
            return Err(Failure::new(
                ErrorKind::Invalid,
                "stdin is closed or /dev/null: nothing to read",
            )
            .hint("give the empty value as '' or with -d /dev/null"));
        }
        file
    } else {
        File::open(path).map_err(unreadable)?
    };
    let most = MOST_READ.max(limit + 1);
    let mut bytes = Vec::new();
    (&file)
        .take(most as u64)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() > limit {
        let whole = file.metadata().ok().filter(Metadata::is_file);
        let size = match whole {
            Some(file) => Grouped(usize::try_from(file.len()).unwrap_or(usize::MAX)).to_string(),
            None if bytes.len() == most => format!("at least {}", Grouped(most)),
            None => Grouped(bytes.len()).to_string(),
        };
        let message = format!("{what} too large: {size} bytes; the limit is {}", Grouped(limit));
        return Err(Failure::new(ErrorKind::Invalid, message));
    }
    Ok(bytes)
}

/// Whether stdin was closed when the process began: then Rust has put `/dev/null` in its place.
fn is_closed(stdin: &File) -> bool {
    let null = std::fs::metadata("/dev/null").map(|null| null.rdev());
    match (stdin.metadata(), null) {
        (Ok(stdin), Ok(null)) => stdin.rdev() == null,
        (Err(_), _) => true,
        (_, Err(_)) => false,
    }
}
