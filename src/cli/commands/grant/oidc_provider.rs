use std::collections::BTreeSet;

use crate::aws::{Aws, CallerIdentity};
use crate::cli::deploying::oidc_provider::{Issuers, Provider, absent, issuers, name_of, provider};
use crate::cli::failure::Failure;
use crate::cli::terminal::Terminal;
use crate::model::{ErrorKind, OidcIssuer, OidcTrust};
use crate::stack::{Grant, GrantSpec, NewOidcProvider};

/// The issuers that the grant's role trusts after the deployment.
fn issuers_of(spec: &GrantSpec, there: Option<&Grant>) -> Issuers {
    let has_jobs = match &spec.github {
        Some(jobs) => !jobs.is_empty(),
        None => there.is_some_and(|grant| !grant.github.is_empty()),
    };
    let deployed = there.map(|grant| OidcTrust::accepted(&grant.oidc));
    issuers(has_jobs, spec.oidc.as_ref().or(deployed.as_ref()))
}

/// Decides whether the stack creates an issuer's OIDC provider, of which an account has one at most.
pub(super) async fn settle_provider(
    aws: &Aws,
    caller: &CallerIdentity,
    spec: &mut GrantSpec,
    wants: bool,
    there: Option<&Grant>,
    terminal: &Terminal,
) -> Result<(), Failure> {
    let issuers = issuers_of(spec, there);
    if wants && issuers.is_empty() {
        return Err(no_issuer());
    }
    let made = there.and_then(|grant| grant.makes_oidc_provider.as_ref());
    let mut lacking = Vec::new();
    for (issuer, audiences) in &issuers {
        let makes = made == Some(issuer);
        let name = name_of(issuer);
        match provider(aws, caller, issuer, audiences, terminal).await? {
            Provider::There if wants && !makes => {
                terminal.hint(&format!("Using the account's existing OIDC provider for {name}."));
            }
            Provider::There => {}
            Provider::Absent if makes => {
                return Err(Failure::new(
                    ErrorKind::NotFound,
                    format!("the OIDC provider for {name} was deleted outside the grant's stack"),
                )
                .hint("revoke the grant, then create it again with --create-oidc-provider"));
            }
            Provider::Absent if wants => lacking.push((issuer, audiences)),
            Provider::Absent => {
                return Err(absent(issuer, caller).hint("add --create-oidc-provider to create it"));
            }
            Provider::Unknown(action) => {
                if wants && !makes {
                    lacking.push((issuer, audiences));
                }
                terminal.note(&format!(
                    "Cannot determine whether the account has an OIDC provider for {name} ({action} was denied). {}.",
                    if wants {
                        "If it has one, creating it will fail: then omit --create-oidc-provider"
                    } else {
                        "Without one, IAM will reject its tokens: then add --create-oidc-provider"
                    }
                ));
            }
        }
    }
    spec.oidc_provider = one(&lacking)?;
    Ok(())
}

/// The provider of a grant's parameters, without looking at an account.
pub(in crate::cli) fn given_provider(spec: &GrantSpec) -> Result<NewOidcProvider, Failure> {
    let issuers = issuers_of(spec, None);
    let all: Vec<_> = issuers.iter().collect();
    one(&all)?.ok_or_else(no_issuer)
}

fn no_issuer() -> Failure {
    Failure::usage("--create-oidc-provider requires --github or --oidc")
}

/// The single provider that the template can create.
fn one(lacking: &[(&OidcIssuer, &BTreeSet<String>)]) -> Result<Option<NewOidcProvider>, Failure> {
    match lacking {
        [] => Ok(None),
        [(issuer, audiences)] => Ok(Some(NewOidcProvider {
            issuer: (*issuer).clone(),
            audiences: audiences.iter().cloned().collect(),
        })),
        several => {
            let names: Vec<String> = several.iter().map(|(issuer, _)| name_of(issuer)).collect();
            Err(Failure::usage(format!(
                "--create-oidc-provider can create one OIDC provider, but several are missing: {}",
                names.join(", ")
            ))
            .hint("run grant for one of them first, then again with all"))
        }
    }
}
