mod args;
mod follow;
mod local;
mod prove;
mod review;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Instant;

use aws_sdk_cloudformation::Client;
use clap::Args;
use serde::Serialize;

pub(in crate::cli) use self::args::{RoleArgs, StackArgs};
pub(super) use self::follow::follow;
pub(super) use self::review::{approve, show_plan};
use self::review::{sets, show_who_may};
use crate::aws::Aws;
use crate::cli::failure::Failure;
use crate::cli::output::show;
use crate::cli::session::Session;
use crate::cli::terminal::Terminal;
use crate::engine::dynamodb::{DynamoDb, DynamoDbOptions};
use crate::model::{ConfigName, Kind};
use crate::stack::{self, Blueprint, Deployed, Parameter, Proposal, ResourceChange};
use crate::store::{Admin as _, Meta};
use crate::target::EngineName;

/// Deploy or update a config's stack and prove it
///
/// Makes a change set, shows it, asks, executes it, and then reads once through the read role. Flags that aren't
/// given keep what the stack has. With nothing to change it says so and makes three requests.
#[derive(Debug, Args)]
#[command(override_usage = "discfg init [OPTIONS] CONFIG")]
pub(in crate::cli) struct InitArgs {
    /// The config
    #[arg(value_name = "CONFIG", required_unless_present = "config")]
    name: Option<ConfigName>,
    #[command(flatten)]
    stack: StackArgs,
    /// Don't ask
    #[arg(short, long)]
    yes: bool,
    /// Show the change set and remove it
    #[arg(long)]
    dry_run: bool,
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
        EngineName::Local if args.stack.is_empty() => {
            return local::run(&target, args.dry_run, session, terminal);
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
    let cfn = Client::new(aws.sdk());
    let spec = args.stack.spec(config.clone(), target.external_id.as_deref())?;
    let mut trust_changes = false;
    let (deployed, plan, result) =
        match propose(&cfn, &Blueprint::from(&spec), args.yes, args.dry_run, terminal).await? {
            Proposal::Unchanged(deployed) => (*deployed, None, "unchanged"),
            Proposal::Clear(left) => {
                terminal.hint(&format!("{} would be deleted and made anew.", left.stack.name));
                return Ok(());
            }
            Proposal::Ready(plan) => {
                show_plan(&plan, terminal);
                if !approve(&cfn, &plan, args.yes, args.dry_run, terminal).await? {
                    return Ok(());
                }
                trust_changes =
                    plan.creates || sets(&plan, Parameter::Readers) || sets(&plan, Parameter::Writers);
                let result = if plan.creates { "created" } else { "updated" };
                let changes: Vec<ChangeShape> = plan.changes.iter().map(ChangeShape::new).collect();
                (follow(&cfn, plan, terminal).await?, Some(changes), result)
            }
        };
    if plan.is_some() {
        write_meta(&aws, &config, &deployed).await?;
    }
    prove::prove(&aws, &target, &deployed, plan.is_some(), terminal).await?;
    if trust_changes {
        show_who_may(&deployed, terminal);
    }

    let shape = Made {
        action: "init",
        config: config.to_string(),
        result,
        stack: StackShape::new(&deployed),
        outputs: deployed.outputs.clone(),
        changes: plan.unwrap_or_default(),
        duration_ms: started.elapsed().as_millis(),
    };
    let human = || {
        let mut text = format!("{config}: {result}\n");
        for (name, value) in &shape.outputs {
            let _ = writeln!(text, "  {name:<16} {value}");
        }
        text
    };
    show(terminal, session.format(), &shape, human, || {
        format!("{result}\n").into_bytes()
    })
}

/// Plans, and clears away what a failed first create left, after asking.
pub(super) async fn propose(
    cfn: &Client,
    wanted: &Blueprint,
    yes: bool,
    dry_run: bool,
    terminal: &mut Terminal,
) -> Result<Proposal, Failure> {
    loop {
        match stack::plan(cfn, wanted.clone()).await? {
            Proposal::Clear(left) if !dry_run => {
                let question = format!(
                    "The stack {} is in {}: an earlier create failed and left it empty. Delete it and create anew?",
                    left.stack.name, left.stack.state
                );
                if !yes && !terminal.confirm(&question, "--yes")? {
                    return Err(Failure::new(Kind::Interrupted, "nothing was changed"));
                }
                stack::clear(cfn, &left).await?;
            }
            proposal => return Ok(proposal),
        }
    }
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
    table.write_meta(meta).await.map_err(Failure::from)
}
