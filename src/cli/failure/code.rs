//! Failures of a function's code, with hints.

use serde_json::json;

use super::Failure;
use super::denial;
use crate::aws::{DenialMessage, DeniedBy};
use crate::stack::{BucketError, CodeError, StackError};

impl From<CodeError> for Failure {
    fn from(error: CodeError) -> Self {
        let failure = Self::of(error.kind(), &error);
        match &error {
            CodeError::NotShipped(_) | CodeError::Lost(_) => {
                failure.hint("give a zip file with --code ZIP: discfg-lambda-x86_64.zip of a release, or what `just lambda` builds")
            }
            CodeError::NoProgram { .. } | CodeError::InvalidProgram { .. } => {
                failure.hint("give discfg-lambda-x86_64.zip of a release, or what `just lambda` builds")
            }
            _ => failure,
        }
    }
}

impl From<BucketError> for Failure {
    fn from(error: BucketError) -> Self {
        let failure = Self::of(error.kind(), &error);
        match &error {
            BucketError::Denied {
                action, arn, source, ..
            } => failure.hint(match DenialMessage::of(&source.message).by {
                DeniedBy::Explicit(_) => denial::advice(action, &source.message),
                DeniedBy::Lacking(_) | DeniedBy::Unknown => format!("add to your policies: {}", use_of(arn)),
            }),
            BucketError::Elsewhere { .. } => failure
                .hint("find out who created the bucket and delete it, or use another region"),
            BucketError::Foreign { bucket, key, .. } => failure
                .hint(format!(
                    "find out who uploaded it: search CloudTrail data events for s3:PutObject on {bucket}, and run `aws s3api \
                     list-object-versions --bucket {bucket} --prefix {key}`"
                ))
                .hint(format!(
                    "delete it, which keeps its versions, and rerun the command: `aws s3api delete-object --bucket {bucket} --key {key}`"
                )),
            BucketError::Unversioned { bucket, key } => failure
                .hint(format!(
                    "enable versioning: `aws s3api put-bucket-versioning --bucket {bucket} --versioning-configuration Status=Enabled`"
                ))
                .hint(format!(
                    "then delete the object and rerun the command: `aws s3api delete-object --bucket {bucket} --key {key}`"
                )),
            BucketError::Request { action, source, .. } => failure.of_request(action, source),
        }
    }
}

/// The statement that allows everything that discfg does with the bucket.
fn use_of(arn: &str) -> String {
    let actions = json!([
        "s3:GetObject",
        "s3:GetObjectVersion",
        "s3:ListBucket",
        "s3:PutObject"
    ]);
    let resources = json!([arn, format!("{arn}/*")]);
    format!(r#"{{"Effect":"Allow","Action":{actions},"Resource":{resources}}}"#)
}

/// Adds hints to a failure of the code bucket's stack.
pub(in crate::cli) fn of_stack(failure: Failure, error: &StackError) -> Failure {
    match error {
        StackError::BucketGone { stack } => failure.hint(format!(
            "delete the stack, then rerun the command: `aws cloudformation delete-stack --stack-name {stack}`"
        )),
        error if error.is_bucket_taken() => failure.hint(
            "a bucket of this name exists in another account or region; delete it, or use another region",
        ),
        _ => failure,
    }
}

/// The hint for Lambda's error when too many executions are reserved (Lambda Developer Guide, "Configuring reserved
/// concurrency"): an account must keep some unreserved, and a new account often has 10 in total.
pub(in crate::cli) fn of_executions(reason: &str) -> Option<&'static str> {
    reason
        .contains("UnreservedConcurrentExecution below its minimum")
        .then_some(FEWER_EXECUTIONS)
}

pub(in crate::cli) const FEWER_EXECUTIONS: &str = "reserve fewer with --api-waits (0 disables waiting), or request a higher Lambda \
    quota \"Concurrent executions\" in Service Quotas";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ErrorKind;

    #[test]
    fn the_statement_covers_the_bucket_and_what_is_in_it() {
        assert_eq!(
            use_of("arn:aws-cn:s3:::discfg-code-123456789012-cn-north-1"),
            r#"{"Effect":"Allow","Action":["s3:GetObject","s3:GetObjectVersion","s3:ListBucket","s3:PutObject"],"Resource":["arn:aws-cn:s3:::discfg-code-123456789012-cn-north-1","arn:aws-cn:s3:::discfg-code-123456789012-cn-north-1/*"]}"#
        );
    }

    #[test]
    fn code_that_is_not_shipped_can_be_given() {
        let failure = Failure::from(CodeError::NotShipped(vec!["bin/discfg-lambda.zip".into()]));
        assert_eq!(failure.kind, ErrorKind::NotFound);
        assert!(
            failure.message.ends_with("looked for bin/discfg-lambda.zip"),
            "{}",
            failure.message
        );
        assert!(
            failure.hints.concat().contains("--code ZIP"),
            "{:?}",
            failure.hints
        );
    }
}
