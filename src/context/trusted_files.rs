use std::fs;
use std::io;
use std::path::PathBuf;

use etcetera::BaseStrategy as _;
use sha2::{Digest as _, Sha256};

use super::error::TargetError;
use super::target_file::{FoundTargetFile, TargetFile};
use crate::files::{Durability, Folder, Privacy, mend};

/// Remembers which `.discfg` files the user wrote on this machine, by path and content.
#[derive(Debug, Clone)]
pub struct TrustedFiles(Option<Folder>);

/// The most bytes of a mark, which has 64.
const MARK_BYTES: u64 = 1024;

impl TrustedFiles {
    /// What this user trusts: kept in the XDG state folder. On a machine without a home nothing is trusted.
    pub fn of_user() -> Self {
        let base = etcetera::choose_base_strategy().ok();
        Self(base.map(|base| {
            let named = base.state_dir().unwrap_or_else(|| base.data_dir());
            Folder::below(named, "discfg/trusted")
        }))
    }

    /// What is remembered in that folder.
    pub fn at(folder: PathBuf) -> Self {
        Self(Some(Folder::below(folder, "")))
    }

    /// Whether the file, as it was read, is as it was when it was remembered. A mark that another user could have
    /// written is none.
    pub fn holds(&self, file: &FoundTargetFile) -> bool {
        let Some((folder, name)) = self.mark(file) else {
            return false;
        };
        match folder.read(&name, MARK_BYTES, Privacy::Public) {
            Ok(known) => *known == fingerprint(file.bytes()).into_bytes(),
            Err(error) => {
                if error.kind() != io::ErrorKind::NotFound {
                    tracing::warn!(
                        hint = mend(&error),
                        "cannot read the list of trusted files: {error}"
                    );
                }
                false
            }
        }
    }

    /// What the file says. Fails where another user could have written it, unless it is trusted as it is.
    pub(super) fn content_of(&self, file: &FoundTargetFile) -> Result<TargetFile, TargetError> {
        if let Some(fault) = file.fault()
            && !self.holds(file)
        {
            return Err(TargetError::Foreign {
                path: file.path().to_owned(),
                source: fault.clone().into(),
            });
        }
        file.content_unjudged()
    }

    /// Remembers the file as it was read.
    pub fn remember(&self, file: &FoundTargetFile) -> io::Result<()> {
        let (folder, name) = self
            .mark(file)
            .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "no home folder"))?;
        folder.replace(
            &name,
            fingerprint(file.bytes()).as_bytes(),
            Privacy::Private,
            Durability::Lossy,
        )
    }

    /// The folder and the name of the file that remembers this one.
    fn mark(&self, file: &FoundTargetFile) -> Option<(&Folder, String)> {
        let (above, name) = (file.path().parent()?, file.path().file_name()?);
        let path = fs::canonicalize(above).ok()?.join(name);
        Some((self.0.as_ref()?, fingerprint(path.as_os_str().as_encoded_bytes())))
    }
}

fn fingerprint(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}
