use std::collections::BTreeMap;

use aws_sdk_cloudformation::Client;

use super::deployer::Deployer;
use super::options::DeployArgs;
use crate::aws::assume_statement;
use crate::cli::failure::Failure;
use crate::cli::terminal::Terminal;
use crate::cli::terminal::color::Tone;
use crate::cli::terminal::prompt::Consent;
use crate::stack::{self, Action, Deployed, EarlierAccess, Effect, FoundTable, Output, Parameter, StackPlan};

pub(super) fn show_plan(plan: &StackPlan, terminal: &Terminal) {
    if !terminal.is_quiet() {
        show(plan, terminal);
    }
}

/// Shows the plan even with `--quiet`.
fn show(plan: &StackPlan, terminal: &Terminal) {
    for (tone, line) in lines(plan) {
        let hang = if line.starts_with("  ") { VERB + 3 } else { 2 };
        terminal.toned_note(tone, &line, hang);
    }
}

/// The width of the verb column.
const VERB: usize = 8;

/// The lines that show a plan, with the tone of each.
fn lines(plan: &StackPlan) -> Vec<(Tone, String)> {
    let verb = if plan.creates { "Creating" } else { "Updating" };
    let mut lines = vec![(Tone::Title, format!("{verb} the stack {}:", plan.stack))];
    lines.extend(plan.adopts.as_ref().map(|table| (Tone::Plain, adoption(table))));
    let mut add =
        |tone: Tone, verb: &str, text: String| lines.push((tone, format!("  {verb:<VERB$} {text}")));
    for change in &plan.changes {
        let properties = if change.properties.is_empty() {
            String::new()
        } else {
            format!(": {}", change.properties.join(", "))
        };
        let text = format!("{} ({}){properties}", change.words, change.logical_id);
        let tone = match change.action {
            Action::Remove | Action::Replace => Tone::Bad,
            _ => Tone::Plain,
        };
        add(tone, change.action.verb(), text);
    }
    for change in &plan.parameters {
        // The first line names them.
        if ["Config", "Grant"].contains(&change.name) {
            continue;
        }
        let before = change
            .before
            .as_deref()
            .map(|before| format!("{} -> ", value(before)));
        let (before, after) = (before.unwrap_or_default(), value(&change.after));
        let from = match &plan.earlier_access {
            Some(EarlierAccess::Restored(names)) if names.contains(&change.name) => {
                " (as in the earlier stack)"
            }
            _ => "",
        };
        let text = format!("{}: {before}{after}{from}", change.words);
        add(Tone::Plain, "set", text);
    }
    if plan.earlier_access == Some(EarlierAccess::Unknown) {
        let text =
            "access settings of the earlier stack (CloudFormation forgets a deleted stack after 90 days)";
        add(Tone::Notable, "unknown", text.into());
    }
    if let Some((before, after)) = &plan.tags {
        let text = if before.is_empty() {
            format!("tags: {}", tags(after))
        } else {
            format!("tags: {} -> {}", tags(before), tags(after))
        };
        add(Tone::Plain, "set", text);
    }
    for change in &plan.access {
        let verb = match change.effect {
            Effect::Broadens if plan.creates => "grants".to_owned(),
            effect => effect.to_string(),
        };
        let tone = if change.effect.may_broaden() {
            Tone::Notable
        } else {
            Tone::Plain
        };
        add(tone, &verb, format!("{}: {}", change.words, change.text));
    }
    lines
}

/// A parameter's value, in the terms of the flags.
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

/// The question before a plan is deployed.
fn question(plan: &StackPlan) -> String {
    let broader = plan
        .access
        .iter()
        .filter(|change| change.effect.may_broaden())
        .count();
    let lines = |effect: &str| match broader {
        1 => format!("the `{effect}` line above"),
        _ => format!("the {broader} `{effect}` lines above"),
    };
    if plan.adopts.is_some() {
        return "Import the table? A second question follows, for the remaining resources and their access."
            .into();
    }
    match (broader, plan.creates) {
        (0, _) => "Deploy these changes?".into(),
        (_, true) => format!("Deploy these changes? They grant access ({}).", lines("grants")),
        (_, false) => format!(
            "Deploy these changes? They broaden access ({}).",
            lines("broadens")
        ),
    }
}

fn adoption(table: &FoundTable) -> String {
    format!(
        "Table {} exists from an earlier stack (billing {}). It is kept with its data, in two deployments: the first \
         imports \
         the table, the second creates the remaining resources.",
        table.name, table.billing
    )
}

pub(super) fn sets(plan: &StackPlan, parameter: Parameter) -> bool {
    plan.parameters
        .iter()
        .any(|change| change.name == parameter.name())
}

/// Shows the policy statements that principals need: the roles trust the account, so their own policies decide.
pub(in crate::cli) fn show_assume_statements(deployed: &Deployed, terminal: &Terminal) {
    terminal.hint("Principals also need a policy of their own that lets them assume the role:");
    for (purpose, output) in [("read", Output::ReadRoleArn), ("write", Output::WriteRoleArn)] {
        if let Some(role) = deployed.outputs.get(output.name()) {
            terminal.hint(&format!("  to {purpose:<6} {}", assume_statement(role)));
        }
    }
}

/// Whether the plan affects the price.
fn concerns_price(plan: &StackPlan) -> bool {
    let billing = [
        Parameter::BillingMode,
        Parameter::ReadCapacity,
        Parameter::WriteCapacity,
    ];
    plan.creates || billing.iter().any(|parameter| sets(plan, *parameter))
}

fn show_price(words: &str, terminal: &Terminal) {
    for (index, line) in words.lines().enumerate() {
        let label = if index == 0 { "Price:" } else { "" };
        terminal.hint(&format!("{label:<6} {line}"));
    }
}

impl Deployer<'_> {
    /// Asks for confirmation. If it is not given, the change set is deleted.
    pub(super) async fn approve(&mut self, plan: &StackPlan) -> Result<bool, Failure> {
        let DeployArgs { dry_run, yes, .. } = *self.options;
        if !dry_run && let Some(price) = plan.price().filter(|_| concerns_price(plan)) {
            show_price(&price.words(), self.terminal);
        }
        let answer = match (dry_run, yes) {
            (true, _) => Ok(Consent::No),
            (false, true) if forgets_access(plan) => Err(Failure::usage(
                "--yes would open the config to the whole account: who had access to the earlier stack is unknown",
            )
            .hint("give --reader and --writer, or run it without --yes and answer")),
            (false, true) => Ok(Consent::Yes),
            (false, false) => {
                if self.terminal.is_quiet() {
                    // The question needs the plan, even with --quiet.
                    show(plan, self.terminal);
                }
                self.terminal.ask(&question(plan), "--yes").await
            }
        };
        if !matches!(answer, Ok(Consent::Yes)) {
            discard_change_set(&self.services.cfn, plan).await?;
        }
        match answer? {
            Consent::No if dry_run => {
                self.terminal
                    .hint("Dry run: nothing was deployed, change set removed.");
                Ok(false)
            }
            answer => answer.or_cancel("change set removed").map(|()| true),
        }
    }
}

/// Whether what bounded access to the table's config is lost, and nothing is given in its place.
fn forgets_access(plan: &StackPlan) -> bool {
    let bounds = [
        Parameter::Readers,
        Parameter::Writers,
        Parameter::GitHubSubjects,
        Parameter::FirstOidc,
        Parameter::AccountIds,
        Parameter::OrgId,
    ];
    plan.earlier_access == Some(EarlierAccess::Unknown) && !bounds.iter().any(|bound| sets(plan, *bound))
}

async fn discard_change_set(cfn: &Client, plan: &StackPlan) -> Result<(), Failure> {
    stack::discard(cfn, plan).await.map_err(|error| {
        let (stack, change_set) = (&plan.stack, &plan.change_set_arn);
        let failure = Failure::from(error).hint(format!(
            "nothing was deployed; remove the change set: `aws cloudformation delete-change-set --stack-name {stack} \
             --change-set-name {change_set}`"
        ));
        if plan.creates {
            failure.hint(format!(
                "delete the empty stack: `aws cloudformation delete-stack --stack-name {stack}`"
            ))
        } else {
            failure
        }
    })
}
