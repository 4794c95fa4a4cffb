use aws_sdk_iam::Client;

use crate::model::Timestamp;
use crate::stack::error::StackError;
use crate::stack::policy::{PolicyDocument, PolicyError};

/// A role as IAM has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleFacts {
    /// Its ARN.
    pub arn: String,
    /// When someone last acted as it, as far as IAM tells: some hours late, and 400 days back.
    pub last_used: Option<Timestamp>,
    /// Whom it trusts, if its trust policy is one that can be judged.
    pub trust: Result<PolicyDocument, PolicyError>,
}

/// The role of this name; none if it isn't there, which IAM may also say of one that was just made. One request; needs `iam:GetRole`.
pub async fn role(iam: &Client, name: &str) -> Result<Option<RoleFacts>, StackError> {
    let answer = iam
        .get_role()
        .role_name(name)
        .send()
        .await
        .map_err(|error| StackError::request("iam:GetRole", &error));
    match answer {
        Ok(answer) => Ok(answer.role.map(|role| RoleFacts {
            trust: PolicyDocument::from_encoded(role.assume_role_policy_document().unwrap_or_default()),
            arn: role.arn,
            last_used: role
                .role_last_used
                .and_then(|used| used.last_used_date)
                .map(|at| Timestamp::from_epoch(at.secs())),
        })),
        Err(error) if error.is("NoSuchEntity") => Ok(None),
        Err(error) => Err(error),
    }
}
