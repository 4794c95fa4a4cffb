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
use self::result::show_result;
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
use crate::cli::session::Session;
use crate::cli::terminal::Terminal;
use crate::context::{ApiUrl, EngineName, Target};
use crate::model::{ConfigName, ErrorKind, KmsKeyArn};
use crate::stack::{Deployed, Output, StackSpec, TableKey};

/// Deploy or update a config's stack and prove it
///
/// Makes a change set, shows it, asks, executes it, and then reads once through the read role. Flags that aren't
/// given keep what the stack has. With nothing to change it says so and makes three requests.
///
/// What a failed deployment left is cleared away first, after asking; a table that holds anything is never deleted. A
/// table that outlived its stack is adopted, in two change sets. Ctrl-C leaves the deployment running, and so does the
/// end of --timeout (exit code 7); running init again goes on from there. Ctrl-C at a question removes the change set.
///
/// With --api the stack holds an HTTP API of the config too: API Gateway, which asks IAM about each request, before a
/// function. Its code is put into a bucket that is made once for an account and region, in the stack discfg--code.
///
/// Before it asks it says what access is broadened and narrowed, from the policies before and after; what can't be told
/// counts as broadened. --dry-run shows that, and the price, removes the change set, and with -f json prints an object
/// whose result is "planned". A stack that was deployed without discfg gets the settings that its table lacks.
#[derive(Debug, Args)]
#[command(override_usage = "discfg init [OPTIONS] CONFIG")]
pub(in crate::cli) struct InitArgs {
    /// The config
    #[arg(value_name = "CONFIG", required_unless_present = "config")]
    name: Option<ConfigName>,
    #[command(flatten)]
    stack: StackArgs,
    #[command(flatten)]
    deploy: DeployArgs,
}

pub(in crate::cli) async fn run(
    args: InitArgs,
    session: &mut Session,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let started = Instant::now();
    session.choose(args.name.clone())?;
    let target = session.target()?.clone();
    let config = target.config()?.clone();
    match &target.engine.value {
        EngineName::DynamoDb => {}
        EngineName::Local if args.stack.is_empty() && !args.deploy.waits() => {
            return local::run(&target, args.deploy.dry_run, session, terminal);
        }
        EngineName::Local => {
            return Err(Failure::usage(
                "the embedded engine has no stack: remove the options for AWS",
            ));
        }
        EngineName::Http(url) => {
            return Err(Failure::usage(format!("can't create a config through {url}"))
                .hint("use --engine dynamodb to access AWS directly"));
        }
    }
    let aws = session.aws().await?;
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

/// The line that ends the output of a new config.
fn next_step(config: &ConfigName) -> String {
    format!("next: discfg set {config} db/url VALUE")
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
