//! Small files that spare requests: who the caller is, and the credentials of assumed roles.
//!
//! Losing one costs a request, so a file that can't be read or written is no error.

use std::io;
#[cfg(feature = "cli")]
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use etcetera::BaseStrategy as _;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::files::{Durability, Folder, Privacy, mend};

/// The most bytes of a file.
const MAX_BYTES: u64 = 64 * 1024;

/// The folder of the files: `discfg` in the XDG cache folder. None on a machine without a home.
#[derive(Debug, Clone)]
pub(super) struct Cache {
    folder: Option<Folder>,
    /// Whether it was said that the files can't be trusted.
    has_warned: Arc<AtomicBool>,
}

impl Cache {
    pub(super) fn open() -> Self {
        Self {
            folder: own_folder(),
            has_warned: Arc::default(),
        }
    }

    pub(super) fn read<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        let bytes = self.folder.as_ref()?.read(name, MAX_BYTES, Privacy::Private);
        let bytes = bytes.map_err(|error| self.warn(&error)).ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    pub(super) fn write<T: Serialize>(&self, name: &str, content: &T) {
        let Some(folder) = &self.folder else { return };
        let written = serde_json::to_vec(content)
            .map_err(io::Error::other)
            .and_then(|bytes| {
                folder.replace(name, &Zeroizing::new(bytes), Privacy::Private, Durability::Lossy)
            });
        if let Err(error) = written {
            self.warn(&error);
        }
    }

    pub(super) fn remove(&self, name: &str) {
        if let Some(folder) = &self.folder {
            drop(std::fs::remove_file(folder.path().join(name)));
        }
    }

    /// Says once what another user may have done. That a file isn't there, or can't be written, costs a request alone.
    fn warn(&self, error: &io::Error) {
        match mend(error) {
            Some(hint) if !self.has_warned.swap(true, Ordering::Relaxed) => {
                tracing::warn!(hint, "ignoring cached credentials: {error}");
            }
            Some(_) => {}
            None => tracing::debug!(%error, "no cached file"),
        }
    }
}

/// Where the files are.
#[cfg(feature = "cli")]
pub(crate) fn folder() -> Option<PathBuf> {
    own_folder().map(|folder| folder.path().to_owned())
}

fn own_folder() -> Option<Folder> {
    let base = etcetera::choose_base_strategy().ok()?;
    Some(Folder::below(base.cache_dir(), "discfg"))
}

/// A name for a cached file that no other set of parts has.
pub(super) fn fingerprint(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hex::encode(hash.finalize())
}
