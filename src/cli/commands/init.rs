mod api;
mod args;
mod code;
mod executions;
mod function;
mod local;

use std::sync::Arc;
use std::time::Instant;

use clap::Args;

pub(in crate::cli) use self::api::CodeFrom;
pub(in crate::cli) use self::args::{RoleArgs, StackArgs, oidc_trust};
use crate::aws::Aws;
pub(super) use crate::cli::deploying::deployment::{DeployArgs, Deployment, deploy};
use crate::cli::deploying::made::Made;
pub(super) use crate::cli::deploying::made::Reviewed;
pub(in crate::cli) use crate::cli::deploying::oidc_provider::{
    Issuers, Provider, absent, issuers, name_of, provider,
};
pub(super) use crate::cli::deploying::patience::Patience;
pub(super) use crate::cli::deploying::propose::Wanted;
use crate::cli::deploying::review::show_who_may;
pub(super) use crate::cli::deploying::verify::{
    Denial, SPREADS_WITHIN, Trust, explanation, fits, until_spread,
};
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::cli::terminal::Terminal;
use crate::context::{ApiUrl, EngineName, Target};
use crate::model::{ConfigName, ErrorKind, KmsKeyArn};
use crate::stack::{Deployed, Output, Services, StackSpec, TableKey};

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
                "the embedded engine has no stack, so it takes no options for one",
            ));
        }
        EngineName::Http(url) => {
            return Err(Failure::usage(format!("a config can't be made through {url}"))
                .hint("`--engine dynamodb` asks AWS itself"));
        }
    }
    let aws = session.aws().await?;
    let code = args.stack.code();
    let mut spec = args.stack.spec(config.clone(), target.external_id.as_deref())?;
    if let Some(TableKey::Given(key)) = &spec.key {
        check_account(&aws, key).await?;
    }
    crate::cli::deploying::oidc_provider::check_providers(
        &aws,
        spec.github.as_deref(),
        spec.oidc.as_ref(),
        terminal,
    )
    .await?;
    let patience = Patience::new(args.deploy.timeout);
    // Large, with all that it may have to do, and held as often as it is passed on.
    let provisioning = Box::pin(async {
        code::provide(&aws, &mut spec, code, &args.deploy, &patience, terminal).await?;
        provision(&aws, &target, &spec, &args.deploy, &patience, terminal).await
    });
    let made = patience.unless_left_at_once(&config, provisioning).await?;
    Made::new(&config, made).show(started, session, terminal)
}

/// The key gets a name, which it can have in its own account alone (KMS developer guide, "Aliases in AWS KMS").
async fn check_account(aws: &Aws, key: &KmsKeyArn) -> Result<(), Failure> {
    let own = aws.caller().await?.account;
    if key.account() == own {
        return Ok(());
    }
    let why = format!(
        "the KMS key {key} is of the account {}; a config takes a key of its own account, {own}",
        key.account()
    );
    Err(Failure::new(ErrorKind::Invalid, why).hint("--kms makes one in the stack"))
}

/// Makes the stack as wanted and proves it.
async fn provision(
    aws: &Arc<Aws>,
    target: &Target,
    spec: &StackSpec,
    how: &DeployArgs,
    patience: &Patience,
    terminal: &mut Terminal,
) -> Result<Deployment, Failure> {
    let services = Services::new(aws.sdk());
    let deploying = Box::pin(deploy(&services, Wanted::Config(spec), how, patience, terminal));
    let made = deploying.await?;
    let Some(deployed) = &made.deployed else {
        return Ok(made);
    };
    if made.is_new() {
        crate::cli::deploying::meta::write(aws, &spec.config, deployed).await?;
    }
    function::verify(aws, deployed, terminal).await?;
    let proving = Box::pin(crate::cli::deploying::verify::prove(
        aws,
        target,
        deployed,
        made.is_new(),
        terminal,
    ));
    let proof = unless_interrupted(patience, deployed, "its role", proving).await?;
    if made.is_new() {
        let proving = Box::pin(crate::cli::deploying::verify_api::prove(
            aws, target, deployed, terminal,
        ));
        unless_interrupted(patience, deployed, "its API", proving).await?;
    } else {
        crate::cli::deploying::meta::mend(aws, &spec.config, deployed, proof, how.dry_run, terminal).await?;
    }
    if made.trust_changes {
        show_who_may(deployed, terminal);
    }
    if let (true, Some(endpoint)) = (made.makes_api, deployed.outputs.get(Output::ApiEndpoint.name())) {
        let url = endpoint.parse::<ApiUrl>().ok();
        let tells_region = url.is_some_and(|url| url.gateway_region().is_some());
        terminal.hint(&format!(
            "To go through the API, in a folder of its own: `discfg use {} --engine {endpoint}{}`",
            spec.config,
            if tells_region { "" } else { " --sign" }
        ));
    }
    Ok(made)
}

/// Proves the stack by reading through `way`, unless Ctrl-C is pressed.
async fn unless_interrupted<T>(
    patience: &Patience,
    deployed: &Deployed,
    way: &str,
    proving: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    tokio::select! {
        proof = proving => proof,
        () = patience.interrupted(1) => Err(Failure::new(
            ErrorKind::Interrupted,
            format!("the stack {} is deployed; reading through {way} was not proved", deployed.name),
        )),
    }
}
