use aws_sdk_cloudformation::Client;
use aws_sdk_iam::Client as Iam;
use clap::Args;

use super::destroy::{DeletionBound, DeletionFailure, check_stack, delete_stack};
use super::grant::{NAME, config_and_grant, require_dynamodb};
use crate::aws::Aws;
use crate::cli::deploying::oidc_provider::name_of;
use crate::cli::deploying::options::DELETION;
use crate::cli::direct_table::direct_table;
use crate::cli::failure::Failure;
use crate::cli::help::{CONFIG, GlobalsLast as _, positionals};
use crate::cli::output::show;
use crate::cli::session::Session;
use crate::cli::terminal::Terminal;
use crate::engine::dynamodb::DynamoDb;
use crate::model::{ErrorKind, GrantName};
use crate::stack::{self, GRANT_RESOURCES, Grant, StackError};
use crate::store::StoreError;
use crate::wire::result::RevokeResult;

/// Revoke a grant
///
/// Deletes the grant's stack with its role and policy, so its principals lose access at once. The data stays, and so
/// does an OIDC provider that the grant created.
#[derive(Debug, Args)]
#[command(globals_last())]
#[command(
    override_usage = "discfg revoke [OPTIONS] [CONFIG] NAME",
    help_template = positionals(&[CONFIG, NAME])
)]
pub(in crate::cli) struct RevokeArgs {
    /// Config, if two are given, and the grant's name
    #[arg(value_name = "NAME", required = true, num_args = 1..=2, hide = true)]
    words: Vec<String>,
    /// Don't ask for confirmation
    #[arg(short, long, help_heading = DELETION)]
    yes: bool,
}

pub(in crate::cli) async fn run(
    args: RevokeArgs,
    session: &mut Session,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let (config, name) = config_and_grant(&args.words)?;
    session.choose(config)?;
    let target = session.target()?.clone();
    let config = target.config()?.clone();
    require_dynamodb(&target)?;
    let aws = session.aws().await?;
    let cfn = Client::new(aws.sdk());
    let table = direct_table(&config, aws.sdk().clone());
    let found = stack::grant_status(&cfn, &config, &name).await?;
    let grant = found.as_ref().and_then(|stack| Grant::of(stack).ok());
    if found.is_none() && !is_written(&table, &name).await? {
        return Err(Failure::new(
            ErrorKind::NotFound,
            format!("grant \"{name}\" of config \"{config}\" not found"),
        )
        .hint(format!("list the grants with `discfg grants {config}`")));
    }
    if let Some(stack) = &found {
        if !stack.is_ours() && grant.is_none() {
            let stack = stack.name.clone();
            return Err(StackError::NotOurs {
                stack,
                mark: stack::Output::DiscfgLayout.name(),
            }
            .into());
        }
        check_stack(stack)?;
    }
    let question = format!("Revoke the grant {name} of {config}{}?", losing(grant.as_ref()));
    if !args.yes {
        terminal
            .confirm(&question, "--yes")?
            .or_cancel("nothing was changed")?;
    }
    if let Some(stack) = &found {
        let hint =
            format!("rerun `discfg revoke {name}` to resume: it also removes the grant from the table");
        // The first of its resources, an OIDC provider, is kept.
        let resources = &GRANT_RESOURCES[1..];
        let deleted = delete_stack(&cfn, stack, resources, &DeletionBound::new(None, hint), terminal).await;
        if let Err(ended) = deleted {
            return Err(explain(ended, &aws, grant.as_ref()).await);
        }
    }
    match table.remove_grant(&name).await {
        // The table was deleted before its grants.
        Ok(()) | Err(StoreError::NoConfig { .. }) => {}
        Err(error) => {
            return Err(Failure::from(error).hint(
                "the role is deleted, but the table still lists the grant: allow dynamodb:DeleteItem on the table in your own \
                 policies, then rerun the command",
            ));
        }
    }
    if let Some(issuer) = grant.and_then(|grant| grant.makes_oidc_provider) {
        terminal.hint(&format!(
            "Kept the OIDC provider for {}, which other roles may use.",
            name_of(&issuer)
        ));
    }
    let shape = RevokeResult {
        action: "revoke",
        config: config.to_string(),
        grant: name.to_string(),
        result: "revoked",
        stack: found.map(|stack| stack.name),
    };
    show(
        terminal,
        session.format(),
        &shape,
        || format!("{name} of {config}: revoked\n"),
        || b"revoked\n".to_vec(),
    )
}

/// Whether the table lists the grant: an earlier revoke may have stopped half way.
async fn is_written(table: &DynamoDb, name: &GrantName) -> Result<bool, Failure> {
    match table.grant_scope(name).await {
        Ok(scope) => Ok(scope.is_some()),
        Err(StoreError::NoConfig { .. } | StoreError::Denied { .. }) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// What is lost, for the question.
fn losing(grant: Option<&Grant>) -> String {
    grant.map_or_else(String::new, |grant| {
        let named = grant.principals.iter().chain(&grant.github).cloned();
        let subjects = grant.oidc.iter().map(ToString::to_string);
        let who: Vec<String> = named.chain(subjects).collect();
        format!(" ({}; used by {})", grant.scope, who.join(", "))
    })
}

/// Adds what the grant's policy is attached to, if that blocked its deletion.
async fn explain(ended: DeletionFailure, aws: &Aws, grant: Option<&Grant>) -> Failure {
    let error = match ended {
        DeletionFailure::Left(failure) => return failure,
        DeletionFailure::Failed(error) => error,
    };
    let is_blocked = matches!(error, StackError::NotDeleted { .. });
    let mut failure = Failure::from(error);
    let policy = grant.and_then(|grant| grant.policy.as_ref());
    let (true, Some(policy)) = (is_blocked, policy) else {
        return failure;
    };
    let own = policy.rsplit('/').next().unwrap_or_default();
    match stack::attached_to(&Iam::new(aws.sdk()), policy).await {
        Ok(attached) => {
            for holder in attached.iter().filter(|holder| holder.name != own) {
                let (kind, holder) = (holder.kind, &holder.name);
                failure = failure.hint(format!(
                    "detach the policy from the {kind} {holder}, then rerun the command: `aws iam detach-{kind}-policy \
                     --{kind}-name {holder} --policy-arn {policy}`"
                ));
            }
            failure
        }
        Err(error) => failure.hint(format!(
            "find out what its policy is attached to, and detach it ({error})"
        )),
    }
}
