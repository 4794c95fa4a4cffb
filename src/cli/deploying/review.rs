use std::collections::BTreeMap;

use aws_sdk_cloudformation::Client;

use super::deployer::Deployer;
use super::options::DeployArgs;
use crate::aws::assume_statement;
use crate::cli::failure::Failure;
use crate::cli::terminal::Terminal;
use crate::model::ErrorKind;
use crate::stack::{self, Deployed, Effect, FoundTable, Output, Parameter, StackPlan};

pub(super) fn show_plan(plan: &StackPlan, terminal: &Terminal) {
    if !terminal.is_quiet() {
        show(plan, terminal);
    }
}

/// Whether progress is wanted or not.
fn show(plan: &StackPlan, terminal: &Terminal) {
    for line in lines(plan) {
        let hang = if line.starts_with("  ") { VERB + 3 } else { 2 };
        terminal.note_hanging(&line, hang);
    }
}

/// The columns that what is done takes.
const VERB: usize = 8;

/// A plan in plain words, line by line.
fn lines(plan: &StackPlan) -> Vec<String> {
    let verb = if plan.creates { "Creating" } else { "Updating" };
    let mut lines = vec![format!("{verb} the stack {}:", plan.stack)];
    lines.extend(plan.adopts.as_ref().map(adoption));
    let mut add = |verb: &str, text: String| lines.push(format!("  {verb:<VERB$} {text}"));
    for change in &plan.changes {
        let properties = if change.properties.is_empty() {
            String::new()
        } else {
            format!(": {}", change.properties.join(", "))
        };
        let text = format!("{} ({}){properties}", change.words, change.logical_id);
        add(&change.action.to_string(), text);
    }
    for change in &plan.parameters {
        // The first line named them.
        if ["Config", "Grant"].contains(&change.name) {
            continue;
        }
        let before = change
            .before
            .as_deref()
            .map(|before| format!("{} -> ", value(before)));
        let (before, after) = (before.unwrap_or_default(), value(&change.after));
        let text = format!("{}: {before}{after}", change.words);
        add("set", text);
    }
    if let Some((before, after)) = &plan.tags {
        let text = if before.is_empty() {
            format!("tags: {}", tags(after))
        } else {
            format!("tags: {} -> {}", tags(before), tags(after))
        };
        add("set", text);
    }
    for change in &plan.access {
        let verb = match change.effect {
            Effect::Broadens if plan.creates => "grants".to_owned(),
            effect => effect.to_string(),
        };
        add(&verb, format!("{}: {}", change.words, change.text));
    }
    lines
}

/// A parameter's value, in the words of the flags.
fn value(value: &str) -> &str {
    match value {
        "" => "none",
        "PAY_PER_REQUEST" => "on-demand",
        "PROVISIONED" => "provisioned",
        value => value,
    }
}

fn tags(tags: &BTreeMap<String, String>) -> String {
    let tags: Vec<String> = tags.iter().map(|(key, value)| format!("{key}={value}")).collect();
    if tags.is_empty() {
        "none".into()
    } else {
        tags.join(", ")
    }
}

/// What is asked before a plan is deployed.
fn question(plan: &StackPlan) -> String {
    let broader = plan
        .access
        .iter()
        .filter(|change| change.effect.may_broaden())
        .count();
    let lines = if broader == 1 { "line" } else { "lines" };
    match (broader, plan.creates) {
        (0, _) => "Deploy this?".into(),
        (_, true) => format!("Deploy this? It grants access ({broader} {lines} above)."),
        (_, false) => format!("Deploy this? It broadens access ({broader} {lines} above)."),
    }
}

fn adoption(table: &FoundTable) -> String {
    format!(
        "The table {} is there already, left by an earlier stack ({}). It is adopted with all it holds, in two \
         deployments: this one takes it in as it is, the next makes the rest.",
        table.name, table.billing
    )
}

pub(super) fn sets(plan: &StackPlan, parameter: Parameter) -> bool {
    plan.parameters
        .iter()
        .any(|change| change.name == parameter.name())
}

/// The roles trust the account, and so leave it to each principal's own policies.
pub(in crate::cli) fn show_who_may(deployed: &Deployed, terminal: &Terminal) {
    terminal.hint("A principal's own policies must let it assume the role, too:");
    for (purpose, output) in [("read", Output::ReadRoleArn), ("write", Output::WriteRoleArn)] {
        if let Some(role) = deployed.outputs.get(output.name()) {
            terminal.hint(&format!("  to {purpose:<6} {}", assume_statement(role)));
        }
    }
}

/// Whether the plan has to do with what is paid.
fn concerns_price(plan: &StackPlan) -> bool {
    let billing = [
        Parameter::BillingMode,
        Parameter::ReadCapacity,
        Parameter::WriteCapacity,
    ];
    plan.creates || billing.iter().any(|parameter| sets(plan, *parameter))
}

impl Deployer<'_> {
    /// Asks; whatever isn't approved leaves nothing behind.
    pub(super) async fn approve(&mut self, plan: &StackPlan) -> Result<bool, Failure> {
        let DeployArgs { dry_run, yes, .. } = *self.options;
        if !dry_run && let Some(price) = plan.price().filter(|_| concerns_price(plan)) {
            for line in price.words().lines() {
                self.terminal.hint(line);
            }
        }
        let answer = match (dry_run, yes) {
            (true, _) => Ok(false),
            (false, true) => Ok(true),
            (false, false) => {
                if self.terminal.is_quiet() {
                    // Nobody can answer for what they haven't seen.
                    show(plan, self.terminal);
                }
                self.terminal.ask(&question(plan), "--yes").await
            }
        };
        if !matches!(answer, Ok(true)) {
            take_back(&self.services.cfn, plan).await?;
        }
        match answer {
            Ok(false) if dry_run => {
                self.terminal
                    .hint("Nothing was deployed; the change set is removed.");
                Ok(false)
            }
            Ok(false) => Err(Failure::new(
                ErrorKind::Interrupted,
                "nothing was deployed; the change set is removed",
            )),
            answer => answer,
        }
    }
}

async fn take_back(cfn: &Client, plan: &StackPlan) -> Result<(), Failure> {
    stack::discard(cfn, plan).await.map_err(|error| {
        let (stack, change_set) = (&plan.stack, &plan.change_set_arn);
        let failure = Failure::from(error).hint(format!(
            "nothing was deployed, and the change set stays: `aws cloudformation delete-change-set --stack-name {stack} \
             --change-set-name {change_set}` removes it"
        ));
        if plan.creates {
            failure.hint(format!(
                "the stack {stack} stays empty, too: `aws cloudformation delete-stack --stack-name {stack}` removes it"
            ))
        } else {
            failure
        }
    })
}
