use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::fault::FileFault;
#[cfg(feature = "local")]
use super::read::check_regular;
use super::read::read_found;
#[cfg(feature = "local")]
use super::replace::create;
use super::replace::{Durability, create_folder, replace};
use super::rule::{Facts, Privacy, User};

/// A folder in which discfg finds files by itself.
///
/// It is judged with those above it: up to the home folder where it is below that, else up to the one that the user
/// named, which with `None` is the root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Folder {
    path: PathBuf,
    named: Option<PathBuf>,
}

/// What a file holds, and why it isn't to be trusted, if so.
pub(crate) struct FoundFile {
    pub(crate) bytes: Zeroizing<Vec<u8>>,
    pub(crate) fault: Option<FileFault>,
}

impl Folder {
    /// The folder `discfg`, or one below it, in one that the user or the system's convention named.
    pub(crate) fn below(named: PathBuf, inside: &str) -> Self {
        Self {
            path: named.join(inside),
            named: Some(named),
        }
    }

    /// A folder that the user named.
    #[cfg(feature = "local")]
    pub(crate) fn named(path: &Path) -> Self {
        // The parent of a bare name is empty.
        let path = if path.as_os_str().is_empty() {
            Path::new(".")
        } else {
            path
        };
        Self {
            path: path.into(),
            named: Some(path.into()),
        }
    }

    /// A folder that was come to from the one that the user works in.
    pub(crate) fn come_to(path: &Path) -> Self {
        Self {
            path: path.into(),
            named: None,
        }
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Reads one of its files: at most `most` bytes. What can't be trusted is an error.
    pub(crate) fn read(
        &self,
        name: impl AsRef<Path>,
        most: u64,
        privacy: Privacy,
    ) -> io::Result<Zeroizing<Vec<u8>>> {
        let found = self.find(name, most, privacy)?;
        match found.fault {
            Some(fault) => Err(fault.into()),
            None => Ok(found.bytes),
        }
    }

    /// Reads one of its files, for a caller who may trust it for another reason. A link, what isn't a regular file and
    /// what is too large are errors.
    pub(crate) fn find(&self, name: impl AsRef<Path>, most: u64, privacy: Privacy) -> io::Result<FoundFile> {
        let (bytes, fault) = read_found(&self.path.join(name), most, privacy)?;
        let fault = match fault {
            Some(fault) => Some(fault),
            None => self.fault()?,
        };
        Ok(FoundFile { bytes, fault })
    }

    /// Puts a whole file in the place of another, and makes the folder first where it isn't there.
    pub(crate) fn replace(
        &self,
        name: impl AsRef<Path>,
        bytes: &[u8],
        privacy: Privacy,
        durability: Durability,
    ) -> io::Result<()> {
        self.make()?;
        replace(&self.path.join(name), bytes, privacy, durability)
    }

    /// Makes a private file with that content where there is none, and leaves one that is there as it is.
    #[cfg(feature = "local")]
    pub(crate) fn create(&self, name: impl AsRef<Path>, bytes: &[u8]) -> io::Result<()> {
        self.make()?;
        create(&self.path.join(name), bytes)
    }

    /// Makes the folder, for the user alone, where it isn't there, and judges it.
    pub(crate) fn make(&self) -> io::Result<()> {
        create_folder(&self.path)?;
        self.check()
    }

    /// Fails where others could put a file of theirs into it.
    pub(crate) fn check(&self) -> io::Result<()> {
        match self.fault()? {
            Some(fault) => Err(fault.into()),
            None => Ok(()),
        }
    }

    /// Judges a file that something else opens by its name, without opening it. That holds as long as the folder does:
    /// see [`Self::check`].
    #[cfg(feature = "local")]
    pub(crate) fn check_file(&self, name: impl AsRef<Path>, privacy: Privacy) -> io::Result<()> {
        let path = self.path.join(name);
        let metadata = fs::symlink_metadata(&path)?;
        if metadata.is_symlink() {
            return Err(FileFault::Link(path).into());
        }
        check_regular(&metadata, &path)?;
        Ok(User::now().check_file(Facts::of(&metadata), privacy, &path)?)
    }

    /// What is wrong with the folder or one above it.
    fn fault(&self) -> io::Result<Option<FileFault>> {
        let home = etcetera::home_dir().ok();
        let home = home.filter(|home| self.path.starts_with(home));
        let last = home.as_deref().or(self.named.as_deref());
        let (fault, has_links) = first_fault(&self.path, last)?;
        if fault.is_some() || !has_links {
            return Ok(fault);
        }
        let last = last.map(fs::canonicalize).transpose()?;
        Ok(first_fault(&fs::canonicalize(&self.path)?, last.as_deref())?.0)
    }
}

/// What is wrong with a folder or one above it up to `last`, and whether a link is among them. The owner of a link says
/// where it leads.
fn first_fault(folder: &Path, last: Option<&Path>) -> io::Result<(Option<FileFault>, bool)> {
    let user = User::now();
    let mut has_links = false;
    // Above the first of a relative path is an empty one.
    for path in folder.ancestors().take_while(|path| !path.as_os_str().is_empty()) {
        let metadata = fs::symlink_metadata(path)?;
        let facts = Facts::of(&metadata);
        let judged = if metadata.is_symlink() {
            has_links = true;
            user.check_owner(facts, path)
        } else {
            user.check_folder(facts, path)
        };
        if let Err(fault) = judged {
            return Ok((Some(fault), has_links));
        }
        if last == Some(path) {
            break;
        }
    }
    Ok((None, has_links))
}
