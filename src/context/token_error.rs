use std::io;
use std::path::PathBuf;

use super::api_token::TokenFormError;
use crate::model::ErrorKind;

/// Why there is no token to be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// The environment variable can't be understood.
    #[error("invalid DISCFG_TOKEN: expected HOST=TOKEN, HOST:PORT=TOKEN or TOKEN")]
    Variable(#[source] TokenFormError),
    /// The file can't be used.
    #[error("cannot read {}", .0.display())]
    File(PathBuf, #[source] io::Error),
    /// A line of the file is none. It may hold a token, so that it isn't repeated.
    #[error("invalid line {line} in {}: expected HOST TOKEN or HOST:PORT TOKEN", .path.display())]
    Line {
        /// Which file.
        path: PathBuf,
        /// Which line, from 1.
        line: usize,
    },
    /// There is no folder that the file could be in.
    #[error("no folder for tokens: neither XDG_CONFIG_HOME nor HOME is set")]
    NoFolder,
}

impl TokenError {
    /// What sort of failure this is.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Variable(_) | Self::NoFolder => ErrorKind::Usage,
            Self::File(..) | Self::Line { .. } => ErrorKind::Invalid,
        }
    }
}
