//! The key file of the embedded engine: 32 random bytes, for their owner alone, next to the data. It keeps secrets from
//! those who get a copy of the data, and from nobody who can read the owner's files.

use std::ffi::OsStr;
use std::fs;
use std::io::ErrorKind;
use std::mem;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aes_gcm::Aes256Gcm;
use aes_gcm::aead::{Aead as _, Generate as _, KeyInit as _, Nonce, Payload};
use async_trait::async_trait;

use super::data_file::DataFile;
use super::file_error::of_io;
use super::read;
use crate::files::{Folder, Privacy};
use crate::model::Key;
use crate::store::{DataKey, DataKeys, Result, StoreError};

/// What a wrapped data key is bound to in addition to the config, so that a wrapped key is taken for nothing else.
const PURPOSE: &[u8] = b"discfg data key 1\0";
/// The most bytes of the file, which has 32.
const MAX_BYTES: u64 = 1024;
/// The bytes of a nonce.
const NONCE: usize = 12;

/// The key file of a config.
pub(super) struct KeyFile {
    path: PathBuf,
    folder: Folder,
    config: String,
    data: Arc<DataFile>,
    writable: bool,
}

/// Where the key file of a config's data is, or would be.
pub(super) fn path_beside(data: &Path) -> PathBuf {
    data.with_extension("key")
}

/// Fails if the file exists and is not a key file.
pub(super) fn check_owner(path: &Path) -> Result<()> {
    match fs::metadata(path) {
        Ok(file) if file.is_file() && file.len() == DataKey::BYTES as u64 => Ok(()),
        Ok(_) => Err(invalid(path)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(of_io(path, error)),
    }
}

fn invalid(path: &Path) -> StoreError {
    StoreError::Corrupt {
        section: None,
        what: format!(
            "invalid key file {}: expected {} bytes",
            path.display(),
            DataKey::BYTES
        ),
        source: None,
    }
}

impl KeyFile {
    /// The file next to the config's data, which is at `path`. Nothing is opened before a secret is met.
    pub(super) fn beside(path: &Path, data: Arc<DataFile>, writable: bool) -> Self {
        Self {
            path: path_beside(path),
            folder: Folder::named(path.parent().unwrap_or(path)),
            config: path
                .file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned(),
            data,
            writable,
        }
    }

    fn unusable(&self, error: std::io::Error) -> StoreError {
        of_io(&self.path, error)
    }

    fn read(&self) -> Result<Option<DataKey>> {
        match self.folder.read(self.name(), MAX_BYTES, Privacy::Private) {
            Ok(mut bytes) => DataKey::new(mem::take(&mut *bytes))
                .map(Some)
                .ok_or_else(|| invalid(&self.path)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.unusable(error)),
        }
    }

    /// The file, which is created if the config never had one. One that was lost is not: what it encrypted would be
    /// lost with it for good, once another is in its place.
    fn read_or_create(&self) -> Result<DataKey> {
        if let Some(key) = self.read()? {
            return Ok(key);
        }
        let now = self.data.now();
        if !self
            .data
            .read(|connection| read::holds_secrets(connection, now))?
        {
            return self.create();
        }
        // Another process may have created the file and its first secret since the look above.
        self.read()?.ok_or_else(|| self.absent())
    }

    /// Makes the file where no other process was faster, whole or not at all.
    fn create(&self) -> Result<DataKey> {
        let key = DataKey::random();
        // The data that needs it is synced, too: its name must not be what a power cut takes.
        self.folder
            .create(self.name(), key.bytes())
            .map_err(|error| self.unusable(error))?;
        self.read()?.ok_or_else(|| self.absent())
    }

    fn name(&self) -> &OsStr {
        self.path.file_name().unwrap_or_default()
    }

    fn absent(&self) -> StoreError {
        StoreError::NoKeyFile(self.path.clone())
    }

    fn bound(&self) -> Vec<u8> {
        [PURPOSE, self.config.as_bytes()].concat()
    }

    fn unsound(&self, subject: &Key) -> StoreError {
        StoreError::Corrupt {
            section: None,
            what: format!(
                "cannot decrypt the data key of secret {subject} with {}: it was altered, or encrypted with another key",
                self.path.display()
            ),
            source: None,
        }
    }
}

#[async_trait]
impl DataKeys for KeyFile {
    fn config(&self) -> &str {
        &self.config
    }

    async fn generate(&self, subject: &Key) -> Result<(DataKey, Vec<u8>)> {
        if !self.writable {
            return Err(StoreError::ReadOnly);
        }
        let key = self.read_or_create()?;
        let data_key = DataKey::random();
        let nonce = Nonce::<Aes256Gcm>::generate();
        let payload = Payload {
            msg: data_key.bytes(),
            aad: &self.bound(),
        };
        let sealed = Aes256Gcm::new(key.bytes().into()).encrypt(&nonce, payload);
        let sealed = sealed.map_err(|_| self.unsound(subject))?;
        Ok((data_key, [&nonce[..], &sealed].concat()))
    }

    async fn unwrap(&self, wrapped: &[u8], subject: &Key) -> Result<DataKey> {
        let key = self.read()?.ok_or_else(|| self.absent())?;
        let (nonce, sealed) = wrapped
            .split_first_chunk::<NONCE>()
            .ok_or_else(|| self.unsound(subject))?;
        let payload = Payload {
            msg: sealed,
            aad: &self.bound(),
        };
        let bytes = Aes256Gcm::new(key.bytes().into()).decrypt(nonce.into(), payload);
        bytes
            .ok()
            .and_then(DataKey::new)
            .ok_or_else(|| self.unsound(subject))
    }
}
