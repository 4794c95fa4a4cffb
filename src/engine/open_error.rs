#[cfg(feature = "dynamodb")]
use super::http::InTheClear;
#[cfg(feature = "dynamodb")]
use crate::aws::AwsError;
use crate::context::{ApiUrl, TargetError, TokenError};
use crate::model::{AwsNamesError, ErrorKind};
use crate::store::StoreError;

/// Why an engine can't be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// What to open isn't settled.
    #[error("cannot determine the config to open")]
    Target(#[source] TargetError),
    /// AWS can't be reached as whom it should be.
    #[cfg(feature = "dynamodb")]
    #[error("cannot use AWS")]
    Aws(#[source] AwsError),
    /// A name is too long for the region.
    #[error("a resource name would be too long")]
    Names(#[source] AwsNamesError),
    /// The engine itself failed.
    #[error("cannot open the engine")]
    Store(#[source] StoreError),
    /// This build has no such engine.
    #[error("this build of discfg does not support the engine {0}")]
    Engine(String),
    /// The embedded engine has no grants.
    #[error("cannot act as {0}: the local engine has no grants")]
    NoGrants(String),
    /// An API decides by its token who is calling.
    #[error("cannot act as {1}: {0} identifies callers by their token")]
    NoRoles(ApiUrl, String),
    /// The token for an API can't be had.
    #[error("cannot read the token for {0}")]
    Token(ApiUrl, #[source] TokenError),
    /// What shows an API who is calling would travel in the clear.
    #[cfg(feature = "dynamodb")]
    #[error(transparent)]
    InTheClear(InTheClear),
    /// An API tells no one which configs it serves.
    #[error("cannot list configs: {0} does not list the configs that it serves")]
    NoList(ApiUrl),
    /// There is no folder for the embedded engine's files.
    #[error("no data folder: neither DISCFG_DATA_DIR nor HOME is set")]
    NoDataDir,
}

impl OpenError {
    /// What sort of failure this is.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Target(error) => error.kind(),
            #[cfg(feature = "dynamodb")]
            Self::Aws(error) => error.kind(),
            Self::Names(_) => ErrorKind::Invalid,
            Self::Store(error) => error.kind(),
            Self::Token(_, error) => error.kind(),
            #[cfg(feature = "dynamodb")]
            Self::InTheClear(_) => ErrorKind::Denied,
            Self::Engine(_) | Self::NoGrants(_) | Self::NoRoles(..) | Self::NoList(_) | Self::NoDataDir => {
                ErrorKind::Usage
            }
        }
    }
}
