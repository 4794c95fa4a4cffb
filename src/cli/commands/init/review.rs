use aws_sdk_cloudformation::Client;

use crate::cli::failure::Failure;
use crate::cli::terminal::Terminal;
use crate::model::Kind;
use crate::stack::{self, Deployed, FoundTable, Output, Parameter, Plan};

pub(in crate::cli) fn show_plan(plan: &Plan, terminal: &Terminal) {
    terminal.hint(&format!(
        "{} the stack {}:",
        if plan.creates { "Creating" } else { "Updating" },
        plan.stack
    ));
    if let Some(table) = &plan.adopts {
        show_adoption(table, terminal);
    }
    for change in &plan.changes {
        terminal.hint(&format!(
            "  {:<8} {} ({})",
            change.action.to_string(),
            change.words,
            change.logical_id
        ));
    }
    for change in &plan.parameters {
        // The first line named them.
        if ["Config", "Grant"].contains(&change.name) {
            continue;
        }
        let before = change
            .before
            .as_deref()
            .map_or(String::new(), |before| format!("{before} -> "));
        terminal.hint(&format!("  set      {}: {before}{}", change.words, change.after));
    }
    for parameter in [Parameter::Readers, Parameter::Writers] {
        let has_it = plan.changes.iter().any(|change| change.logical_id == "ReadRole");
        if plan.creates && has_it && !sets(plan, parameter) {
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

fn show_adoption(table: &FoundTable, terminal: &Terminal) {
    terminal.hint(&format!(
        "  The table {} is there already, left by an earlier stack ({}). It is adopted with all it holds, in two \
         deployments: this one takes it in as it is, the next makes the rest.",
        table.name, table.billing
    ));
}

pub(super) fn sets(plan: &Plan, parameter: Parameter) -> bool {
    plan.parameters
        .iter()
        .any(|change| change.name == parameter.name())
}

/// The roles trust the account, and so leave it to each principal's own policies.
pub(super) fn show_who_may(deployed: &Deployed, terminal: &Terminal) {
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
pub(in crate::cli) async fn approve(
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
