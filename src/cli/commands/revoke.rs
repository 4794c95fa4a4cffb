use aws_sdk_cloudformation::Client;
use clap::Args;
use serde::Serialize;

use super::grant::{config_and_grant, require_dynamodb, table};
use crate::cli::failure::Failure;
use crate::cli::output::show;
use crate::cli::session::Session;
use crate::cli::terminal::Terminal;
use crate::cli::terminal_wait::seen;
use crate::engine::dynamodb::DynamoDb;
use crate::model::{GrantName, Kind};
use crate::stack::{self, Deployed, Grant, StackError};
use crate::store::StoreError;

/// Take a grant back
///
/// Deletes its stack, and with it the role and the policy; whoever acts in the role is refused from then on. The
/// sections and what is in them stay, and so does GitHub's OIDC provider.
#[derive(Debug, Args)]
#[command(override_usage = "discfg revoke [OPTIONS] [CONFIG] NAME")]
pub(in crate::cli) struct RevokeArgs {
    /// The config, if two are given, and the grant's name
    #[arg(value_name = "NAME", required = true, num_args = 1..=2)]
    words: Vec<String>,
    /// Don't ask
    #[arg(short, long)]
    yes: bool,
}

#[derive(Serialize)]
struct Revoked {
    action: &'static str,
    config: String,
    grant: String,
    result: &'static str,
    /// The stack that is gone, if there was one.
    stack: Option<String>,
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
    let table = table(&aws, &config);
    let found = stack::grant_status(&cfn, &config, &name).await?;
    let grant = found.as_ref().and_then(|stack| Grant::of(stack).ok());
    if found.is_none() && !is_written(&table, &name).await? {
        return Err(
            Failure::new(Kind::NotFound, format!("the config {config} has no grant {name}"))
                .hint(format!("`discfg grants {config}` shows those that it has")),
        );
    }
    let question = format!("Revoke the grant {name} of {config}{}?", losing(grant.as_ref()));
    if !args.yes && !terminal.confirm(&question, "--yes")? {
        return Err(Failure::new(Kind::Interrupted, "nothing was changed"));
    }
    if let Some(stack) = &found {
        delete(&cfn, stack, grant.as_ref(), terminal).await?;
    }
    match table.remove_grant(&name).await {
        // The table went before its grants did.
        Ok(()) | Err(StoreError::NoConfig { .. }) => {}
        Err(error) => {
            return Err(Failure::from(error).hint(
                "the role is gone; its line in the table's list of grants is not: your own policies must allow \
                 dynamodb:DeleteItem on the table; then run revoke again",
            ));
        }
    }
    if grant.is_some_and(|grant| grant.makes_oidc_provider) {
        terminal.hint("GitHub's OIDC provider, which the grant made, stays: other roles may rest on it.");
    }
    let shape = Revoked {
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

/// Whether the table's list has the grant: an earlier revoke may have gone half way.
async fn is_written(table: &DynamoDb, name: &GrantName) -> Result<bool, Failure> {
    match table.grant_scope(name).await {
        Ok(scope) => Ok(scope.is_some()),
        Err(StoreError::NoConfig { .. } | StoreError::Denied { .. }) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// What goes with it, for the question.
fn losing(grant: Option<&Grant>) -> String {
    grant.map_or_else(String::new, |grant| {
        let who: Vec<&str> = grant
            .principals
            .iter()
            .chain(&grant.github)
            .map(String::as_str)
            .collect();
        format!(", whose role {} for {}", grant.scope, who.join(", "))
    })
}

async fn delete(
    cfn: &Client,
    stack: &Deployed,
    grant: Option<&Grant>,
    terminal: &Terminal,
) -> Result<(), Failure> {
    let deletion = stack::revoke(cfn, stack);
    let doing = format!("deleting {}", stack.name);
    let deleted = tokio::select! {
        deleted = seen(&doing, terminal, deletion) => deleted,
        _ = tokio::signal::ctrl_c() => {
            return Err(Failure::new(
                Kind::Interrupted,
                format!("the deletion of {} goes on without us", stack.name),
            )
            .hint("run revoke again to see it through: the grant's line in the table goes last"));
        }
    };
    deleted.map_err(|error| {
        let is_kept = matches!(error, StackError::Kept { .. });
        let failure = Failure::from(error);
        match grant.and_then(|grant| grant.policy.as_ref()) {
            Some(policy) if is_kept => failure.hint(format!(
                "a policy that is attached elsewhere can't be deleted: `aws iam list-entities-for-policy --policy-arn \
                 {policy}` shows to whom; detach it and run revoke again"
            )),
            _ => failure,
        }
    })
}
