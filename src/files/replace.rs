//! The one way in which files are written: a temporary file next to the old one takes its name, whole or not at all. What
//! the name led to, if it was a link, stays as it is.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

use tempfile::NamedTempFile;

use super::rule::Privacy;

/// Whether a file must outlive a power cut once it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Durability {
    /// It may be lost: it is written again.
    Lossy,
    /// It must.
    Synced,
}

/// Puts a whole file in the place of the one of that name, which needn't be there. A link is replaced, not followed.
pub(crate) fn replace(path: &Path, bytes: &[u8], privacy: Privacy, durability: Durability) -> io::Result<()> {
    let folder = folder_of(path);
    let file = written(folder, bytes, privacy, durability)?;
    file.persist(path).map_err(|error| error.error)?;
    sync(folder, durability)
}

/// The same of a private file that the user named: a link stays one, and what it leads to is replaced.
#[cfg(feature = "http")]
pub(crate) fn replace_named(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let real = fs::canonicalize(path)?;
    replace(&real, bytes, Privacy::Private, Durability::Synced)
}

/// Makes a private file that holds nothing where there is none of that name. Where a link is in its place that leads
/// nowhere, it fails.
#[cfg(feature = "http")]
pub(crate) fn create_empty(path: &Path) -> io::Result<()> {
    let file = tempfile::Builder::new().tempfile_in(folder_of(path))?;
    match file.persist_noclobber(path) {
        // Another process may have been faster.
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists && path.exists() => Ok(()),
        Err(error) => Err(error.error),
        Ok(_) => Ok(()),
    }
}

/// Makes a private file where there is none of that name, and leaves one that is there as it is.
#[cfg(feature = "local")]
pub(super) fn create(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = folder_of(path);
    let file = written(folder, bytes, Privacy::Private, Durability::Synced)?;
    match file.persist_noclobber(path) {
        Err(error) if error.error.kind() != io::ErrorKind::AlreadyExists => Err(error.error),
        _ => sync(folder, Durability::Synced),
    }
}

/// Makes a folder and those above it, where they aren't there, for the user alone.
pub(super) fn create_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

fn folder_of(path: &Path) -> &Path {
    // A bare name has an empty parent.
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    parent.unwrap_or(Path::new("."))
}

fn written(
    folder: &Path,
    bytes: &[u8],
    privacy: Privacy,
    durability: Durability,
) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    if privacy == Privacy::Public {
        use std::os::unix::fs::PermissionsExt as _;
        // What the umask leaves of it: others can't write it whatever that is.
        builder.permissions(fs::Permissions::from_mode(0o644));
    }
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(bytes)?;
    if durability == Durability::Synced {
        file.as_file().sync_all()?;
    }
    Ok(file)
}

/// Makes the new name outlive a power cut, too.
fn sync(folder: &Path, durability: Durability) -> io::Result<()> {
    match durability {
        Durability::Lossy => Ok(()),
        Durability::Synced => File::open(folder)?.sync_all(),
    }
}
