mod args;
mod deployment;
mod follow;
mod local;
mod patience;
mod propose;
mod prove;
mod review;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Instant;

use clap::Args;
use serde::Serialize;

pub(in crate::cli) use self::args::{RoleArgs, StackArgs};
pub(super) use self::deployment::{DeployArgs, Deployment, deploy};
pub(super) use self::patience::Patience;
pub(super) use self::propose::Wanted;
use self::review::show_who_may;
use crate::aws::Aws;
use crate::cli::failure::Failure;
use crate::cli::output::show;
use crate::cli::session::Session;
use crate::cli::terminal::Terminal;
use crate::engine::dynamodb::{DynamoDb, DynamoDbOptions};
use crate::model::{ConfigName, Kind};
use crate::stack::{Deployed, ResourceChange, Services, StackSpec};
use crate::store::{Admin as _, Meta};
use crate::target::{EngineName, Target};

/// Deploy or update a config's stack and prove it
///
/// Makes a change set, shows it, asks, executes it, and then reads once through the read role. Flags that aren't
/// given keep what the stack has. With nothing to change it says so and makes three requests.
///
/// What a failed deployment left is cleared away first, after asking; a table that holds anything is never deleted. A
/// table that outlived its stack is adopted, in two change sets. Ctrl-C leaves the deployment running, and so does the
/// end of --timeout (exit code 7); running init again goes on from there. Ctrl-C at a question removes the change set.
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

#[derive(Serialize)]
struct Made {
    action: &'static str,
    config: String,
    result: &'static str,
    stack: StackShape,
    outputs: BTreeMap<String, String>,
    changes: Vec<ChangeShape>,
    #[serde(rename = "durationMs")]
    duration_ms: u128,
}

/// A stack, as results show it.
#[derive(Serialize)]
pub(super) struct StackShape {
    name: String,
    arn: String,
    status: String,
}

impl StackShape {
    pub(super) fn new(stack: &Deployed) -> Self {
        Self {
            name: stack.name.clone(),
            arn: stack.arn.clone(),
            status: stack.state.to_string(),
        }
    }
}

/// What was done to a resource, as results show it.
#[derive(Serialize)]
pub(super) struct ChangeShape {
    resource: String,
    what: String,
    action: String,
}

impl ChangeShape {
    pub(super) fn new(change: &ResourceChange) -> Self {
        Self {
            resource: change.logical_id.clone(),
            what: change.words.clone(),
            action: change.action.to_string(),
        }
    }
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
                .hint("run init against AWS itself, or with --local"));
        }
    }
    let aws = session.aws().await?;
    let spec = args.stack.spec(config.clone(), target.external_id.as_deref())?;
    let patience = Patience::new(args.deploy.timeout);
    let provisioning = provision(&aws, &target, &spec, &args.deploy, &patience, terminal);
    let Some(made) = patience.unless_left_at_once(&config, provisioning).await? else {
        return Ok(());
    };

    let shape = Made {
        action: "init",
        config: config.to_string(),
        result: made.result,
        stack: StackShape::new(&made.deployed),
        outputs: made.deployed.outputs,
        changes: made.changes,
        duration_ms: started.elapsed().as_millis(),
    };
    let human = || {
        let mut text = format!("{config}: {}\n", shape.result);
        for (name, value) in &shape.outputs {
            let _ = writeln!(text, "  {name:<16} {value}");
        }
        text
    };
    show(terminal, session.format(), &shape, human, || {
        format!("{}\n", shape.result).into_bytes()
    })
}

/// Makes the stack as wanted and proves it. Nothing if nothing was to be done but looking.
async fn provision(
    aws: &Arc<Aws>,
    target: &Target,
    spec: &StackSpec,
    how: &DeployArgs,
    patience: &Patience,
    terminal: &mut Terminal,
) -> Result<Option<Deployment>, Failure> {
    let services = Services::new(aws.sdk());
    let Some(made) = deploy(&services, Wanted::Config(spec), how, patience, terminal).await? else {
        return Ok(None);
    };
    let deployed = &made.deployed;
    if made.is_new() {
        write_meta(aws, &spec.config, deployed).await?;
    }
    tokio::select! {
        proved = prove::prove(aws, target, deployed, made.is_new(), terminal) => proved?,
        () = patience.interrupted(1) => {
            return Err(Failure::new(
                Kind::Interrupted,
                format!("the stack {} is deployed; reading through its role was not proved", deployed.name),
            ));
        }
    }
    if made.trust_changes {
        show_who_may(deployed, terminal);
    }
    Ok(Some(made))
}

/// Stores the config's settings with the deployer's own credentials.
async fn write_meta(aws: &Aws, config: &ConfigName, deployed: &Deployed) -> Result<(), Failure> {
    let table = DynamoDb::new(DynamoDbOptions {
        config: config.clone(),
        sdk: aws.sdk().clone(),
        by: String::new(),
        clock: None,
        registers_sections: false,
        capacity: None,
    });
    let meta = Meta {
        layout: Meta::LAYOUT,
        history_days: deployed.history_days().get(),
    };
    table.write_meta(meta).await.map_err(Failure::of_direct_write)
}
