use aws_sdk_iam::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

use crate::aws::{Failed, Fault};
use crate::model::ErrorKind;
use crate::stack::StackError;

/// Why access can't be told.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AccessError {
    /// The config's stack, or those of its grants, can't be looked at.
    #[error(transparent)]
    Stack(#[from] StackError),
    /// IAM knows no such user or role.
    #[error("{0} is not there")]
    NoPrincipal(String),
    /// There is a role of that name under another path.
    #[error("{given} is not there: the role of that name is {is}")]
    OtherPath {
        /// What was asked for.
        given: String,
        /// The role's ARN.
        is: String,
    },
    /// A session's ARN lacks the path of its role, which its own account alone knows.
    #[error("{0} is a session of another account: give the ARN of its role")]
    ForeignSession(String),
    /// A request to IAM failed.
    #[error("{}", failure_words(action, source))]
    Request {
        /// What was tried, such as `iam:GetRole`.
        action: &'static str,
        /// The ARN of what it was tried on.
        on: String,
        /// How it failed.
        #[source]
        source: Failed,
    },
}

impl AccessError {
    /// What sort of failure this is.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Stack(source) => source.kind(),
            Self::NoPrincipal(_) | Self::OtherPath { .. } => ErrorKind::NotFound,
            Self::ForeignSession(_) => ErrorKind::Usage,
            Self::Request { source, .. } => source.fault.kind(),
        }
    }

    pub(super) fn request<E>(action: &'static str, on: &str, error: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let source = Failed::new(error);
        if source.is("NoSuchEntity") || source.is("NoSuchEntityException") {
            return Self::NoPrincipal(on.to_owned());
        }
        Self::Request {
            action,
            on: on.to_owned(),
            source,
        }
    }
}

fn failure_words(action: &str, failed: &Failed) -> String {
    match failed.fault {
        Fault::Denied => format!("{} was denied", failed.denied(action)),
        Fault::Credentials => format!("{action} failed: {}", failed.credentials_problem()),
        _ => format!("{action} failed"),
    }
}
