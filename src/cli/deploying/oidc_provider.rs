use std::collections::{BTreeMap, BTreeSet};

use crate::aws::{Aws, CallerIdentity, Fault};
use crate::cli::failure::Failure;
use crate::cli::terminal::Terminal;
use crate::model::{ErrorKind, GitHubSubject, OidcIssuer, OidcSubject, OidcTrust};
use crate::stack::{self, StackError};

/// The OIDC issuers that a role trusts, each with its audiences.
pub(in crate::cli) type Issuers = BTreeMap<OidcIssuer, BTreeSet<String>>;

/// The issuers of the subjects.
pub(in crate::cli) fn issuers(has_jobs: bool, oidc: Option<&OidcTrust>) -> Issuers {
    let mut issuers = oidc.map(OidcTrust::audiences).unwrap_or_default();
    if has_jobs {
        let audiences = issuers.entry(OidcIssuer::github()).or_default();
        audiences.insert(OidcSubject::AUDIENCE.to_owned());
    }
    issuers
}

/// Whether an account has the OIDC provider of an issuer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) enum Provider {
    There,
    Absent,
    /// The lookup was denied: its action.
    Unknown(String),
}

/// Looks up an issuer's provider in the caller's account, and warns about missing audiences.
pub(in crate::cli) async fn provider(
    aws: &Aws,
    caller: &CallerIdentity,
    issuer: &OidcIssuer,
    audiences: &BTreeSet<String>,
    terminal: &Terminal,
) -> Result<Provider, Failure> {
    let iam = aws_sdk_iam::Client::new(aws.sdk());
    match stack::oidc_audiences(&iam, aws.region().partition(), &caller.account, issuer).await {
        Ok(Some(known)) => {
            for audience in audiences.iter().filter(|audience| !known.contains(audience)) {
                terminal.note(&format!(
                    "The account's OIDC provider for {} lacks the audience {audience}, so IAM will reject its tokens. Add \
                     it with `aws iam add-client-id-to-open-id-connect-provider`.",
                    name_of(issuer)
                ));
            }
            Ok(Provider::There)
        }
        Ok(None) => Ok(Provider::Absent),
        Err(StackError::Request { action, source }) if source.fault == Fault::Denied => {
            Ok(Provider::Unknown(source.denied(action).to_owned()))
        }
        Err(error) => Err(error.into()),
    }
}

/// Checks that the account has the providers of all given issuers, before a config's stack is deployed.
pub(in crate::cli) async fn check_providers(
    aws: &Aws,
    github: Option<&[GitHubSubject]>,
    oidc: Option<&OidcTrust>,
    terminal: &Terminal,
) -> Result<(), Failure> {
    let issuers = issuers(github.is_some_and(|jobs| !jobs.is_empty()), oidc);
    if issuers.is_empty() {
        return Ok(());
    }
    let caller = aws.caller().await?;
    for (issuer, audiences) in &issuers {
        match provider(aws, &caller, issuer, audiences, terminal).await? {
            Provider::There => {}
            Provider::Absent => {
                let audiences: Vec<&str> = audiences.iter().map(String::as_str).collect();
                return Err(absent(issuer, &caller).hint(format!(
                    "create it: `aws iam create-open-id-connect-provider --url {issuer} --client-id-list {}`",
                    audiences.join(" ")
                )));
            }
            Provider::Unknown(action) => terminal.note(&format!(
                "Cannot determine whether the account has an OIDC provider for {} ({action} was denied). Without one, IAM \
                 will reject its tokens.",
                name_of(issuer)
            )),
        }
    }
    Ok(())
}

/// The failure for an account without the issuer's provider.
pub(in crate::cli) fn absent(issuer: &OidcIssuer, caller: &CallerIdentity) -> Failure {
    Failure::new(
        ErrorKind::NotFound,
        format!(
            "no OIDC provider for {} in account {}: its tokens could not assume the role",
            name_of(issuer),
            caller.account
        ),
    )
}

/// The name of an issuer for people.
pub(in crate::cli) fn name_of(issuer: &OidcIssuer) -> String {
    if issuer.as_str() == OidcIssuer::GITHUB {
        "GitHub".into()
    } else {
        issuer.to_string()
    }
}
