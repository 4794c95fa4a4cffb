use std::error::Error;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::DynamoDb;
use crate::aws::{Failed, Fault};
use crate::store::StoreError;

impl DynamoDb {
    /// Says what the SDK's error means for an operation on `subject`.
    pub(super) fn failure<E>(
        &self,
        action: &str,
        subject: Option<&str>,
        error: &SdkError<E, HttpResponse>,
    ) -> StoreError
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        self.failed(action, subject, Failed::new(error))
    }

    pub(super) fn failed(&self, action: &str, subject: Option<&str>, failed: Failed) -> StoreError {
        if failed.is("ResourceNotFoundException") {
            return StoreError::NoConfig {
                config: self.options.config.to_string(),
                place: Some(format!("no table {} in this account and region", self.table)),
            };
        }
        request_failed("DynamoDB", format!("dynamodb:{action}"), subject, failed)
    }
}

/// Says what it means that a service refused an action on `subject`, or couldn't be asked.
pub(super) fn request_failed(
    service: &str,
    action: String,
    subject: Option<&str>,
    failed: Failed,
) -> StoreError {
    match failed.fault {
        Fault::Denied => StoreError::Denied {
            action,
            subject: subject.map(Into::into),
            source: Some(failed.into()),
        },
        Fault::Credentials => StoreError::Credentials {
            problem: failed.credentials_problem(),
            source: Some(failed.into()),
        },
        Fault::Throttled => StoreError::Throttled {
            service: service.into(),
            source: Some(failed.into()),
        },
        Fault::Unreachable => StoreError::Unavailable {
            problem: format!("{service} can't be reached"),
            source: Some(failed.into()),
        },
        Fault::Unanswered => StoreError::Unavailable {
            problem: format!("{action} was not answered"),
            source: Some(failed.into()),
        },
        Fault::Server => StoreError::Unavailable {
            problem: format!("{action} failed in {service}"),
            source: Some(failed.into()),
        },
        Fault::Refused | Fault::Client => StoreError::Other {
            what: action,
            source: Some(failed.into()),
        },
    }
}
