//! The code of a config's function: a zip file that is checked before any request to AWS.
//!
//! Checking only its size would not do: the template's `CodeArchitecture` must name the program's processor, which is
//! only in its ELF header, and a program that Lambda can't start (its mode, its format) shows only as a 502 after
//! minutes of deploying. Reading the header and the entry takes about 130 lines and the crates flate2 and rawzip.

pub(super) mod architecture;
pub(super) mod bucket;
pub(super) mod bucket_error;
pub(super) mod program;

use std::env;
use std::fmt;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use flate2::bufread::DeflateDecoder;
use rawzip::{CompressionMethod, CreatorSystem, ZipArchive, ZipFileHeaderRecord, ZipSliceArchive};
use sha2::{Digest as _, Sha256};

use self::architecture::Architecture;
use self::program::UnfitProgram;
use crate::files::{Privacy, read_named};
use crate::model::ErrorKind;

/// The name of the zip file that is shipped with the binary.
const SHIPPED: &str = "discfg-lambda.zip";
/// Where it is searched, relative to the binary's folder.
const SHIPPED_IN: [&str; 3] = ["", "../share/discfg", "../lib/discfg"];
/// The program that the runtime `provided.al2023` starts.
const PROGRAM: &str = "bootstrap";
/// The limit of a function's files in total, in bytes (Lambda quotas, "Deployment package (.zip file archive) size":
/// 250 MB, unzipped, which are MiB).
const UNZIPPED_MAX: u64 = 262_144_000;
/// The permission bits that Lambda needs: it runs the program as a user that owns no files.
const FOR_EVERYONE: u32 = 0o005;

/// Code that Lambda can run: a zip file with a program for Linux at its root.
#[derive(Clone)]
pub struct FunctionCode {
    bytes: Vec<u8>,
    sha256: [u8; 32],
    architecture: Architecture,
}

/// Why a file is not valid code of a function.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CodeError {
    /// No zip file is shipped with this binary.
    #[error("{SHIPPED} not found next to this binary: looked for {}", listed(.0))]
    NotShipped(Vec<PathBuf>),
    /// The path of the binary is unknown.
    #[error("cannot determine the path of this binary to find {SHIPPED}")]
    Lost(#[source] io::Error),
    /// The file doesn't exist or can't be read.
    #[error("cannot read {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file is not a zip file, or is damaged.
    #[error("{} is not a valid zip file", path.display())]
    NoZip {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The unzipped files exceed the limit of Lambda.
    #[error("{} is too large: {size} bytes unzipped; the limit is {UNZIPPED_MAX}", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its unzipped size in bytes.
        size: u64,
    },
    /// The zip file has no program at its root.
    #[error("{} has no {PROGRAM} at its root{}", path.display(), elsewhere(found.as_deref()))]
    NoProgram {
        /// The file.
        path: PathBuf,
        /// An entry of that name in a folder.
        found: Option<String>,
    },
    /// Lambda can't run its program.
    #[error("invalid {PROGRAM} in {}: it {unfit}", path.display())]
    InvalidProgram {
        /// The file.
        path: PathBuf,
        /// What is wrong with the program.
        unfit: UnfitProgram,
    },
}

impl CodeError {
    /// The error's kind.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::NotShipped(_) => ErrorKind::NotFound,
            Self::Lost(_) => ErrorKind::Internal,
            Self::Unreadable { .. }
            | Self::NoZip { .. }
            | Self::TooLarge { .. }
            | Self::NoProgram { .. }
            | Self::InvalidProgram { .. } => ErrorKind::Invalid,
        }
    }
}

fn listed(paths: &[PathBuf]) -> String {
    let paths: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    paths.join(", ")
}

fn elsewhere(found: Option<&str>) -> String {
    found.map_or_else(String::new, |found| format!(": found {found}"))
}

impl FunctionCode {
    /// Reads and checks a zip file: at most 262,144,000 bytes, zipped and unzipped. It must be a regular file that
    /// belongs to the user or to root and that nobody else can write.
    pub fn read(path: &Path) -> Result<Self, CodeError> {
        let unreadable = |source| CodeError::Unreadable {
            path: path.to_owned(),
            source,
        };
        let mut bytes = read_named(path, UNZIPPED_MAX, Privacy::Public).map_err(unreadable)?;
        let bytes = std::mem::take(&mut *bytes);
        Self::new(path, bytes)
    }

    /// Reads the zip file that is shipped with this binary: next to it, or in `share/discfg` or `lib/discfg` next to
    /// the binary's folder. Links to the binary are followed.
    pub fn beside_binary() -> Result<Self, CodeError> {
        let binary = env::current_exe().and_then(|path| path.canonicalize());
        Self::beside(&binary.map_err(CodeError::Lost)?)
    }

    fn beside(binary: &Path) -> Result<Self, CodeError> {
        let folder = binary.parent().unwrap_or(binary);
        let places = SHIPPED_IN.map(|place| folder.join(place).join(SHIPPED));
        match places.iter().find(|place| place.is_file()) {
            Some(place) => Self::read(place),
            None => Err(CodeError::NotShipped(places.into())),
        }
    }

    fn new(path: &Path, bytes: Vec<u8>) -> Result<Self, CodeError> {
        let too_large = |size| CodeError::TooLarge {
            path: path.to_owned(),
            size,
        };
        if bytes.len() as u64 > UNZIPPED_MAX {
            return Err(too_large(bytes.len() as u64));
        }
        let no_zip = |error: rawzip::Error| CodeError::NoZip {
            path: path.to_owned(),
            source: error.into(),
        };
        let archive = ZipArchive::from_slice(bytes.as_slice()).map_err(no_zip)?;
        let (mut size, mut program, mut found) = (0_u64, None, None);
        for entry in archive.entries() {
            let entry = entry.map_err(no_zip)?;
            size = size.saturating_add(entry.uncompressed_size_hint());
            let name = entry.file_path();
            match name.as_bytes().strip_prefix(b"./").unwrap_or(name.as_bytes()) {
                name if name == PROGRAM.as_bytes() => program = Some(entry),
                name if name.ends_with(b"/bootstrap") => {
                    found = Some(String::from_utf8_lossy(name).into_owned());
                }
                _ => {}
            }
        }
        if size > UNZIPPED_MAX {
            return Err(too_large(size));
        }
        let Some(program) = program else {
            let path = path.to_owned();
            return Err(CodeError::NoProgram { path, found });
        };
        let unfit = |unfit| CodeError::InvalidProgram {
            path: path.to_owned(),
            unfit,
        };
        check_entry(&program).map_err(unfit)?;
        let program = unzipped(&archive, &program).map_err(|source| CodeError::NoZip {
            path: path.to_owned(),
            source,
        })?;
        let architecture = program::architecture(&program).map_err(unfit)?;
        let sha256 = Sha256::digest(&bytes).into();
        Ok(Self {
            bytes,
            sha256,
            architecture,
        })
    }

    /// The processor architecture of its program.
    pub fn architecture(&self) -> Architecture {
        self.architecture
    }

    /// The zip file.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The SHA-256 of the zip file.
    pub fn sha256(&self) -> &[u8; 32] {
        &self.sha256
    }

    /// The key in the bucket: the SHA-256 in lower-case hexadecimal, and `.zip`, so that one key means one content.
    pub fn key(&self) -> String {
        hex::encode(self.sha256) + ".zip"
    }
}

impl fmt::Debug for FunctionCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FunctionCode")
            .field("key", &self.key())
            .field("architecture", &self.architecture)
            .finish_non_exhaustive()
    }
}

fn check_entry(program: &ZipFileHeaderRecord<'_>) -> Result<(), UnfitProgram> {
    let mode = program.mode();
    if program.flags().is_encrypted() {
        return Err(UnfitProgram::Encrypted);
    }
    let method = program.compression_method();
    if ![CompressionMethod::STORE, CompressionMethod::DEFLATE].contains(&method) {
        return Err(UnfitProgram::Compression(format!("{method}")));
    }
    if mode.is_symlink() {
        return Err(UnfitProgram::Link);
    }
    let has_modes = [CreatorSystem::UNIX, CreatorSystem::MACOS]
        .contains(&program.version_made_by().creator_system())
        && program.external_attributes() >> 16 != 0;
    if has_modes && mode.permissions() & FOR_EVERYONE != FOR_EVERYONE {
        return Err(UnfitProgram::Mode(mode.permissions()));
    }
    Ok(())
}

/// Unzips the whole program, so that damage is found here and not by Lambda.
fn unzipped(
    archive: &ZipSliceArchive<&[u8]>,
    program: &ZipFileHeaderRecord<'_>,
) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
    let entry = archive.get_entry(program.wayfinder())?;
    let mut bytes = Vec::new();
    // One byte more than the declared size, so that a wrong size is detected.
    let most = program.uncompressed_size_hint().saturating_add(1);
    if program.compression_method() == CompressionMethod::STORE {
        entry
            .verifying_reader(entry.data())
            .take(most)
            .read_to_end(&mut bytes)?;
    } else {
        let inflated = DeflateDecoder::new(entry.data());
        entry
            .verifying_reader(inflated)
            .take(most)
            .read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests;
