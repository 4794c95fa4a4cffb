use crate::aws::CertificateFault;
use crate::context::{ApiUrl, SettingOrigin, Target};
use crate::engine::OpenedEngine;
use crate::model::{Access, ErrorKind, Role};
use crate::ops::OpsError;
use crate::store::StoreError;

use super::Failure;

/// Whether AWS itself refused, not the API: the credentials, or the encryption key.
pub(in crate::cli) fn is_of_aws(error: &OpsError) -> bool {
    match error {
        OpsError::Store(StoreError::Denied { action, .. }) => action.starts_with("kms:"),
        OpsError::Store(StoreError::Credentials { .. }) => true,
        _ => false,
    }
}

/// Explains a failure of a config behind API Gateway, where requests are signed.
pub(in crate::cli) fn explain(
    error: OpsError,
    target: &Target,
    url: &ApiUrl,
    opened: Option<&OpenedEngine>,
    access: Access,
) -> Failure {
    let config = target.config.as_ref();
    let config = config.map_or("CONFIG", |config| config.value.as_str());
    match &error {
        OpsError::Store(StoreError::Denied { action, .. }) => {
            let action = action.clone();
            let mut failure = Failure::from(error);
            let identity = opened.map(identity).unwrap_or_default();
            failure.message.push_str(&identity);
            failure.causes.extend(unsent_token(target, url));
            failure.hints = mends(&action, target, url, opened, access, config);
            failure
        }
        OpsError::Store(StoreError::Api {
            kind: ErrorKind::Denied,
            ..
        }) => Failure::from(error)
            .hint("check this machine's clock with `discfg doctor`: AWS accepts signatures for 5 minutes"),
        OpsError::Store(StoreError::Api { problem, .. }) if problem.contains("limit of AWS Lambda") => {
            Failure::from(error)
                .hint("use a smaller prefix, or read from the table directly with --engine dynamodb")
        }
        // API Gateway answers in the function's place.
        OpsError::Store(StoreError::Unavailable { problem, .. }) if problem.ends_with(" is unavailable") => {
            let region = target.region.as_ref().map(|region| &region.value);
            let region = region
                .map(|region| format!(" --region {region}"))
                .unwrap_or_default();
            let mut failure = Failure::from(error);
            failure.hints = vec![format!(
                "find out why the function failed with `aws logs tail /aws/lambda/discfg-{config}{region}`, or bypass the API \
                 with --engine dynamodb"
            )];
            failure
        }
        OpsError::Store(of_store @ StoreError::Unavailable { .. })
            if CertificateFault::of(of_store).is_none() =>
        {
            let mut failure = Failure::from(error);
            failure.hints = vec![format!(
                "check the network, the proxy settings and `discfg status {config} --engine dynamodb`, then retry"
            )];
            failure
        }
        _ => error.into(),
    }
}

/// The identity that signed the request, as an addition to the message.
fn identity(opened: &OpenedEngine) -> String {
    match (&opened.role, &opened.caller) {
        (Some(role), Some(caller)) => format!(" (role {}, assumed by {})", role.arn, caller.arn),
        (Some(role), None) => format!(" (role {})", role.arn),
        (None, Some(caller)) => format!(" (you are {})", caller.arn),
        (None, None) => " (signed with your own credentials)".into(),
    }
}

/// A configured token, which has no effect on signed requests.
fn unsent_token(target: &Target, url: &ApiUrl) -> Option<String> {
    let token = target.tokens.find(url).ok()??;
    Some(format!(
        "the token for {} from {} was not sent: requests to it are signed",
        url.host(),
        token.origin
    ))
}

fn mends(
    action: &str,
    target: &Target,
    url: &ApiUrl,
    opened: Option<&OpenedEngine>,
    access: Access,
    config: &str,
) -> Vec<String> {
    let Some(role) = opened.and_then(|opened| opened.role.as_ref()) else {
        let resource = resource(action, target, url, opened);
        return vec![format!(
            "add to your own policies: {{\"Effect\":\"Allow\",\"Action\":\"execute-api:Invoke\",\
             \"Resource\":\"{resource}\"}}"
        )];
    };
    let chosen = target.role.as_ref().map(|setting| &setting.value);
    if access == Access::Write && chosen == Some(&Role::Config(Access::Read)) {
        return vec!["omit `--as read` to act in the write role".into()];
    }
    let lets_through = match chosen {
        Some(Role::Grant(grant)) if access == Access::Write => format!(
            "check that the grant can write the section with `discfg grants {config} --engine dynamodb`; change it with \
             `discfg grant {config} {grant}` and all sections that it must cover"
        ),
        Some(Role::Grant(grant)) => format!(
            "use a key or prefix in the grant's sections, listed by `discfg grants {config} --engine dynamodb`; change them \
             with `discfg grant {config} {grant}` and all sections that it must cover"
        ),
        _ => format!(
            "compare the URL with the config's API in `discfg status {config} --engine dynamodb`; deploy the API with \
             `discfg init {config} --api`"
        ),
    };
    let renewed = format!(
        "renew your credentials if they may be invalid: API Gateway also rejected new ones for {}",
        role.name
    );
    vec![lets_through, renewed]
}

/// The resource in a policy statement that allows the request
/// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-control-access-using-iam-policies-to-invoke-api.html>).
fn resource(action: &str, target: &Target, url: &ApiUrl, opened: Option<&OpenedEngine>) -> String {
    let region = target.region.as_ref().map(|setting| &setting.value);
    let partition = region.map_or("*", |region| region.partition().as_str());
    let region = region.map_or("*", |region| region.as_str());
    let account = opened.and_then(|opened| opened.caller.as_ref());
    let account = account.map_or("*", |caller| caller.account.as_str());
    let host = url.host().to_string();
    let id = host
        .split('.')
        .next()
        .filter(|_| target.signed == Some(SettingOrigin::Host));
    let id = id.unwrap_or("*");
    let request = action.replacen(' ', "", 1);
    format!("arn:{partition}:execute-api:{region}:{account}:{id}/*/{request}")
}
