mod args;
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
pub(super) use self::follow::follow;
pub(super) use self::patience::Patience;
pub(super) use self::propose::{How, Wanted, propose, situation};
pub(super) use self::review::{approve, show_plan};
use self::review::{sets, show_who_may};
use crate::aws::Aws;
use crate::cli::failure::Failure;
use crate::cli::output::show;
use crate::cli::session::Session;
use crate::cli::terminal::Terminal;
use crate::engine::dynamodb::{DynamoDb, DynamoDbOptions};
use crate::model::{ConfigName, Kind, Span};
use crate::stack::{Deployed, Parameter, Proposal, ResourceChange, Services, StackSpec};
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
    /// Don't ask
    #[arg(short, long)]
    yes: bool,
    /// Show the change set and remove it
    #[arg(long)]
    dry_run: bool,
    /// Where another deployment of the stack is running, wait for its end
    #[arg(long)]
    wait: bool,
    /// How long a deployment is waited for, such as 10m: exit code 7 then, and it goes on
    #[arg(long, value_name = "TIME")]
    timeout: Option<Span>,
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
        EngineName::Local if args.stack.is_empty() && !args.wait && args.timeout.is_none() => {
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
    let spec = args.stack.spec(config.clone(), target.external_id.as_deref())?;
    let how = How {
        yes: args.yes,
        dry_run: args.dry_run,
        wait: args.wait,
    };
    let patience = Patience::new(args.timeout);
    // Large, with all that it may have to do, and held here as often as it is passed on.
    let provisioning = Box::pin(provision(&aws, &target, &spec, &how, &patience, terminal));
    let made = tokio::select! {
        made = provisioning => made?,
        () = patience.interrupted(2) => {
            return Err(Failure::new(Kind::Interrupted, "left at once, whatever was under way")
                .hint(format!("`discfg status {config}` shows what is there; running init again goes on from it")));
        }
    };
    let Some(Provisioned {
        deployed,
        changes,
        result,
    }) = made
    else {
        return Ok(());
    };

    let shape = Made {
        action: "init",
        config: config.to_string(),
        result,
        stack: StackShape::new(&deployed),
        outputs: deployed.outputs.clone(),
        changes,
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

struct Provisioned {
    deployed: Deployed,
    changes: Vec<ChangeShape>,
    result: &'static str,
}

/// Makes the stack as wanted and proves it. Nothing if nothing was to be done but looking.
async fn provision(
    aws: &Arc<Aws>,
    target: &Target,
    spec: &StackSpec,
    how: &How,
    patience: &Patience,
    terminal: &mut Terminal,
) -> Result<Option<Provisioned>, Failure> {
    let services = Services::new(aws.sdk());
    let mut changes = Vec::new();
    let mut result = "unchanged";
    let mut trust_changes = false;
    let deployed = loop {
        let plan = match propose(&services, Wanted::Config(spec), how, patience, terminal).await? {
            Proposal::Unchanged(deployed) => break *deployed,
            Proposal::Clear(left) => {
                terminal.hint(&situation(&left));
                terminal.hint("Without --dry-run this is done first, after asking. Nothing was changed.");
                return Ok(None);
            }
            Proposal::Ready(plan) => plan,
        };
        show_plan(&plan, terminal);
        if !approve(&services.cfn, &plan, how.yes, how.dry_run, terminal).await? {
            return Ok(None);
        }
        trust_changes |= plan.creates || sets(&plan, Parameter::Readers) || sets(&plan, Parameter::Writers);
        if plan.creates {
            result = "created";
        } else if result == "unchanged" {
            result = "updated";
        }
        changes.extend(plan.changes.iter().map(ChangeShape::new));
        let adopts = plan.adopts.is_some();
        let deployed = follow(&services.cfn, plan, patience, terminal).await?;
        if !adopts {
            break deployed;
        }
        terminal.hint("The table is taken in. Now the rest is made.");
    };
    let is_new = result != "unchanged";
    if is_new {
        write_meta(aws, &spec.config, &deployed).await?;
    }
    tokio::select! {
        proved = prove::prove(aws, target, &deployed, is_new, terminal) => proved?,
        () = patience.interrupted(1) => {
            return Err(Failure::new(
                Kind::Interrupted,
                format!("the stack {} is deployed; reading through its role was not proved", deployed.name),
            ));
        }
    }
    if trust_changes {
        show_who_may(&deployed, terminal);
    }
    Ok(Some(Provisioned {
        deployed,
        changes,
        result,
    }))
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
