mod follow;
mod local;
mod survey;

use std::sync::Arc;
use std::time::Instant;

use aws_sdk_cloudformation::Client;
use aws_sdk_dynamodb::Client as DynamoDb;
use clap::Args;
use serde::Serialize;

use self::follow::delete_table;
pub(super) use self::follow::{Bound, Ended, delete_stack};
use self::survey::Survey;
pub(super) use self::survey::check_stack;
use super::grant::table;
use crate::aws::{AssumedRole, Aws, RoleArn};
use crate::cli::failure::Failure;
use crate::cli::output::show;
use crate::cli::session::Session;
use crate::cli::terminal::Terminal;
use crate::context::{EngineName, Target};
use crate::model::{Access, AwsNames, ConfigName, ErrorKind, GrantName, Span};
use crate::stack::{Deployed, GRANT_RESOURCES, Grant, Parameter, RESOURCES};

/// Delete a config's grants and stack, and keep its table
///
/// The table stays with all that it holds, and `discfg init` takes it in again; --delete-data deletes it, too. Asks for
/// the config's name. OIDC providers and keys of KMS are never deleted. Ctrl-C leaves a deletion running; calling
/// it again goes on with what is left. The exit code is 3 where there is nothing to destroy, 7 where CloudFormation
/// could not delete something, or the --timeout ran out.
#[derive(Debug, Args)]
#[command(override_usage = "discfg destroy [OPTIONS] CONFIG")]
pub(in crate::cli) struct DestroyArgs {
    /// The config: what is destroyed is named, and not chosen by a .discfg
    #[arg(value_name = "CONFIG", required_unless_present = "config")]
    name: Option<ConfigName>,
    /// Delete the table, too, with all that it holds; on the embedded engine the file and the key of its secrets
    #[arg(long)]
    delete_data: bool,
    /// Don't ask for the config's name
    #[arg(short, long)]
    yes: bool,
    /// Show what would be deleted, and delete nothing
    #[arg(long)]
    dry_run: bool,
    /// Wait no longer than this for CloudFormation and DynamoDB, which go on: 90s, 10m
    #[arg(long, value_name = "TIME")]
    timeout: Option<Span>,
}

#[derive(Debug, Serialize)]
struct Destroyed {
    action: &'static str,
    config: String,
    /// `destroyed`, or `planned` with --dry-run.
    result: &'static str,
    /// The stack that was deleted, if there was one.
    stack: Option<String>,
    /// The grants that were deleted.
    grants: Vec<String>,
    /// The table, or the file, if there was one.
    data: Option<Data>,
    #[serde(rename = "durationMs")]
    duration_ms: u128,
}

#[derive(Debug, Serialize)]
struct Data {
    name: String,
    /// Whether it is there no more.
    deleted: bool,
}

pub(in crate::cli) async fn run(
    args: DestroyArgs,
    session: &mut Session,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    session.choose(args.name.clone())?;
    let target = session.target()?.clone();
    match &target.engine.value {
        EngineName::DynamoDb => {}
        EngineName::Local => return local::run(&args, &target, session, terminal).await,
        EngineName::Http(url) => {
            return Err(
                Failure::usage(format!("a config can't be destroyed through {url}"))
                    .hint("`--engine dynamodb` asks AWS itself"),
            );
        }
    }
    let started = Instant::now();
    let config = target.config()?.clone();
    let aws = session.aws().await?;
    let survey = Survey::take(&aws, &target).await?;
    survey.check(args.delete_data)?;
    survey.tell(args.delete_data, terminal);
    if args.dry_run {
        terminal.hint("Nothing was deleted.");
    } else {
        if !args.yes {
            ask(&config, terminal).await?;
        }
        carry_out(&args, &survey, &aws, &target, terminal).await?;
    }
    let shape = Destroyed {
        action: "destroy",
        config: config.to_string(),
        result: if args.dry_run { "planned" } else { "destroyed" },
        stack: survey.stack.as_ref().map(|stack| stack.name.clone()),
        grants: survey.grants.iter().map(|(grant, _)| grant.to_string()).collect(),
        data: survey.table.as_ref().map(|table| Data {
            name: table.name.clone(),
            deleted: args.delete_data && !args.dry_run,
        }),
        duration_ms: started.elapsed().as_millis(),
    };
    end(&shape, session, terminal)
}

fn end(shape: &Destroyed, session: &Session, terminal: &mut Terminal) -> Result<(), Failure> {
    let human = || {
        let what = if shape.result == "planned" {
            "would be destroyed"
        } else {
            "destroyed"
        };
        format!("{}: {what}\n", shape.config)
    };
    show(terminal, session.format(), shape, human, || {
        format!("{}\n", shape.result).into_bytes()
    })
}

/// A yes is given too easily for what can't be undone.
async fn ask(config: &ConfigName, terminal: &mut Terminal) -> Result<(), Failure> {
    let question = format!("To destroy {config}, type its name.");
    if terminal.ask_for(&question, config.as_str(), "--yes").await? {
        return Ok(());
    }
    Err(Failure::new(
        ErrorKind::Interrupted,
        format!("{config} was not typed: nothing was deleted"),
    ))
}

async fn carry_out(
    args: &DestroyArgs,
    survey: &Survey,
    aws: &Arc<Aws>,
    target: &Target,
    terminal: &Terminal,
) -> Result<(), Failure> {
    let config = &survey.config;
    let hint =
        format!("`discfg status {config}` shows it; `discfg destroy {config}` goes on with what is left");
    let bound = Bound::new(args.timeout, hint);
    let cfn = Client::new(aws.sdk());
    // First the grants: their roles would outlive what they are about.
    for (grant, stack) in &survey.grants {
        let deleted = delete_stack(&cfn, stack, &resources_of(stack), &bound, terminal).await;
        if let Err(ended) = deleted {
            return Err(survey.explain(ended, aws, Some(grant)).await);
        }
        forget(aws, target, survey, Some(grant));
        if survey.table.is_some() && !args.delete_data {
            unlist(aws, config, grant, terminal).await;
        }
    }
    if let Some(stack) = &survey.stack {
        let deleted = delete_stack(&cfn, stack, &resources(stack), &bound, terminal).await;
        if let Err(ended) = deleted {
            return Err(survey.explain(ended, aws, None).await);
        }
    }
    forget(aws, target, survey, None);
    let Some(table) = &survey.table else {
        return Ok(());
    };
    if args.delete_data {
        delete_table(&DynamoDb::new(aws.sdk()), config, &bound, terminal).await?;
        if let Some(key) = &table.key {
            terminal.hint(&format!(
                "The key {key} is kept: backups of the table need it. `aws kms schedule-key-deletion --key-id {key}` \
                 ends it."
            ));
        }
    } else {
        terminal.hint(&format!(
            "The table {} is kept with all that it holds. `discfg init {config}` takes it in again; \
             `discfg destroy {config} --delete-data` deletes it.",
            table.name
        ));
    }
    Ok(())
}

/// What a config's stack has. Few make a key or an API.
fn resources(stack: &Deployed) -> Vec<(&'static str, &'static str)> {
    let makes = |parameter: Parameter| {
        let made = stack.parameters.get(parameter.name());
        made.is_some_and(|made| made == "true")
    };
    let (key, api) = (makes(Parameter::MakeKmsKey), makes(Parameter::MakeApi));
    RESOURCES
        .into_iter()
        .filter(|(id, _)| match *id {
            "Key" | "KeyAlias" => key,
            "ReadPolicy" | "WritePolicy" | "ReadRole" | "WriteRole" | "Table" => true,
            _ => api,
        })
        .collect()
}

/// What a grant's stack has. Few make the OIDC provider, and some have no part in an API.
fn resources_of(stack: &Deployed) -> Vec<(&'static str, &'static str)> {
    let grant = Grant::of(stack).ok();
    let makes_provider = grant
        .as_ref()
        .is_some_and(|grant| grant.makes_oidc_provider.is_some());
    let of_api = grant.as_ref().filter(|grant| grant.api.is_some());
    let access = of_api.map(|grant| grant.scope.access());
    GRANT_RESOURCES
        .into_iter()
        .filter(|(id, _)| match *id {
            "OidcProvider" => makes_provider,
            "ApiReadPolicy" => access.is_some(),
            "ApiWritePolicy" => access == Some(Access::Write),
            _ => true,
        })
        .collect()
}

/// Takes a grant out of the list in the table that is kept, with the caller's own credentials. A line that stays grants
/// nothing, so that what hinders it is told and stops nothing.
async fn unlist(aws: &Aws, config: &ConfigName, grant: &GrantName, terminal: &Terminal) {
    if let Err(error) = table(aws, config).remove_grant(grant).await {
        terminal.note(&format!(
            "The grant {grant} is gone, and stays in the table's list of grants: {error}."
        ));
    }
}

/// Drops the credentials that are kept of roles which are no more: a role made anew wouldn't take them.
fn forget(aws: &Arc<Aws>, target: &Target, survey: &Survey, grant: Option<&GrantName>) {
    let names = AwsNames::new(&survey.config, aws.region()).ok();
    let (Some(names), Some(account)) = (names, survey.account()) else {
        return;
    };
    let roles = match grant {
        Some(grant) => names.grant_role(grant).into_iter().collect(),
        None => vec![names.role(Access::Read), names.role(Access::Write)],
    };
    for name in roles {
        let role = RoleArn {
            account: account.to_owned(),
            arn: names.role_arn(account, &name),
            name,
        };
        AssumedRole::new(Arc::clone(aws), role, target.external_id.clone()).forget();
    }
}
