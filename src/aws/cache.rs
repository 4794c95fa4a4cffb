//! Small files that spare requests: who the caller is, and the credentials of assumed roles.
//!
//! Losing one costs a request, so a file that can't be read or written is no error.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy as _;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

/// The folder of the files: `discfg` in the XDG cache folder. None on a machine without a home.
#[derive(Debug, Clone)]
pub(super) struct Cache(Option<PathBuf>);

impl Cache {
    pub(super) fn open() -> Self {
        Self(folder())
    }

    pub(super) fn read<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        let bytes = fs::read(self.0.as_ref()?.join(name)).ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    pub(super) fn write<T: Serialize>(&self, name: &str, content: &T) {
        if let Some(folder) = &self.0
            && let Err(error) = write(folder, name, content)
        {
            tracing::debug!(%error, "the cache can't be written");
        }
    }

    pub(super) fn remove(&self, name: &str) {
        if let Some(folder) = &self.0 {
            drop(fs::remove_file(folder.join(name)));
        }
    }
}

/// Where the files are.
pub(crate) fn folder() -> Option<PathBuf> {
    let base = etcetera::choose_base_strategy().ok()?;
    Some(base.cache_dir().join("discfg"))
}

fn write<T: Serialize>(folder: &Path, name: &str, content: &T) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)?;
    // A temporary file is made with mode 0600, and renaming it shows readers the old or the new, never half.
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(&serde_json::to_vec(content)?)?;
    file.persist(folder.join(name))?;
    Ok(())
}

/// A name for a cached file that no other set of parts has.
pub(super) fn fingerprint(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize()
        .iter()
        .fold(String::with_capacity(64), |mut text, byte| {
            // Writing to a String can't fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}
