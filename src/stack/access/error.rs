use aws_sdk_iam::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

use crate::aws::{Failed, Fault};
use crate::model::ErrorKind;
use crate::stack::StackError;

/// An error of inspecting access.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AccessError {
    /// The stack of the config or of a grant can't be read.
    #[error(transparent)]
    Stack(#[from] StackError),
    /// The user or role doesn't exist.
    #[error("{0} not found")]
    NoPrincipal(String),
    /// The role exists under another path.
    #[error("{given} not found: the role with this name is {is}")]
    OtherPath {
        /// The given ARN.
        given: String,
        /// The role's ARN.
        is: String,
    },
    /// A session of another account: its ARN lacks the role's path, which only that account can look up.
    #[error("{0} is a session in another account: give the ARN of its role")]
    ForeignSession(String),
    /// A request to IAM failed.
    #[error("{}", failure_words(action, source))]
    Request {
        /// The action, such as `iam:GetRole`.
        action: &'static str,
        /// The ARN of the resource.
        on: String,
        /// The failure.
        #[source]
        source: Failed,
    },
}

impl AccessError {
    /// The error's kind.
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
        Fault::Denied => format!("access denied: {}", failed.denied(action)),
        Fault::Credentials => format!("{action} failed: {}", failed.credentials_problem()),
        _ => format!("{action} failed"),
    }
}
