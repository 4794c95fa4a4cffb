use std::error::Error;

use super::DenialMessage;
use super::assume_actions::TAG_SESSION;
use super::failure::{Failed, Fault};
use crate::model::{ErrorKind, RegionError};

/// A failure before a request to a service, or in STS.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AwsError {
    /// No region is set anywhere.
    #[error("no AWS region set")]
    NoRegion,
    /// The region that is set is none.
    #[error("invalid AWS region in the configuration")]
    Region(#[source] RegionError),
    /// A file that a variable names can't be one of settings or credentials.
    #[error("cannot read the file in {variable}")]
    File {
        /// The variable.
        variable: &'static str,
        /// Why.
        source: std::io::Error,
    },
    /// No credentials were found, or they can't be used.
    #[error("{problem}")]
    Credentials {
        /// What is wrong with them.
        problem: String,
        /// The cause.
        #[source]
        source: Option<Box<dyn Error + Send + Sync>>,
    },
    /// STS wouldn't let the caller assume the role. It says so, too, of a role that isn't there.
    #[error("{caller} can't assume the role {role}, or the role does not exist")]
    AssumeDenied {
        /// The role's ARN.
        role: String,
        /// The caller's ARN.
        caller: String,
        /// STS's own words.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// A request failed otherwise.
    #[error("{action} failed")]
    Failed {
        /// What was tried, such as `sts:GetCallerIdentity`.
        action: String,
        /// How it failed.
        #[source]
        source: Failed,
    },
}

impl AwsError {
    /// The error of a failed request for that action.
    pub(super) fn of_request(action: &str, failed: Failed) -> Self {
        if failed.fault == Fault::Credentials {
            Self::Credentials {
                problem: failed.credentials_problem(),
                source: Some(failed.into()),
            }
        } else {
            Self::Failed {
                action: action.into(),
                source: failed,
            }
        }
    }

    /// Whether STS refused to pass the tags of the caller's session on to the role, which takes an action of its own
    /// ([`ASSUME_ACTIONS`](super::ASSUME_ACTIONS)), by its own words: `… is not authorized to perform: sts:TagSession
    /// on resource: …`.
    pub fn is_about_session_tags(&self) -> bool {
        match self {
            Self::AssumeDenied { source, .. } => {
                DenialMessage::of(&source.to_string()).action == Some(TAG_SESSION)
            }
            Self::NoRegion
            | Self::Region(_)
            | Self::File { .. }
            | Self::Credentials { .. }
            | Self::Failed { .. } => false,
        }
    }

    /// What sort of failure this is.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::NoRegion | Self::Region(_) => ErrorKind::Usage,
            Self::File { .. } => ErrorKind::Invalid,
            Self::Credentials { .. } | Self::AssumeDenied { .. } => ErrorKind::Denied,
            Self::Failed { source, .. } => source.fault.kind(),
        }
    }
}
