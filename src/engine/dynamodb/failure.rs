use std::error::Error;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::DynamoDb;
use crate::aws::Failed;
use crate::engine::failure::request_failed;
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
