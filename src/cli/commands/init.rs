mod api;
mod args;
mod code;
mod executions;
mod function;
mod local;
mod meta;
mod result;

use std::time::Instant;

use clap::Args;

pub(in crate::cli) use self::api::CodeFrom;
pub(in crate::cli) use self::args::{RoleArgs, StackArgs, oidc_trust};
use self::result::{next_step, show_result};
use crate::aws::Aws;
use crate::cli::deploying::deployer::Deployer;
use crate::cli::deploying::deployment::Deployment;
use crate::cli::deploying::oidc_provider::check_providers;
use crate::cli::deploying::options::DeployArgs;
use crate::cli::deploying::patience::DeploymentPatience;
use crate::cli::deploying::propose::DesiredStack;
use crate::cli::deploying::review::show_assume_statements;
use crate::cli::deploying::{verify, verify_api};
use crate::cli::failure::Failure;
use crate::cli::help::{GlobalsLast as _, positionals};
use crate::cli::session::Session;
use crate::cli::terminal::Terminal;
use crate::context::{ApiUrl, EngineName, Target};
use crate::model::{ConfigName, ErrorKind, KmsKeyArn};
use crate::stack::{Deployed, Output, StackSpec, TableKey};

/// Deploy or update a config's stack and verify it
///
/// Creates a change set, shows it with its effect on access, asks for confirmation, executes it, and then reads the
/// config once through the read role. Flags that are not given keep the stack's values. If nothing changes, nothing is
/// deployed. An effect on access that can't be determined is shown as broader access.
///
/// First cleans up after a failed deployment, once you confirm; a table with data is never deleted. If `destroy` kept
/// the config's table, init imports it, in two change sets. A stack that was deployed without discfg gets the settings
/// that its table lacks.
///
/// Ctrl-C leaves the deployment running in the background, and so does --timeout (exit code 7): rerun to resume. Ctrl-C
/// at a prompt deletes the change set. --dry-run deletes it too; with -f json its result is "planned".
///
/// --api adds an HTTP API: API Gateway with IAM authorization, and a Lambda function. The function's code is uploaded to
/// a bucket in the stack discfg--code, which is created once per account and region.
#[derive(Debug, Args)]
#[command(globals_last())]
#[command(
    override_usage = "discfg init [OPTIONS] CONFIG\n       discfg init --local [CONFIG]",
    help_template = positionals(&[("CONFIG", "Config to create or update; with --local, the folder's name by default")]),
    after_long_help = EXAMPLES
)]
pub(in crate::cli) struct InitArgs {
    /// Config to create or update
    #[arg(value_name = "CONFIG", hide = true)]
    name: Option<ConfigName>,
    #[command(flatten)]
    stack: StackArgs,
    #[command(flatten)]
    deploy: DeployArgs,
}

const EXAMPLES: &str = "\
Examples:
  discfg init demo --local
  discfg init payments --dry-run
  discfg init payments --history-days 30 \\
    --reader 'arn:aws:iam::123456789012:role/app-*'";

pub(in crate::cli) async fn run(
    mut args: InitArgs,
    session: &mut Session,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let started = Instant::now();
    session.choose(args.name.clone())?;
    let mut target = session.target()?.clone();
    if session.global().config.is_none() {
        target.config = Some(local::config_of_folder(&target)?);
    }
    let config = target.config()?.clone();
    match &target.engine.value {
        EngineName::DynamoDb => {}
        EngineName::Local => {
            let history_days = args.stack.take_history_days();
            if args.stack.is_empty() && !args.deploy.waits() {
                return local::run(&target, history_days, args.deploy.dry_run, session, terminal).await;
            }
            return Err(Failure::usage(
                "a local config has no stack: remove the options for AWS",
            ));
        }
        EngineName::Http(url) => {
            return Err(Failure::usage(format!("cannot create a config through {url}"))
                .hint("use --engine dynamodb to access AWS directly"));
        }
    }
    let aws = session.aws().await.map_err(|failure| match failure.kind {
        ErrorKind::Usage if target.region.is_none() => {
            failure.hint("or use --local, which needs no AWS account")
        }
        _ => failure,
    })?;
    let code = args.stack.code();
    let mut spec = args.stack.spec(config.clone(), target.external_id.as_deref())?;
    if let Some(TableKey::Given(key)) = &spec.key {
        check_account(&aws, key).await?;
    }
    check_providers(&aws, spec.github.as_deref(), spec.oidc.as_ref(), terminal).await?;
    let patience = DeploymentPatience::new(args.deploy.timeout);
    // Boxed, since the future is large and passed on several times.
    let provisioning = Box::pin(async {
        let mut deployer = Deployer::new(&aws, &args.deploy, &patience, terminal);
        code::provide(&mut deployer, &mut spec, code).await?;
        provision(&mut deployer, &target, &spec).await
    });
    let deployment = patience.unless_left_at_once(&config, provisioning).await?;
    let is_created = deployment.result == "created";
    show_result(&config, deployment, started, session, terminal)?;
    if is_created {
        // The result comes first, also where both are seen on one terminal.
        terminal.flush()?;
        terminal.hint(&next_step(&config));
    }
    Ok(())
}

/// The key gets an alias, which is only possible in its own account (KMS developer guide, "Aliases in AWS KMS").
async fn check_account(aws: &Aws, key: &KmsKeyArn) -> Result<(), Failure> {
    let own = aws.caller().await?.account;
    if key.account() == own {
        return Ok(());
    }
    let why = format!(
        "the KMS key {key} is in account {}: a config needs a key in its own account, {own}",
        key.account()
    );
    Err(Failure::new(ErrorKind::Invalid, why).hint("use --kms to create a key in the stack"))
}

/// Deploys the stack and verifies it.
async fn provision(
    deployer: &mut Deployer<'_>,
    target: &Target,
    spec: &StackSpec,
) -> Result<Deployment, Failure> {
    let deployment = Box::pin(deployer.deploy(DesiredStack::Config(spec))).await?;
    let Deployer {
        aws,
        options,
        patience,
        terminal,
        ..
    } = deployer;
    let Some(stack) = &deployment.deployed else {
        return Ok(deployment);
    };
    if deployment.is_new() {
        meta::write(aws, &spec.config, stack).await?;
    }
    function::verify(aws, stack, terminal).await?;
    let proving = Box::pin(verify::prove(aws, target, stack, deployment.is_new(), terminal));
    let proof = unless_interrupted(patience, stack, "its read role", proving).await?;
    if deployment.is_new() {
        let proving = Box::pin(verify_api::prove(aws, target, stack, terminal));
        unless_interrupted(patience, stack, "its HTTP API", proving).await?;
    } else {
        meta::mend(aws, &spec.config, stack, proof, options.dry_run, terminal).await?;
    }
    if deployment.trust_changes {
        show_assume_statements(stack, terminal);
    }
    if let (true, Some(endpoint)) = (
        deployment.makes_api,
        stack.outputs.get(Output::ApiEndpoint.name()),
    ) {
        let url = endpoint.parse::<ApiUrl>().ok();
        let tells_region = url.is_some_and(|url| url.gateway_region().is_some());
        terminal.hint(&format!(
            "To use the HTTP API, run in another folder: `discfg use {} --engine {endpoint}{}`",
            spec.config,
            if tells_region { "" } else { " --sign" }
        ));
    }
    Ok(deployment)
}

/// Verifies the stack by reading through `way`, unless Ctrl-C is pressed.
async fn unless_interrupted<T>(
    patience: &DeploymentPatience,
    deployed: &Deployed,
    way: &str,
    proving: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    tokio::select! {
        proof = proving => proof,
        () = patience.interrupted(1) => Err(Failure::new(
            ErrorKind::Interrupted,
            format!("the stack {} is deployed; {way} was not verified", deployed.name),
        )),
    }
}
