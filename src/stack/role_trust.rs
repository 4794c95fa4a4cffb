use aws_sdk_iam::Client;
use aws_sdk_iam::operation::get_role::GetRoleError;

use super::error::StackError;
use super::policy::PolicyDocument;

/// Whom a role trusts, by its name. Nothing if there is no such role, which IAM may also say of one that it has just
/// made. One request; needs `iam:GetRole`.
pub async fn role_trust(iam: &Client, role: &str) -> Result<Option<PolicyDocument>, StackError> {
    let answer = match iam.get_role().role_name(role).send().await {
        Err(error)
            if error
                .as_service_error()
                .is_some_and(GetRoleError::is_no_such_entity_exception) =>
        {
            return Ok(None);
        }
        answer => answer.map_err(|error| StackError::request("iam:GetRole", &error))?,
    };
    let incomplete = |what| StackError::Incomplete {
        stack: role.to_owned(),
        what,
    };
    let encoded = answer
        .role
        .and_then(|role| role.assume_role_policy_document)
        .ok_or_else(|| incomplete("AssumeRolePolicyDocument"))?;
    PolicyDocument::from_encoded(&encoded)
        .map(Some)
        .map_err(|_| incomplete("readable AssumeRolePolicyDocument"))
}
