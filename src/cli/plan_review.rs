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
use crate::model::Grouped;
use crate::ops::{KeyChange, Plan, PlanOutcome, ValueDifference};
use crate::store::Store;
use crate::wire::{self, RenamedKey};

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
    /// They have been shown it, and have answered.
    Given,
}

/// A plan with what it is called.
pub(super) struct Review<'p> {
    /// The command.
    pub(super) action: &'static str,
    /// The config that it changes.
    pub(super) config: String,
    pub(super) plan: &'p Plan,
    /// The keys whose names in the source are not valid keys.
    pub(super) renamed: &'p [RenamedKey],
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
        for RenamedKey { name, key } in self.renamed {
            terminal.hint(&format!("note: the name {name:?} becomes the key {key}"));
        }
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
        let is_shown = match self.ask {
            Confirmation::First | Confirmation::Answered => true,
            Confirmation::Never => args.values,
            Confirmation::Given => false,
        };
        if is_shown {
            for (sign, line) in lines(plan, args.values) {
                terminal.toned_hint(Tone::of_sign(sign), &line);
            }
        }
        if self.ask == Confirmation::First {
            let question = question(&self.config, &plan.outcome());
            let answer = terminal.ask(&question, "--yes").await?;
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
        self.warn_of_replaced(terminal);
        Ok(self.tell("applied", &outcome, args, format, terminal)?)
    }

    /// Warns of values that were in the clear where there is a secret now.
    fn warn_of_replaced(&self, terminal: &Terminal) {
        let is_replaced = |change: &KeyChange| matches!(change, ValueDifference::Changed(entry, wanted) if !entry.secret && wanted.is_secret());
        let changes = self.plan.changes().iter();
        let keys: Vec<_> = changes.filter(|(_, change)| is_replaced(change)).collect();
        let Some((first, _)) = keys.first() else {
            return;
        };
        let others = match keys.len() - 1 {
            0 => String::new(),
            1 => " and 1 other key".into(),
            others => format!(" and {} other keys", Grouped(others)),
        };
        terminal.note(&format!(
            "warning: the earlier values of {first}{others} were not encrypted: they stay in the history, for as long as that is \
             kept, and in backups; change a secret at its source if it is the same"
        ));
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
            renamed: self.renamed.to_vec(),
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
