//! Who may own a file, and who else may read or write it.

use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::path::Path;

use super::FileFault;

/// Whether others than its owner may read a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Privacy {
    /// They may.
    Public,
    /// They may not: it holds secrets.
    Private,
}

/// Who uses the files, and by whom they may be owned and written.
#[derive(Debug, Clone, Copy)]
pub(super) struct User {
    pub(super) id: u32,
    /// The group that is the user's alone: useradd gives such a group the user's own number.
    pub(super) group: Option<u32>,
}

/// What the rule looks at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Facts {
    pub(super) owner: u32,
    pub(super) group: u32,
    /// The permission bits.
    pub(super) mode: u32,
}

const ROOT: u32 = 0;
const STICKY: u32 = 0o1000;

impl User {
    /// Judges a regular file.
    pub(super) fn check_file(self, facts: Facts, privacy: Privacy, path: &Path) -> Result<(), FileFault> {
        self.check_owner(facts, path)?;
        if self.others(facts) & 0o022 != 0 {
            return Err(FileFault::Writable {
                path: path.into(),
                mode: facts.mode,
            });
        }
        // A private file is for its owner alone, whatever the group.
        if privacy == Privacy::Private && facts.mode & 0o077 != 0 {
            return Err(FileFault::Readable {
                path: path.into(),
                mode: facts.mode,
            });
        }
        Ok(())
    }

    /// Judges a folder above a file. Where it is sticky, others can't replace what isn't theirs.
    pub(super) fn check_folder(self, facts: Facts, path: &Path) -> Result<(), FileFault> {
        self.check_owner(facts, path)?;
        if self.others(facts) & 0o022 != 0 && facts.mode & STICKY == 0 {
            return Err(FileFault::Writable {
                path: path.into(),
                mode: facts.mode,
            });
        }
        Ok(())
    }

    pub(super) fn check_owner(self, facts: Facts, path: &Path) -> Result<(), FileFault> {
        if facts.owner == self.id || facts.owner == ROOT {
            return Ok(());
        }
        Err(FileFault::Owner {
            path: path.into(),
            owner: facts.owner,
            you: self.id,
        })
    }

    /// The permission bits that others have.
    fn others(self, facts: Facts) -> u32 {
        if self.group == Some(facts.group) {
            facts.mode & 0o007
        } else {
            facts.mode & 0o077
        }
    }
}

#[cfg(unix)]
mod system {
    use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _};

    use rustix::fs::OFlags;
    use rustix::process::{getegid, geteuid};

    use super::{Facts, File, Metadata, OpenOptions, Path, User, io};

    impl User {
        /// The user as whom the process acts.
        pub(in crate::files) fn now() -> Self {
            let (id, group) = (geteuid().as_raw(), getegid().as_raw());
            Self {
                id,
                group: Some(group).filter(|group| *group == id),
            }
        }
    }

    impl Facts {
        pub(in crate::files) fn of(metadata: &Metadata) -> Self {
            Self {
                owner: metadata.uid(),
                group: metadata.gid(),
                mode: metadata.mode() & 0o7777,
            }
        }
    }

    /// Opens without waiting for the other end of a pipe, and without making a terminal the process's own.
    pub(in crate::files) fn open(
        options: &mut OpenOptions,
        path: &Path,
        follows_links: bool,
    ) -> io::Result<File> {
        let mut flags = OFlags::NONBLOCK | OFlags::NOCTTY;
        if !follows_links {
            flags |= OFlags::NOFOLLOW;
        }
        // The bits are those of the C library's `int`.
        options.custom_flags(flags.bits().cast_signed()).open(path)
    }

    pub(in crate::files) fn what(metadata: &Metadata) -> &'static str {
        let kind = metadata.file_type();
        if kind.is_fifo() {
            "named pipe"
        } else if kind.is_socket() {
            "socket"
        } else {
            "device"
        }
    }
}

/// Other systems have owners and permissions of another kind: there it is judged whether a file is regular.
#[cfg(not(unix))]
mod system {
    use super::{Facts, File, Metadata, OpenOptions, Path, ROOT, User, io};

    impl User {
        pub(in crate::files) fn now() -> Self {
            Self {
                id: ROOT,
                group: None,
            }
        }
    }

    impl Facts {
        pub(in crate::files) fn of(_: &Metadata) -> Self {
            Self {
                owner: ROOT,
                group: ROOT,
                mode: 0,
            }
        }
    }

    pub(in crate::files) fn open(options: &mut OpenOptions, path: &Path, _: bool) -> io::Result<File> {
        options.open(path)
    }

    pub(in crate::files) fn what(_: &Metadata) -> &'static str {
        "device"
    }
}

pub(super) use system::{open, what};
