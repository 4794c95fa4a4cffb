use crate::context::TargetError;
use crate::engine::OpenError;
use crate::model::{ErrorKind, KeyError, ValueError};
use crate::ops::OpsError;
use crate::store::{Conflict, StoreError};

/// What went wrong in a client.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The working folder, from which `.discfg` is looked for, can't be found.
    #[error("cannot find the working folder")]
    Folder(#[source] std::io::Error),
    /// What a [`ClientBuilder`](super::ClientBuilder) was given for a setting can't be that.
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
    /// The environment and `.discfg` don't say what to open.
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
    /// A text is no key, or no prefix.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// Bytes are no value.
    #[error(transparent)]
    Value(#[from] ValueError),
    /// What is stored isn't of the type that was asked for.
    #[error("cannot read {at}: {problem}")]
    Misfit {
        /// The key that doesn't fit, or the prefix below which a key is missing.
        at: String,
        /// What is wrong, without the value.
        problem: String,
    },
}

impl ClientError {
    /// The guard that didn't hold, and what is there instead, if this is why the operation failed.
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

    /// What sort of failure this is.
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
