use aws_sdk_iam::Client;
use aws_sdk_iam::operation::get_open_id_connect_provider::GetOpenIDConnectProviderError;

use super::error::StackError;
use crate::model::Partition;

/// The audiences of GitHub's OIDC provider in an account, or nothing if the account has no such provider. A role that
/// trusts GitHub asks for the audience `sts.amazonaws.com`.
///
/// One request; needs `iam:GetOpenIDConnectProvider`.
pub async fn github_audiences(
    iam: &Client,
    partition: Partition,
    account: &str,
) -> Result<Option<Vec<String>>, StackError> {
    let arn = format!("arn:{partition}:iam::{account}:oidc-provider/token.actions.githubusercontent.com");
    let answer = iam
        .get_open_id_connect_provider()
        .open_id_connect_provider_arn(arn)
        .send()
        .await;
    match answer {
        Ok(answer) => Ok(Some(answer.client_id_list.unwrap_or_default())),
        Err(error) => match error.as_service_error() {
            Some(GetOpenIDConnectProviderError::NoSuchEntityException(_)) => Ok(None),
            _ => Err(StackError::request("iam:GetOpenIDConnectProvider", &error)),
        },
    }
}
