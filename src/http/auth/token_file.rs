//! The file of the tokens that a server takes: TOML, one table a token.

use std::fs::{self, File, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::token::{TokenEntry, TokenSet};
use crate::files::{self, Privacy};
use crate::model::{ErrorKind, TokenName};

/// Why the tokens of a file can't be had, or it can't be changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenFileError {
    /// It can't be read.
    #[error("cannot read the token file {path}", path = .path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It can't be written.
    #[error("cannot write the token file {path}", path = .path.display())]
    Write {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It isn't what such a file is.
    #[error("invalid line {line} in the token file {path}: not written by `discfg serve token new`", path = .path.display())]
    Malformed {
        /// Which file.
        path: PathBuf,
        /// Which line, from 1. What it holds isn't repeated: a file that was named by mistake may hold anything.
        line: usize,
    },
    /// A name stands for two tokens.
    #[error("duplicate token \"{name}\" in {path}", path = .path.display())]
    Ambiguous {
        /// Which file.
        path: PathBuf,
        /// Which name.
        name: TokenName,
    },
    /// A list of sections or configs is empty, which opens nothing.
    #[error(
        "the token \"{name}\" in {path} has an empty list of {what}: omit the list to cover all {what}",
        path = .path.display()
    )]
    Nothing {
        /// Which file.
        path: PathBuf,
        /// Which token.
        name: TokenName,
        /// `sections` or `configs`.
        what: &'static str,
    },
    /// A token of that name is there already.
    #[error("token {name} already exists in {path}", path = .path.display())]
    Taken {
        /// Which file.
        path: PathBuf,
        /// Which name.
        name: TokenName,
    },
    /// There is no such token.
    #[error("token {name} not found in {path}", path = .path.display())]
    Unknown {
        /// Which file.
        path: PathBuf,
        /// Which name.
        name: TokenName,
    },
}

impl TokenFileError {
    /// What sort of failure this is.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Read { source, .. } if source.kind() == io::ErrorKind::NotFound => ErrorKind::NotFound,
            Self::Read { .. }
            | Self::Write { .. }
            | Self::Malformed { .. }
            | Self::Ambiguous { .. }
            | Self::Nothing { .. } => ErrorKind::Invalid,
            Self::Taken { .. } => ErrorKind::Conflict,
            Self::Unknown { .. } => ErrorKind::NotFound,
        }
    }
}

#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenFileContent {
    #[serde(default)]
    token: Vec<TokenEntry>,
}

/// The most bytes of a file: room for some 50,000 tokens.
const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// What a new file begins with.
const PREFACE: &str =
    "# The tokens of a discfg server. It holds the SHA-256 of each: the tokens themselves are nowhere.\n";

/// A file of tokens.
#[derive(Debug, Clone)]
pub struct TokenFile(PathBuf);

impl TokenFile {
    /// The file at that path, there or not.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Reads its tokens.
    pub fn read(&self) -> Result<TokenSet, TokenFileError> {
        let bytes = files::read_named(&self.0, MAX_BYTES, Privacy::Private);
        self.parse(&self.text(bytes)?)
    }

    /// Adds a token; where there is no file yet, creates one that its owner alone can read.
    pub fn add(&self, entry: TokenEntry) -> Result<(), TokenFileError> {
        let is_new = !self.0.exists();
        let file = self.lock(true)?;
        let added = self.add_locked(&file, entry);
        if added.is_err() && is_new && file.metadata().is_ok_and(|file| file.len() == 0) {
            // An empty one would be left behind. The first failure is the one to report.
            let _ = fs::remove_file(&self.0);
        }
        added
    }

    fn add_locked(&self, file: &File, entry: TokenEntry) -> Result<(), TokenFileError> {
        let mut text = self.locked_text(file)?;
        let known = self.parse(&text)?;
        if known.entries().iter().any(|known| known.name == entry.name) {
            return Err(TokenFileError::Taken {
                path: self.0.clone(),
                name: entry.name,
            });
        }
        if text.is_empty() {
            text.push_str(PREFACE);
        } else if !text.ends_with('\n') {
            text.push('\n');
        }
        text.push('\n');
        text.push_str(&self.written(vec![entry])?);
        self.replace(&text)
    }

    /// Takes the token of that name out. The others stay; comments don't.
    pub fn revoke(&self, name: &TokenName) -> Result<(), TokenFileError> {
        let file = self.lock(false)?;
        let known = self.parse(&self.locked_text(&file)?)?;
        let (gone, left): (Vec<_>, Vec<_>) = known
            .entries()
            .iter()
            .cloned()
            .partition(|entry| entry.name == *name);
        if gone.is_empty() {
            return Err(TokenFileError::Unknown {
                path: self.0.clone(),
                name: name.clone(),
            });
        }
        let tables = if left.is_empty() {
            String::new()
        } else {
            self.written(left)?
        };
        self.replace(&format!("{PREFACE}\n{tables}"))
    }

    /// Opens the file and waits until nobody else changes it.
    fn lock(&self, create: bool) -> Result<File, TokenFileError> {
        let unwritten = |source| self.unwritten(source);
        loop {
            let file = match files::open_named(&self.0) {
                // A link that leads nowhere isn't followed to make what it leads to.
                Err(error) if create && error.kind() == io::ErrorKind::NotFound => {
                    files::create_empty(&self.0).map_err(unwritten)?;
                    continue;
                }
                opened => opened.map_err(|source| self.unread(source))?,
            };
            file.lock().map_err(unwritten)?;
            // The one that had the lock before may have put another file in its place.
            let (locked, there) = (file.metadata().map_err(unwritten)?, fs::metadata(&self.0));
            if there.is_ok_and(|there| identity(&there) == identity(&locked)) {
                return Ok(file);
            }
        }
    }

    /// Puts a whole file in the place of the other, so that no reader meets half of it. A link stays one: what it leads
    /// to is replaced.
    fn replace(&self, text: &str) -> Result<(), TokenFileError> {
        files::replace_named(&self.0, text.as_bytes()).map_err(|source| self.unwritten(source))
    }

    fn locked_text(&self, file: &File) -> Result<String, TokenFileError> {
        self.text(files::read_opened(file, &self.0, MAX_BYTES, Privacy::Private))
    }

    fn text(&self, bytes: io::Result<Zeroizing<Vec<u8>>>) -> Result<String, TokenFileError> {
        let bytes = bytes.map_err(|source| self.unread(source))?;
        let text = std::str::from_utf8(&bytes).map(str::to_owned);
        text.map_err(|error| self.unread(io::Error::new(io::ErrorKind::InvalidData, error)))
    }

    fn parse(&self, text: &str) -> Result<TokenSet, TokenFileError> {
        let content: TokenFileContent = toml::from_str(text).map_err(|error| {
            let before = error.span().and_then(|span| text.get(..span.start));
            TokenFileError::Malformed {
                path: self.0.clone(),
                line: before.unwrap_or_default().matches('\n').count() + 1,
            }
        })?;
        for (at, entry) in content.token.iter().enumerate() {
            let (path, name) = (self.0.clone(), entry.name.clone());
            if content.token[..at].iter().any(|before| before.name == name) {
                return Err(TokenFileError::Ambiguous { path, name });
            }
            let what = match (&entry.sections, &entry.configs) {
                (Some(sections), _) if sections.is_empty() => "sections",
                (_, Some(configs)) if configs.is_empty() => "configs",
                _ => continue,
            };
            return Err(TokenFileError::Nothing { path, name, what });
        }
        Ok(TokenSet::new(content.token))
    }

    fn written(&self, token: Vec<TokenEntry>) -> Result<String, TokenFileError> {
        toml::to_string(&TokenFileContent { token }).map_err(|error| self.unwritten(io::Error::other(error)))
    }

    fn unread(&self, source: io::Error) -> TokenFileError {
        TokenFileError::Read {
            path: self.0.clone(),
            source,
        }
    }

    fn unwritten(&self, source: io::Error) -> TokenFileError {
        TokenFileError::Write {
            path: self.0.clone(),
            source,
        }
    }
}

/// Which file it is, whatever it is called.
fn identity(metadata: &Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt as _;
    (metadata.dev(), metadata.ino())
}

#[cfg(test)]
mod tests;
