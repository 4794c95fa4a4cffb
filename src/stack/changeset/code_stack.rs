//! The change set that creates the bucket for code.

use aws_sdk_cloudformation::Client;

use super::plan::Proposal;
use super::planning;
use crate::stack::error::{Objections, StackError};
use crate::stack::template::blueprint::Owner;
use crate::stack::template::code_stack::CodeStack;

/// Plans the stack of a missing code bucket, as [`plan`](crate::stack::plan) does. An error if the stack exists: then
/// the bucket was deleted, and the stack would not create it again.
pub async fn plan_code(cfn: &Client, wanted: &CodeStack) -> Result<Proposal, StackError> {
    match planning::plan(cfn, wanted).await? {
        Proposal::Unchanged(stack) => Err(StackError::BucketGone { stack: stack.name }),
        proposal => Ok(proposal),
    }
}

impl StackError {
    /// Whether the name of the code bucket is taken, according to CloudFormation's error about a resource or the
    /// template.
    pub fn is_bucket_taken(&self) -> bool {
        let of_code = Owner::Code.stack();
        let taken = |said: &str| {
            ["already exists", "AlreadyExists", "name is not available"]
                .iter()
                .any(|words| said.contains(words))
        };
        match self {
            Self::Failed(failure) => {
                failure.stack == of_code && failure.first.as_ref().is_some_and(|first| taken(&first.reason))
            }
            Self::Invalid {
                stack,
                objections: Objections::Told(objections),
                ..
            } => *stack == of_code && objections.iter().any(|objection| taken(objection)),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::failed_resource::{DeploymentFailure, FailedResource};
    use crate::stack::inspect::state::StackState;

    fn failed(stack: &str, reason: &str) -> StackError {
        StackError::Failed(Box::new(DeploymentFailure {
            stack: stack.into(),
            stack_arn: String::new(),
            state: StackState::DeleteComplete,
            first: Some(FailedResource {
                logical_id: "Bucket".into(),
                words: "the bucket".into(),
                resource_type: "AWS::S3::Bucket".into(),
                reason: reason.into(),
            }),
            kept: Vec::new(),
        }))
    }

    fn refused(stack: &str, objection: &str) -> StackError {
        StackError::Invalid {
            stack: stack.into(),
            reason: "validation failed".into(),
            objections: Objections::Told(vec![objection.into()]),
        }
    }

    #[test]
    fn a_name_that_is_taken_is_known_by_any_of_cloudformations_words() {
        let name = "discfg-code-123456789012-eu-central-1";
        for reason in [
            format!("{name} already exists (Service: S3, Status Code: 0)"),
            format!(
                "Resource handler returned message: \"{name} already exists\" (HandlerErrorCode: AlreadyExists)"
            ),
            "The requested bucket name is not available. The bucket namespace is shared by all users".into(),
        ] {
            assert!(failed("discfg--code", &reason).is_bucket_taken(), "{reason}");
            assert!(!failed("discfg-payments", &reason).is_bucket_taken(), "{reason}");
        }
        let objection =
            format!("Bucket: Resource of type 'AWS::S3::Bucket' with identifier '{name}' already exists.");
        assert!(refused("discfg--code", &objection).is_bucket_taken());
        assert!(!refused("discfg-payments", &objection).is_bucket_taken());
        assert!(!failed("discfg--code", "Access Denied").is_bucket_taken());
    }
}
