//! Failures of the sources that keys are imported from, with hints.

use super::{Failure, denial};
use crate::aws::Fault;
use crate::model::ErrorKind;
use crate::sources::{RemoteSourceError, SourceError};

impl From<SourceError> for Failure {
    fn from(error: SourceError) -> Self {
        let failure = Self::of(error.kind(), &error);
        match &error {
            SourceError::Denied { action, source, .. } => {
                failure.hint(denial::advice(action, &source.message))
            }
            SourceError::Request { source, .. } if source.fault == Fault::Throttled => {
                failure.hint("rerun the command in a few seconds")
            }
            SourceError::Request { action, source, .. } => failure.of_request(action, source),
            SourceError::Response { .. } | SourceError::TooLarge { .. } => failure,
        }
    }
}

impl From<RemoteSourceError> for Failure {
    fn from(error: RemoteSourceError) -> Self {
        let failure = Self::of(ErrorKind::Usage, &error);
        match &error {
            RemoteSourceError::Scheme(text) => {
                failure.hint(format!("for a file of that name, use ./{text} or -d"))
            }
            _ => failure,
        }
    }
}
