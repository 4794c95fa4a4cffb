mod args;
mod follow;
mod local;
mod made;
mod meta;
mod prove;
mod review;

use std::time::Instant;

use aws_sdk_cloudformation::Client;
use clap::Args;

pub(in crate::cli) use self::args::StackArgs;
use self::follow::follow;
use self::made::Made;
use self::review::{approve, sets, show_plan, show_who_may};
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::cli::terminal::Terminal;
use crate::model::{ConfigName, Kind};
use crate::stack::{self, Parameter, Proposal, StackSpec};
use crate::target::EngineName;

/// Deploy or update a config's stack and prove it
///
/// Makes a change set, shows it, asks, executes it, and then reads once through the read role. Flags that aren't
/// given keep what the stack has. With nothing to change it says so and makes three requests.
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
    /// Don't ask
    #[arg(short, long)]
    yes: bool,
    /// Show what would change, who gains or loses access and the price; leaves nothing behind
    #[arg(long)]
    dry_run: bool,
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
    let (deployed, made) = match propose(&cfn, &spec, args.yes, args.dry_run, terminal).await? {
        Proposal::Unchanged(deployed) => (*deployed, None),
        Proposal::Clear(left) => {
            terminal.hint(&format!("{} would be deleted and made anew.", left.stack.name));
            return Ok(());
        }
        Proposal::Ready(mut plan) => {
            stack::compare_access(&cfn, &mut plan).await;
            show_plan(&plan, terminal);
            let made = Made::planned(&config, &plan);
            if !approve(&cfn, &plan, args.yes, args.dry_run, terminal).await? {
                return made.show(started, session, terminal);
            }
            trust_changes =
                plan.creates || sets(&plan, Parameter::Readers) || sets(&plan, Parameter::Writers);
            let result = if plan.creates { "created" } else { "updated" };
            let deployed = follow(&cfn, plan, terminal).await?;
            let made = made.deployed(result, &deployed);
            (deployed, Some(made))
        }
    };
    if made.is_some() {
        meta::write(&aws, &config, &deployed).await?;
    }
    let proof = prove::prove(&aws, &target, made.is_some(), terminal).await?;
    if made.is_none() {
        meta::mend(&aws, &config, &deployed, proof, args.dry_run, terminal).await?;
    }
    if trust_changes {
        show_who_may(&deployed, terminal);
    }
    made.unwrap_or_else(|| Made::unchanged(&config, &deployed))
        .show(started, session, terminal)
}

/// Plans, and clears away what a failed first create left, after asking.
async fn propose(
    cfn: &Client,
    spec: &StackSpec,
    yes: bool,
    dry_run: bool,
    terminal: &mut Terminal,
) -> Result<Proposal, Failure> {
    loop {
        match stack::plan(cfn, spec).await? {
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
