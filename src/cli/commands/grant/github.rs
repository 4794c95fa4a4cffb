use crate::aws::{Aws, Caller, Fault};
use crate::cli::failure::Failure;
use crate::cli::terminal::Terminal;
use crate::model::Kind;
use crate::stack::{self, Grant, GrantSpec, StackError};

/// The audience that a role asks of a job's token.
const AUDIENCE: &str = "sts.amazonaws.com";

/// Settles whether the stack makes GitHub's OIDC provider, of which an account has one at most.
pub(super) async fn settle_provider(
    aws: &Aws,
    caller: &Caller,
    spec: &mut GrantSpec,
    there: Option<&Grant>,
    terminal: &Terminal,
) -> Result<(), Failure> {
    let has_jobs = match &spec.github {
        Some(jobs) => !jobs.is_empty(),
        None => there.is_some_and(|grant| !grant.github.is_empty()),
    };
    let wants = spec.create_oidc_provider.take().unwrap_or(false);
    if !has_jobs {
        return if wants {
            Err(Failure::usage(
                "--create-oidc-provider is for GitHub jobs: add --github",
            ))
        } else {
            Ok(())
        };
    }
    let makes = there.is_some_and(|grant| grant.makes_oidc_provider);
    let iam = aws_sdk_iam::Client::new(aws.sdk());
    let found = stack::github_audiences(&iam, aws.region().partition(), &caller.account).await;
    match found {
        Ok(Some(audiences)) => {
            if wants && !makes {
                terminal.hint("This account has GitHub's OIDC provider already: it is used as it is.");
            }
            if !audiences.iter().any(|audience| audience == AUDIENCE) {
                terminal.note(&format!(
                    "The account's OIDC provider for GitHub lacks the audience {AUDIENCE}, so jobs will be refused; \
                     `aws iam add-client-id-to-open-id-connect-provider` adds it."
                ));
            }
            Ok(())
        }
        Ok(None) if makes => Err(Failure::new(
            Kind::NotFound,
            "GitHub's OIDC provider, which the grant's stack made, is no longer there",
        )
        .hint("revoke the grant, and make it again with --create-oidc-provider")),
        Ok(None) if wants => {
            spec.create_oidc_provider = Some(true);
            Ok(())
        }
        Ok(None) => Err(Failure::new(
            Kind::NotFound,
            format!(
                "the account {} has no OIDC provider for GitHub, so no job could assume the role",
                caller.account
            ),
        )
        .hint("--create-oidc-provider makes it")),
        Err(StackError::Request { action, source }) if source.fault == Fault::Denied => {
            if wants && !makes {
                spec.create_oidc_provider = Some(true);
            }
            terminal.note(&format!(
                "Whether this account has GitHub's OIDC provider could not be asked ({} was denied): {}.",
                source.denied(action),
                if wants {
                    "if it has one, making it fails; leave out --create-oidc-provider then"
                } else {
                    "if it has none, jobs will be refused until --create-oidc-provider makes it"
                }
            ));
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}
