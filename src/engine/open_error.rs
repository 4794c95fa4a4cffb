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
    #[error("there is nothing to open")]
    Target(#[source] TargetError),
    /// AWS can't be reached as whom it should be.
    #[cfg(feature = "dynamodb")]
    #[error("AWS can't be used")]
    Aws(#[source] AwsError),
    /// A name is too long for the region.
    #[error("the config's names don't fit")]
    Names(#[source] AwsNamesError),
    /// The engine itself failed.
    #[error("the engine can't be opened")]
    Store(#[source] StoreError),
    /// This build has no such engine.
    #[error("this discfg can't use the engine {0}")]
    Engine(String),
    /// The embedded engine has no grants.
    #[error("the embedded engine has no grants, so nobody can act as {0}")]
    NoGrants(String),
    /// An API decides by its token who is calling.
    #[error("{0} decides by the token who is calling, so nobody can choose to act as {1} there")]
    NoRoles(ApiUrl, String),
    /// The token for an API can't be had.
    #[error("the token for {0} can't be had")]
    Token(ApiUrl, #[source] TokenError),
    /// What shows an API who is calling would travel in the clear.
    #[cfg(feature = "dynamodb")]
    #[error(transparent)]
    InTheClear(InTheClear),
    /// An API tells no one which configs it serves.
    #[error("{0} doesn't tell which configs it serves")]
    NoList(ApiUrl),
    /// There is no folder for the embedded engine's files.
    #[error("there is no folder for data: neither DISCFG_DATA_DIR nor HOME is set")]
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
