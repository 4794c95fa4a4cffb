//! The roots of trust that variables name: `AWS_CA_BUNDLE`, which replaces all others, and `SSL_CERT_FILE` and
//! `SSL_CERT_DIR`, which replace the system's. They are read here since the TLS library reads whatever these variables
//! name, without an end.

use std::collections::BTreeSet;
use std::env;
use std::error::Error;
use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use crate::files::{self, Privacy};

/// The most bytes that are read, of a folder all together.
const MAX_BYTES: u64 = 16 * 1024 * 1024;
/// The most files of a folder that are looked at.
const MAX_FILES: usize = 10_000;

const BUNDLE: &str = "AWS_CA_BUNDLE";
const FILE: &str = "SSL_CERT_FILE";
const FOLDERS: &str = "SSL_CERT_DIR";

/// Why the roots that a variable names can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct RootsFault(String);

impl RootsFault {
    #[cfg(test)]
    pub(crate) fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// The fault that is behind an error, if there is one.
    pub(super) fn of(error: &(dyn Error + 'static)) -> Option<Self> {
        let mut cause = Some(error);
        while let Some(error) = cause {
            if let Some(fault) = error.downcast_ref::<Self>() {
                return Some(fault.clone());
            }
            cause = error.source();
        }
        None
    }
}

/// Whether a bundle replaces all roots, Amazon's own too.
pub(super) fn has_bundle() -> bool {
    variable(BUNDLE).is_some()
}

/// The certificates that variables name and that can be roots, as PEM; none where no variable names any. The SDK's
/// client would panic at one that can't, and a bundle that was made from a system's list may well hold such a one.
pub(super) fn named() -> Result<Option<Vec<u8>>, RootsFault> {
    let mut roots = Roots::default();
    if let Some(bundle) = variable(BUNDLE) {
        roots.add_file(BUNDLE, Path::new(&bundle))?;
        return roots.pem(&format!("{BUNDLE} {}", bundle.display())).map(Some);
    }
    let (file, folders) = (variable(FILE), variable(FOLDERS));
    let folders = folders.as_deref().map(folders_of).unwrap_or_default();
    if file.is_none() && folders.is_empty() {
        return Ok(None);
    }
    let mut names = Vec::new();
    if let Some(file) = file {
        roots.add_file(FILE, Path::new(&file))?;
        names.push(format!("{FILE} {}", file.display()));
    }
    for folder in folders {
        roots.add_folder(&folder);
        names.push(format!("{FOLDERS} {}", folder.display()));
    }
    roots.pem(&names.join(", ")).map(Some)
}

fn variable(name: &str) -> Option<OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}

fn folders_of(list: &OsStr) -> Vec<PathBuf> {
    let folders = env::split_paths(list);
    folders.filter(|folder| !folder.as_os_str().is_empty()).collect()
}

#[derive(Default)]
struct Roots {
    pem: String,
    /// How many bytes were read.
    read: u64,
}

impl Roots {
    fn add_file(&mut self, variable: &str, path: &Path) -> Result<(), RootsFault> {
        let bytes = self.read(path).map_err(|error| {
            let mend = files::mend(&error).map_or_else(String::new, |mend| format!(": {mend}"));
            RootsFault(format!(
                "cannot read {variable} {}: {error}{mend}",
                path.display()
            ))
        })?;
        self.add(&bytes)
            .map_err(|_| RootsFault(format!("{variable} {} is not valid PEM", path.display())))
    }

    /// Adds what the folder holds that can be used: such folders hold links, some of them to nothing, and other files.
    fn add_folder(&mut self, folder: &Path) {
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => {
                tracing::warn!(%error, "cannot read {FOLDERS} {}", folder.display());
                return;
            }
        };
        // Each certificate has two names there.
        let files: BTreeSet<PathBuf> = entries
            .take(MAX_FILES)
            .filter_map(|entry| fs::canonicalize(entry.ok()?.path()).ok())
            .filter(|path| path.is_file())
            .collect();
        for path in files {
            match self.read(&path) {
                Ok(bytes) => {
                    // What is no PEM is another file.
                    let _ = self.add(&bytes);
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot read {} in {FOLDERS} {}", path.display(), folder.display());
                }
            }
        }
    }

    fn read(&mut self, path: &Path) -> io::Result<Vec<u8>> {
        let bytes = files::read_named(path, MAX_BYTES - self.read, Privacy::Public)?;
        self.read += bytes.len() as u64;
        Ok(bytes.to_vec())
    }

    fn add(&mut self, bundle: &[u8]) -> Result<(), rustls::pki_types::pem::Error> {
        for certificate in CertificateDer::pem_slice_iter(bundle) {
            let certificate = certificate?;
            let body = BASE64_STANDARD.encode(&certificate);
            if RootCertStore::empty().add(certificate).is_ok() {
                // Writing to a String can't fail.
                let _ = write!(
                    self.pem,
                    "-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n"
                );
            }
        }
        Ok(())
    }

    fn pem(self, names: &str) -> Result<Vec<u8>, RootsFault> {
        if self.pem.is_empty() {
            return Err(RootsFault(format!("no usable root certificate in {names}")));
        }
        Ok(self.pem.into_bytes())
    }
}
