//! What hinders the code of a function, with what mends it.

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
                failure.hint("give one with --code ZIP; `just lambda` builds it from the source")
            }
            CodeError::NoProgram { .. } | CodeError::Unfit { .. } => {
                failure.hint("`just lambda` builds a zip file that Lambda can run")
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
                DeniedBy::Lacking(_) | DeniedBy::Unknown => format!(
                    "the bucket's account being right, add to the policies: {}",
                    use_of(arn)
                ),
            }),
            BucketError::Elsewhere { .. } => failure
                .hint("discfg makes no such bucket: see whose it is, and remove it, or take another region"),
            // Whoever looks into it wants to see it first.
            BucketError::Foreign { bucket, key, .. } => failure
                .hint(format!(
                    "CloudTrail data events show who put it there (s3:PutObject on {bucket}); `aws s3api list-object-versions --bucket \
                     {bucket} --prefix {key}` shows its versions"
                ))
                .hint(format!(
                    "`aws s3api delete-object --bucket {bucket} --key {key}` removes it and keeps its versions; then run the same command again"
                )),
            BucketError::Unversioned { bucket, key } => failure
                .hint(format!(
                    "`aws s3api put-bucket-versioning --bucket {bucket} --versioning-configuration Status=Enabled`"
                ))
                .hint(format!(
                    "then `aws s3api delete-object --bucket {bucket} --key {key}`, so that the same command uploads it again"
                )),
            BucketError::Request { action, source, .. } => failure.of_request(action, source),
        }
    }
}

/// The statement that allows all that is done with the bucket.
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

/// What mends a stack that is to hold the bucket for code.
pub(in crate::cli) fn of_stack(failure: Failure, error: &StackError) -> Failure {
    match error {
        StackError::BucketGone { stack } => failure.hint(format!(
            "`aws cloudformation delete-stack --stack-name {stack}` takes away what is left of it; then run the \
             same command again"
        )),
        error if error.is_bucket_taken() => failure.hint(
            "the name is that of a bucket of another account, or of one in another region; discfg puts code into no other",
        ),
        _ => failure,
    }
}

/// What mends it where Lambda reserves no executions, by its words for that (Lambda Developer Guide, "Configuring reserved
/// concurrency"): an account keeps some that no function has reserved, and a new account often has 10 in all.
pub(in crate::cli) fn of_executions(reason: &str) -> Option<&'static str> {
    reason
        .contains("UnreservedConcurrentExecution below its minimum")
        .then_some(FEWER_EXECUTIONS)
}

pub(in crate::cli) const FEWER_EXECUTIONS: &str = "reserve fewer with --api-waits (0 lets no request wait), or have the quota \
    \"Concurrent executions\" of AWS Lambda raised (Service Quotas)";

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
