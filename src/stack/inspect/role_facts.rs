use aws_sdk_iam::Client;

use crate::model::Timestamp;
use crate::stack::error::StackError;
use crate::stack::policy::{PolicyDocument, PolicyError};

/// A role in IAM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleFacts {
    /// Its ARN.
    pub arn: String,
    /// When it was last used, according to IAM: some hours late, and up to 400 days back.
    pub last_used: Option<Timestamp>,
    /// Its trust policy, if it can be parsed.
    pub trust: Result<PolicyDocument, PolicyError>,
}

/// The role of this name; `None` if it doesn't exist, which IAM may also report of a new one. One request; needs
/// `iam:GetRole`.
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
