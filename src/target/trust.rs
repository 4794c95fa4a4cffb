use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy as _;
use sha2::{Digest as _, Sha256};

/// Remembers which `.discfg` files the user wrote on this machine, by path and content.
#[derive(Debug, Clone)]
pub struct Trust(Option<PathBuf>);

impl Trust {
    /// What this user trusts: kept in the XDG state folder. On a machine without a home nothing is trusted.
    pub fn of_user() -> Self {
        let base = etcetera::choose_base_strategy().ok();
        Self(base.map(|base| {
            base.state_dir()
                .unwrap_or_else(|| base.data_dir())
                .join("discfg")
                .join("trusted")
        }))
    }

    /// What is remembered in that folder.
    pub fn at(folder: PathBuf) -> Self {
        Self(Some(folder))
    }

    /// Whether the file is as it was when it was remembered.
    pub fn holds(&self, path: &Path) -> bool {
        let Some((mark, content)) = self.mark(path) else {
            return false;
        };
        fs::read_to_string(mark).is_ok_and(|known| known == content)
    }

    /// Remembers the file as it is now.
    pub fn remember(&self, path: &Path) -> io::Result<()> {
        let (mark, content) = self
            .mark(path)
            .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "no home folder"))?;
        if let Some(folder) = mark.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(mark, content)
    }

    /// The file that remembers `path`, and what it holds if `path` is trusted as it is now.
    fn mark(&self, path: &Path) -> Option<(PathBuf, String)> {
        let folder = self.0.as_ref()?;
        let path = fs::canonicalize(path).ok()?;
        let content = fs::read(&path).ok()?;
        Some((
            folder.join(hex(path.as_os_str().as_encoded_bytes())),
            hex(&content),
        ))
    }
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}
