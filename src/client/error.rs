use crate::context::TargetError;
use crate::engine::OpenError;
use crate::model::{ErrorKind, KeyError, ValueError};
use crate::ops::OpsError;
use crate::store::{Conflict, StoreError};

/// An error of a client.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The working folder, where the search for `.discfg` starts, was not found.
    #[error("cannot find the working folder")]
    Folder(#[source] std::io::Error),
    /// A setting of a [`ClientBuilder`](super::ClientBuilder) is invalid.
    #[error("invalid {setting} {given:?}")]
    Setting {
        /// The setting.
        setting: &'static str,
        /// What was given.
        given: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The environment and `.discfg` don't select a config.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// The config can't be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An operation on the store failed.
    #[error(transparent)]
    Ops(OpsError),
    /// A key or prefix is invalid.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A value is invalid.
    #[error(transparent)]
    Value(#[from] ValueError),
    /// The stored value doesn't match the requested type.
    #[error("cannot read {at}: {problem}")]
    Misfit {
        /// The key that doesn't fit, or the prefix below which a key is missing.
        at: String,
        /// What is wrong, without the value.
        problem: String,
    },
}

impl ClientError {
    /// Returns the guard that didn't hold and the current state, if this is why the operation failed.
    pub fn conflict(&self) -> Option<&Conflict> {
        match self {
            Self::Store(error) => error.conflict(),
            _ => None,
        }
    }

    /// Whether a guard didn't hold.
    pub fn is_conflict(&self) -> bool {
        self.conflict().is_some()
    }

    /// The sort of failure.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Folder(_) => ErrorKind::Internal,
            Self::Target(error) => error.kind(),
            Self::Open(error) => error.kind(),
            Self::Store(error) => error.kind(),
            Self::Ops(error) => error.kind(),
            Self::Key(_) | Self::Setting { .. } => ErrorKind::Usage,
            Self::Value(_) | Self::Misfit { .. } => ErrorKind::Invalid,
        }
    }
}

impl From<OpsError> for ClientError {
    fn from(error: OpsError) -> Self {
        match error {
            OpsError::Store(error) => Self::Store(error),
            other => Self::Ops(other),
        }
    }
}
