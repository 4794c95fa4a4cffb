mod args;
mod follow;
mod local;
mod result;
mod survey;

pub(in crate::cli) use self::args::DestroyArgs;

use std::sync::Arc;
use std::time::Instant;

use aws_sdk_cloudformation::Client;
use aws_sdk_dynamodb::Client as DynamoDb;

use self::follow::delete_table;
pub(super) use self::follow::{DeletionBound, DeletionFailure, delete_stack};
use self::result::{ask, end};
use self::survey::Survey;
pub(super) use self::survey::check_stack;
use crate::aws::{AssumedRole, Aws, RoleArn};
use crate::cli::direct_table::direct_table;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::cli::terminal::Terminal;
use crate::context::{EngineName, Target};
use crate::model::{Access, AwsNames, ConfigName, GrantName};
use crate::stack::{Deployed, GRANT_RESOURCES, Grant, Parameter, RESOURCES};
use crate::wire::result::{DestroyResult, DestroyedData};

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
            return Err(Failure::usage(format!("cannot destroy a config through {url}"))
                .hint("use --engine dynamodb to access AWS directly"));
        }
    }
    let started = Instant::now();
    let config = target.config()?.clone();
    let aws = session.aws().await?;
    let survey = Survey::take(&aws, &target).await?;
    survey.check(args.delete_data)?;
    survey.tell(args.delete_data, terminal);
    if args.dry_run {
        terminal.hint("Dry run: nothing was deleted.");
    } else {
        if !args.yes {
            ask(&config, terminal).await?;
        }
        carry_out(&args, &survey, &aws, &target, terminal).await?;
    }
    let shape = DestroyResult {
        action: "destroy",
        config: config.to_string(),
        result: if args.dry_run { "planned" } else { "destroyed" },
        stack: survey.stack.as_ref().map(|stack| stack.name.clone()),
        grants: survey.grants.iter().map(|(grant, _)| grant.to_string()).collect(),
        data: survey.table.as_ref().map(|table| DestroyedData {
            name: table.name.clone(),
            deleted: args.delete_data && !args.dry_run,
        }),
        duration_ms: started.elapsed().as_millis(),
    };
    end(&shape, session, terminal)
}

async fn carry_out(
    args: &DestroyArgs,
    survey: &Survey,
    aws: &Arc<Aws>,
    target: &Target,
    terminal: &Terminal,
) -> Result<(), Failure> {
    let config = &survey.config;
    let hint = format!("rerun to resume; `discfg status {config}` shows the state");
    let bound = DeletionBound::new(args.timeout, hint);
    let cfn = Client::new(aws.sdk());
    // The grants first, so that their roles don't outlive the config.
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
                "Kept the KMS key {key}, which backups of the table need. Delete it with `aws kms schedule-key-deletion \
                 --key-id {key}`."
            ));
        }
    } else {
        terminal.hint(&format!(
            "Kept the table {} with its data. Import it with `discfg init {config}`, or delete it with `discfg destroy \
             {config} --delete-data`.",
            table.name
        ));
    }
    Ok(())
}

/// The resources of a config's stack: a key and an API are optional.
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

/// The resources of a grant's stack: the OIDC provider and the API policies are optional.
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

/// Removes a grant from the list in the kept table, with the caller's own credentials. A remaining entry gives no
/// access, so a failure is only reported.
async fn unlist(aws: &Aws, config: &ConfigName, grant: &GrantName, terminal: &Terminal) {
    if let Err(error) = direct_table(config, aws.sdk().clone()).remove_grant(grant).await {
        terminal.note(&format!(
            "The grant {grant} was revoked, but the table still lists it: {error}."
        ));
    }
}

/// Drops cached credentials of deleted roles, which a recreated role would reject.
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
