use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Read as _};
use std::path::Path;

use zeroize::Zeroizing;

use super::fault::{FileFault, mend};
use super::rule::{Facts, Privacy, User, open, what};

/// Reads a file that the user named by a flag or a variable: at most `most` bytes.
///
/// Links are followed. Fails where it isn't a regular file, belongs to another user than this one or root, or can be
/// written by others. That others can read a private one is a warning.
pub(crate) fn read_named(path: &Path, most: u64, privacy: Privacy) -> io::Result<Zeroizing<Vec<u8>>> {
    let file = open(OpenOptions::new().read(true), path, true)?;
    read_opened(&file, path, most, privacy)
}

/// Opens a file that the user named to change it, as [`read_opened`] then reads it.
#[cfg(feature = "http")]
pub(crate) fn open_named(path: &Path) -> io::Result<File> {
    let file = open(OpenOptions::new().read(true).write(true), path, true)?;
    check_regular(&file.metadata()?, path)?;
    Ok(file)
}

/// Judges a file that a variable names and a library reads to its end, before it does: a regular one of at most `most` bytes, or
/// `/dev/null`. What isn't there, and what the shell handed over, is the library's to read.
pub(crate) fn check_named(path: &Path, most: u64) -> io::Result<()> {
    let Ok(metadata) = fs::metadata(path) else {
        return Ok(());
    };
    let is_null = || fs::canonicalize(path).is_ok_and(|path| path == Path::new("/dev/null"));
    if is_handed_over(path) || !metadata.is_file() && is_null() {
        return Ok(());
    }
    check_regular(&metadata, path)?;
    if metadata.len() > most {
        return Err(FileFault::TooLarge {
            path: path.into(),
            most,
        }
        .into());
    }
    Ok(())
}

/// Whether the name is that of an open file of this process: stdin, or what a shell passes for `<(command)`.
pub(crate) fn is_handed_over(file: &Path) -> bool {
    let folders = ["/dev/fd", "/proc/self/fd"];
    file == Path::new("/dev/stdin")
        || folders
            .iter()
            .any(|folder| file.parent() == Some(Path::new(folder)))
}

/// Opens a file that the user named to add to it, and creates it for the user alone where it isn't there.
///
/// Links are followed. Fails where it isn't a regular file. That it belongs to another user or that others can write it is a
/// warning: a CI job in a container is given such files by the runner outside.
#[cfg(feature = "cli")]
pub(crate) fn append_named(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).append(true);
    // Where it is there it isn't created: in a sticky folder a system may refuse that for files of others.
    let file = match open(&mut options, path, true) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            open(options.create(true), path, true)?
        }
        opened => opened?,
    };
    let metadata = file.metadata()?;
    check_regular(&metadata, path)?;
    if let Err(fault) = User::now().check_file(Facts::of(&metadata), Privacy::Public, path) {
        let hint = mend(&fault);
        tracing::warn!(hint, "{fault}");
    }
    Ok(file)
}

/// The same as [`read_named`] of a file that was opened already.
pub(crate) fn read_opened(
    file: &File,
    path: &Path,
    most: u64,
    privacy: Privacy,
) -> io::Result<Zeroizing<Vec<u8>>> {
    let metadata = file.metadata()?;
    check_regular(&metadata, path)?;
    match User::now().check_file(Facts::of(&metadata), privacy, path) {
        Err(fault @ FileFault::Readable { .. }) => {
            let hint = mend(&fault);
            tracing::warn!(hint, "{fault}");
        }
        judged => judged?,
    }
    take(file, &metadata, path, most)
}

/// Opens a file that was found, and gives what it holds and why it isn't to be trusted, if so. Whether the folders above
/// are closed is for the caller to see to.
pub(super) fn read_found(
    path: &Path,
    most: u64,
    privacy: Privacy,
) -> io::Result<(Zeroizing<Vec<u8>>, Option<FileFault>)> {
    let file = open(OpenOptions::new().read(true), path, false).map_err(|error| {
        // What a system says of a link that it was not to follow differs; that it is one doesn't.
        match fs::symlink_metadata(path) {
            Ok(found) if found.is_symlink() => FileFault::Link(path.into()).into(),
            _ => error,
        }
    })?;
    let metadata = file.metadata()?;
    check_regular(&metadata, path)?;
    let fault = User::now().check_file(Facts::of(&metadata), privacy, path).err();
    Ok((take(&file, &metadata, path, most)?, fault))
}

/// Fails where it isn't a regular file.
pub(super) fn check_regular(metadata: &Metadata, path: &Path) -> io::Result<()> {
    if metadata.is_file() {
        return Ok(());
    }
    if metadata.is_dir() {
        return Err(ErrorKind::IsADirectory.into());
    }
    Err(FileFault::Special {
        path: path.into(),
        what: what(metadata),
    }
    .into())
}

fn take(file: &File, metadata: &Metadata, path: &Path, most: u64) -> io::Result<Zeroizing<Vec<u8>>> {
    let too_large = || FileFault::TooLarge {
        path: path.into(),
        most,
    };
    if metadata.len() > most {
        return Err(too_large().into());
    }
    // With room for all of it: what a vector leaves behind when it grows isn't wiped.
    let room = usize::try_from(metadata.len()).unwrap_or_default() + 1;
    let mut bytes = Zeroizing::new(Vec::with_capacity(room));
    file.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(too_large().into());
    }
    Ok(bytes)
}
