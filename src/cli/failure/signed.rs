use crate::aws::CertificateFault;
use crate::context::{ApiUrl, SettingOrigin, Target};
use crate::engine::OpenedEngine;
use crate::model::{Access, ErrorKind, Role};
use crate::ops::OpsError;
use crate::store::StoreError;

use super::Failure;

/// Whether AWS itself refused, whom the API has no part in: the credentials, or the key for secrets.
pub(in crate::cli) fn is_of_aws(error: &OpsError) -> bool {
    match error {
        OpsError::Store(StoreError::Denied { action, .. }) => action.starts_with("kms:"),
        OpsError::Store(StoreError::Credentials { .. }) => true,
        _ => false,
    }
}

/// What a config behind API Gateway failed at, where requests to it are signed, with what mends it there.
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
            let who = opened.map(who).unwrap_or_default();
            failure.causes.splice(0..0, who);
            failure.causes.extend(unsent_token(target, url));
            failure.hints = mends(&action, target, url, opened, access, config);
            failure
        }
        OpsError::Store(StoreError::Api {
            kind: ErrorKind::Denied, ..
        }) => Failure::from(error).hint(
            "AWS takes a signature within 5 minutes of its own time: `discfg doctor` compares this machine's clock",
        ),
        OpsError::Store(StoreError::Api { problem, .. }) if problem.contains("Lambda function answers at most") => {
            Failure::from(error).hint(
                "name a smaller prefix; or `--engine dynamodb` reads it from the table itself, which takes no API",
            )
        }
        // API Gateway answers in the function's place.
        OpsError::Store(StoreError::Unavailable { problem, .. }) if problem.ends_with("can't serve") => {
            let region = target.region.as_ref().map(|region| &region.value);
            let region = region.map(|region| format!(" --region {region}")).unwrap_or_default();
            let mut failure = Failure::from(error);
            failure.hints = vec![format!(
                "its function failed or has no execution left: `aws logs tail /aws/lambda/discfg-{config}{region}` says why; \
                 `--engine dynamodb` goes to the table itself"
            )];
            failure
        }
        OpsError::Store(of_store @ StoreError::Unavailable { .. })
            if CertificateFault::of(of_store).is_none() => {
            let mut failure = Failure::from(error);
            failure.hints = vec![format!(
                "check the network, a proxy, and that the API is there: `discfg status {config} --engine dynamodb`; \
                 then try again"
            )];
            failure
        }
        _ => error.into(),
    }
}

/// As whom the request was signed.
fn who(opened: &OpenedEngine) -> Vec<String> {
    let caller = opened.caller.as_ref();
    let caller = caller.map(|caller| format!("you are {}", caller.arn));
    let signed = match &opened.role {
        Some(role) => format!("the role {} was assumed, and it may not do this", role.arn),
        None => "the request was signed with your own credentials".into(),
    };
    caller.into_iter().chain([signed]).collect()
}

/// A token that the user may count on, and that decides nothing.
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
            "your own policies must allow it: {{\"Effect\":\"Allow\",\"Action\":\"execute-api:Invoke\",\
             \"Resource\":\"{resource}\"}}"
        )];
    };
    let chosen = target.role.as_ref().map(|setting| &setting.value);
    if access == Access::Write && chosen == Some(&Role::Config(Access::Read)) {
        return vec!["the read role only reads: leave out `--as read` to act in the write role".into()];
    }
    let lets_through = match chosen {
        Some(Role::Grant(grant)) if access == Access::Write => format!(
            "a grant that only reads can't write, and one that writes is let through to its sections alone: `discfg grants \
             {config} --engine dynamodb` shows which {grant} is, and `discfg grant {config} {grant}` with all that it is to \
             cover changes it"
        ),
        Some(Role::Grant(grant)) => format!(
            "a grant's role is let through to its sections alone: name a key or a prefix of them; `discfg grants {config} \
             --engine dynamodb` shows them, and `discfg grant {config} {grant}` with all that it is to cover changes them"
        ),
        _ => format!(
            "the API may be another config's, or gone: `discfg status {config} --engine dynamodb` shows the address of this \
             one's, which lets the role through as `discfg init {config} --api` deploys it"
        ),
    };
    let renewed = format!(
        "API Gateway says the same of credentials that it does not know: those of {} were renewed, and refused again",
        role.name
    );
    vec![lets_through, renewed]
}

/// What a policy names to allow the request
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
