use std::error::Error;
use std::path::PathBuf;

use super::DenialMessage;
use super::assume_actions::TAG_SESSION;
use super::failure::{Failed, Fault};
use crate::model::ErrorKind;

/// A failure before a request to a service, or in STS.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AwsError {
    /// No region is set anywhere.
    #[error("no AWS region set")]
    NoRegion,
    /// A setting in the environment or in an AWS config file is invalid.
    #[error("invalid {}: {problem}", named(name, value.as_deref(), place.as_deref()))]
    Setting {
        /// The variable or the setting.
        name: String,
        /// Its value, unless it is a credential.
        value: Option<String>,
        /// The file and the line, unless it is a variable.
        place: Option<String>,
        /// What is wrong with it.
        problem: String,
    },
    /// The profile that is named is not in the AWS config files.
    #[error("AWS profile {name:?} not found: {problem}")]
    NoProfile {
        /// Its name.
        name: String,
        /// Where it was looked for, or what was found in its place.
        problem: String,
    },
    /// The profile's credentials are those of `aws login`, which would take another SDK and its cryptography.
    #[error("profile {0} uses login_session, which discfg does not support")]
    LoginSession(String),
    /// An AWS config file can't be parsed.
    #[error("invalid {} at line {line}: {problem}", path.display())]
    BadFile {
        /// Its path.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong there.
        problem: String,
    },
    /// A file of settings or credentials can't be read.
    #[error("cannot read {what}")]
    File {
        /// Its path, or the variable that names it.
        what: String,
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

fn named(name: &str, value: Option<&str>, place: Option<&str>) -> String {
    let value = value.map(|value| format!(" {value:?}")).unwrap_or_default();
    let place = place.map(|place| format!(" in {place}")).unwrap_or_default();
    format!("{name}{value}{place}")
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
            | Self::Setting { .. }
            | Self::NoProfile { .. }
            | Self::LoginSession(_)
            | Self::BadFile { .. }
            | Self::File { .. }
            | Self::Credentials { .. }
            | Self::Failed { .. } => false,
        }
    }

    /// What sort of failure this is.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::NoRegion | Self::Setting { .. } | Self::NoProfile { .. } | Self::BadFile { .. } => {
                ErrorKind::Usage
            }
            Self::File { .. } => ErrorKind::Invalid,
            Self::Credentials { .. } | Self::LoginSession(_) | Self::AssumeDenied { .. } => ErrorKind::Denied,
            Self::Failed { source, .. } => source.fault.kind(),
        }
    }
}
