mod local;
mod prove;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Instant;

use aws_sdk_cloudformation::Client;
use clap::Args;
use futures::StreamExt as _;
use serde::Serialize;

use crate::aws::Aws;
use crate::cli::failure::Failure;
use crate::cli::output::show;
use crate::cli::session::Session;
use crate::cli::terminal::Terminal;
use crate::cli::terminal_progress::Board;
use crate::engine::dynamodb::{DynamoDb, DynamoDbOptions};
use crate::model::{
    AccountId, Billing, ConfigName, ExternalId, GitHubSubject, HistoryDays, Kind, OrgId, PolicyArn,
    PrincipalPattern,
};
use crate::stack::{self, Deployed, Output, Parameter, Plan, Progress, Proposal, ResourceChange, StackSpec};
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

/// What a stack is to be.
#[derive(Debug, Args)]
#[command(next_help_heading = "Stack options (not for --local)")]
pub(in crate::cli) struct StackArgs {
    /// Who may assume the read role; * and ? as in ArnLike; given, they replace the list
    #[arg(long = "reader", value_name = "ARN")]
    readers: Vec<PrincipalPattern>,
    /// Who may assume the write role; given, they replace the list
    #[arg(long = "writer", value_name = "ARN")]
    writers: Vec<PrincipalPattern>,
    /// GitHub jobs that may assume the read role: ORG/REPO:environment:E or ORG/REPO:ref:R
    #[arg(long, value_name = "JOB")]
    github: Vec<GitHubSubject>,
    /// Trust another account too, with --org-id or --external-id
    #[arg(long, value_name = "ID")]
    account_id: Vec<AccountId>,
    /// The organization that callers of other accounts must belong to
    #[arg(long, value_name = "ID")]
    org_id: Option<OrgId>,
    /// A policy that bounds both roles
    #[arg(long, value_name = "ARN")]
    permissions_boundary: Option<PolicyArn>,
    /// How the table is paid for: on-demand, or provisioned:READS/WRITES
    #[arg(long, value_name = "MODE")]
    billing: Option<Billing>,
    /// How many days changes stay in the log
    #[arg(long, value_name = "DAYS")]
    history_days: Option<HistoryDays>,
    /// A tag of the stack: KEY=VALUE; given, they replace the list
    #[arg(long = "tag", value_name = "K=V", value_parser = tag)]
    tags: Vec<(String, String)>,
    /// The role that CloudFormation deploys with, instead of you
    #[arg(long, value_name = "ARN")]
    cfn_role: Option<String>,
}

fn tag(text: &str) -> Result<(String, String), String> {
    let parts = text.split_once('=').filter(|(key, _)| !key.is_empty());
    parts
        .map(|(key, value)| (key.into(), value.into()))
        .ok_or_else(|| "expected KEY=VALUE".into())
}

impl StackArgs {
    pub(in crate::cli) fn spec(
        self,
        config: ConfigName,
        external_id: Option<&str>,
    ) -> Result<StackSpec, Failure> {
        fn given<T>(list: Vec<T>) -> Option<Vec<T>> {
            Some(list).filter(|list| !list.is_empty())
        }
        let external_id = external_id.map(str::parse::<ExternalId>).transpose();
        Ok(StackSpec {
            readers: given(self.readers),
            writers: given(self.writers),
            github: given(self.github),
            account_ids: given(self.account_id),
            org_id: self.org_id,
            external_id: external_id
                .map_err(|error| Failure::caused(Kind::Usage, "invalid --external-id", &error))?,
            permissions_boundary: self.permissions_boundary,
            billing: self.billing,
            history_days: self.history_days,
            tags: given(self.tags).map(BTreeMap::from_iter),
            cfn_role: self.cfn_role,
            ..StackSpec::new(config)
        })
    }

    fn is_empty(&self) -> bool {
        let none: [bool; 10] = [
            self.readers.is_empty(),
            self.writers.is_empty(),
            self.github.is_empty(),
            self.account_id.is_empty(),
            self.org_id.is_none(),
            self.permissions_boundary.is_none(),
            self.billing.is_none(),
            self.history_days.is_none(),
            self.tags.is_empty(),
            self.cfn_role.is_none(),
        ];
        none.iter().all(|none| *none)
    }
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

#[derive(Serialize)]
struct StackShape {
    name: String,
    arn: String,
    status: String,
}

#[derive(Serialize)]
struct ChangeShape {
    resource: String,
    what: String,
    action: String,
}

impl ChangeShape {
    fn new(change: &ResourceChange) -> Self {
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
    let (deployed, plan, result) = match propose(&cfn, &spec, args.yes, args.dry_run, terminal).await? {
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
        stack: StackShape {
            name: deployed.name.clone(),
            arn: deployed.arn.clone(),
            status: deployed.state.to_string(),
        },
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

fn show_plan(plan: &Plan, terminal: &Terminal) {
    terminal.hint(&format!(
        "{} the stack {}:",
        if plan.creates { "Creating" } else { "Updating" },
        plan.stack
    ));
    for change in &plan.changes {
        terminal.hint(&format!(
            "  {:<8} {} ({})",
            change.action.to_string(),
            change.words,
            change.logical_id
        ));
    }
    for change in &plan.parameters {
        // The first line named it.
        if change.parameter == Parameter::Config {
            continue;
        }
        let before = change
            .before
            .as_deref()
            .map_or(String::new(), |before| format!("{before} -> "));
        terminal.hint(&format!(
            "  set      {}: {before}{}",
            change.parameter.words(),
            change.after
        ));
    }
    for parameter in [Parameter::Readers, Parameter::Writers] {
        if plan.creates && !sets(plan, parameter) {
            terminal.hint(&format!(
                "  set      {}: whomever this account's policies allow",
                parameter.words()
            ));
        }
    }
    if let Some((_, after)) = &plan.tags {
        let tags: Vec<String> = after
            .iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        terminal.hint(&format!("  set      tags: {}", tags.join(", ")));
    }
}

fn sets(plan: &Plan, parameter: Parameter) -> bool {
    plan.parameters.iter().any(|change| change.parameter == parameter)
}

/// The roles trust the account, and so leave it to each principal's own policies.
fn show_who_may(deployed: &Deployed, terminal: &Terminal) {
    terminal.hint("A principal's own policies must let it assume the role, too:");
    for (purpose, output) in [("read", Output::ReadRoleArn), ("write", Output::WriteRoleArn)] {
        if let Some(role) = deployed.outputs.get(output.name()) {
            terminal.hint(&format!(
                r#"  to {purpose:<6} {{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"{role}"}}"#
            ));
        }
    }
}

/// Asks; whatever isn't approved leaves nothing behind.
async fn approve(
    cfn: &Client,
    plan: &Plan,
    yes: bool,
    dry_run: bool,
    terminal: &mut Terminal,
) -> Result<bool, Failure> {
    let answer = match (dry_run, yes) {
        (true, _) => Ok(false),
        (false, true) => Ok(true),
        (false, false) => terminal.ask("Deploy this?", "--yes").await,
    };
    if !matches!(answer, Ok(true)) {
        stack::discard(cfn, plan).await?;
    }
    match answer {
        Ok(false) if dry_run => {
            terminal.hint("Nothing was deployed; the change set is removed.");
            Ok(false)
        }
        Ok(false) => Err(Failure::new(
            Kind::Interrupted,
            "nothing was deployed; the change set is removed",
        )),
        answer => answer,
    }
}

async fn follow(cfn: &Client, plan: Plan, terminal: &Terminal) -> Result<Deployed, Failure> {
    let name = plan.stack.clone();
    let mut board = Board::new(&plan.changes, terminal.is_quiet());
    let mut news = stack::deploy(cfn.clone(), plan);
    loop {
        let next = tokio::select! {
            next = news.next() => next,
            () = board.heartbeat() => continue,
            _ = tokio::signal::ctrl_c() => {
                board.end();
                return Err(Failure::new(Kind::Interrupted, format!("the deployment of {name} goes on without us"))
                    .hint(format!("aws cloudformation describe-stack-events --stack-name {name} shows it; \
                        aws cloudformation cancel-update-stack or delete-stack stops it")));
            }
        };
        match next {
            Some(Ok(Progress::Event(event))) => board.show(&event),
            Some(Ok(Progress::Done(deployed))) => {
                board.end();
                return Ok(*deployed);
            }
            Some(Err(error)) => {
                board.end();
                return Err(error.into());
            }
            None => {
                return Err(Failure::new(
                    Kind::Stack,
                    format!("the deployment of {name} ended without an end"),
                ));
            }
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
