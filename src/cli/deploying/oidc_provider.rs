use std::collections::{BTreeMap, BTreeSet};

use crate::aws::{Aws, CallerIdentity, Fault};
use crate::cli::failure::Failure;
use crate::cli::terminal::Terminal;
use crate::model::{ErrorKind, GitHubSubject, OidcIssuer, OidcSubject, OidcTrust};
use crate::stack::{self, StackError};

/// The OIDC issuers that a role trusts, each with the audiences that tokens are for.
pub(in crate::cli) type Issuers = BTreeMap<OidcIssuer, BTreeSet<String>>;

/// The issuers of these subjects.
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
    /// The caller may not do this, which would tell.
    Unknown(String),
}

/// Looks for an issuer's provider in the caller's account, and notes the audiences that it lacks.
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
                    "The account's OIDC provider of {} lacks the audience {audience}, so such tokens will be refused; \
                     `aws iam add-client-id-to-open-id-connect-provider` adds it.",
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

/// Whether the account has the providers of the issuers that are given, before a config's stack is deployed.
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
                    "`aws iam create-open-id-connect-provider --url {issuer} --client-id-list {}` creates it",
                    audiences.join(" ")
                )));
            }
            Provider::Unknown(action) => terminal.note(&format!(
                "Whether this account has the OIDC provider of {} could not be asked ({action} was denied): if it has \
                 none, its tokens will be refused.",
                name_of(issuer)
            )),
        }
    }
    Ok(())
}

/// An account without the issuer's provider.
pub(in crate::cli) fn absent(issuer: &OidcIssuer, caller: &CallerIdentity) -> Failure {
    Failure::new(
        ErrorKind::NotFound,
        format!(
            "the account {} has no OIDC provider of {}, so nobody could assume the role with its tokens",
            caller.account,
            name_of(issuer)
        ),
    )
}

/// What an issuer is called in a sentence.
pub(in crate::cli) fn name_of(issuer: &OidcIssuer) -> String {
    if issuer.as_str() == OidcIssuer::GITHUB {
        "GitHub".into()
    } else {
        issuer.to_string()
    }
}
