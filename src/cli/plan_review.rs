//! Plans: shown, asked for, carried out, told.

use std::fmt::Write as _;

use clap::Args;

use super::change_line::{line, shown, sign};
use super::failure::{Failure, Stop};
use super::global::Format;
use super::message_args::MessageArgs;
use super::output::show;
use super::terminal::Terminal;
use crate::cli::terminal::color::Tone;
use crate::cli::terminal::count::Count;
use crate::ops::{Plan, PlanOutcome};
use crate::store::Store;
use crate::wire;

/// How a plan is to be treated.
#[derive(Debug, Args)]
pub(super) struct PlanArgs {
    /// Show what would change, and change nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Allow several commits if one can't hold it all
    ///
    /// Each commit is all or nothing. After a failure, rerun the command to resume.
    #[arg(long)]
    pub(super) batch: bool,
    /// Show values too; secrets stay masked
    #[arg(long)]
    pub(super) values: bool,
    #[command(flatten)]
    pub(super) message: MessageArgs,
}

/// Whether the user is asked before a plan is carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Confirmation {
    /// On the terminal.
    First,
    /// They have answered already, and are shown what to.
    Answered,
    /// They needn't be shown it.
    Never,
}

/// A plan with what it is called.
pub(super) struct Review<'p> {
    /// The command.
    pub(super) action: &'static str,
    /// The config that it changes.
    pub(super) config: String,
    pub(super) plan: &'p Plan,
    pub(super) ask: Confirmation,
}

impl Review<'_> {
    /// Shows the plan, asks, commits, and says what was done.
    pub(super) async fn carry_out(
        &self,
        args: &PlanArgs,
        store: &dyn Store,
        format: Format,
        terminal: &mut Terminal,
    ) -> Result<(), Stop> {
        let with_message;
        let plan = match &args.message.message {
            None => self.plan,
            Some(message) => {
                with_message = self.plan.clone().with_message(message.clone());
                &with_message
            }
        };
        if plan.is_empty() || args.dry_run {
            let result = if plan.is_empty() { "unchanged" } else { "planned" };
            return Ok(self.tell(result, &plan.outcome(), args, format, terminal)?);
        }
        if !args.batch {
            plan.check_limit()?;
        }
        if self.ask != Confirmation::Never || args.values {
            for (sign, line) in lines(plan, args.values) {
                terminal.toned_hint(Tone::of_sign(sign), &line);
            }
        }
        if self.ask == Confirmation::First {
            let answer = terminal.confirm(&question(&self.config, &plan.outcome()), "--yes")?;
            answer.or_cancel("nothing was changed")?;
        }
        let outcome = if args.batch {
            let (total, mut made) = (plan.len(), 0);
            let mut count = Count::new("committing", total, terminal);
            let done = |changes| {
                made += changes;
                count.advance(changes);
            };
            let outcome = plan.commit_in_batches(store, done).await;
            let rate = count.end();
            if outcome.is_err() && made > 0 {
                terminal.note(&format!(
                    "{made} of {total} changes were committed before the failure; rerun to commit the rest"
                ));
            }
            let outcome = outcome?;
            terminal.hint(&format!("{total} changes, {rate}/s"));
            outcome
        } else {
            plan.commit(store).await?
        };
        Ok(self.tell("applied", &outcome, args, format, terminal)?)
    }

    fn tell(
        &self,
        result: &'static str,
        outcome: &PlanOutcome,
        args: &PlanArgs,
        format: Format,
        terminal: &mut Terminal,
    ) -> Result<(), Failure> {
        let shape = wire::PlanAnswer {
            action: self.action,
            config: self.config.clone(),
            result,
            added: outcome.added,
            changed: outcome.changed,
            removed: outcome.removed,
            unchanged: outcome.unchanged,
            changes: self
                .plan
                .changes()
                .iter()
                .filter_map(|(key, change)| {
                    let (_, op) = sign(change)?;
                    let shown = shown(change, args.values);
                    Some(wire::PlannedChange::new(op, key.to_string(), shown))
                })
                .collect(),
            sections: outcome.heads.iter().map(wire::SectionRevision::new).collect(),
        };
        let human = || {
            let mut text = String::new();
            if result == "planned" {
                for (sign, line) in lines(self.plan, args.values) {
                    let _ = writeln!(text, "{}", Tone::of_sign(sign).paint(&line));
                }
            }
            let _ = writeln!(text, "{}: {result}: {}", self.config, counted(outcome));
            for head in &outcome.heads {
                let _ = writeln!(text, "  {} is at revision {}", head.section, head.revision);
            }
            text
        };
        show(terminal, format, &shape, human, || {
            format!("{result}\n").into_bytes()
        })
    }
}

/// The keys that change, each with its sign and a line for people.
fn lines(plan: &Plan, values: bool) -> impl Iterator<Item = (char, String)> {
    let changes = plan.changes().iter();
    changes.filter_map(move |(key, change)| line(key, change, values))
}

fn question(config: &str, outcome: &PlanOutcome) -> String {
    format!("{config}: {}. Apply these changes?", counted(outcome))
}

fn counted(outcome: &PlanOutcome) -> String {
    if outcome.added + outcome.changed + outcome.removed + outcome.unchanged == 0 {
        return "no keys".into();
    }
    format!(
        "{} added, {} changed, {} removed, {} unchanged",
        outcome.added, outcome.changed, outcome.removed, outcome.unchanged
    )
}
