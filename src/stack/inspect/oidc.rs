use aws_sdk_iam::Client;
use aws_sdk_iam::operation::get_open_id_connect_provider::GetOpenIDConnectProviderError;

use crate::model::{OidcIssuer, Partition};
use crate::stack::error::StackError;

/// The audiences of an issuer's OIDC provider in an account; `None` if the account has no such provider. A token's
/// audience must be accepted by both the provider and the role.
///
/// One request; needs `iam:GetOpenIDConnectProvider`.
pub async fn oidc_audiences(
    iam: &Client,
    partition: Partition,
    account: &str,
    issuer: &OidcIssuer,
) -> Result<Option<Vec<String>>, StackError> {
    let arn = format!("arn:{partition}:iam::{account}:oidc-provider/{}", issuer.as_str());
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
