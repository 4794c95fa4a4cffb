//! Plans: shown, asked for, carried out, told.

use std::fmt::Write as _;

use clap::Args;

use super::change_line::{differing_kinds, line, shown, sign};
use super::failure::{Failure, Stop};
use super::global::Format;
use super::message_args::MessageArgs;
use super::output::show;
use super::terminal::Terminal;
use crate::cli::terminal::color::Tone;
use crate::cli::terminal::count::Count;
use crate::model::{Grouped, Head};
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

impl Confirmation {
    /// On the terminal, unless `--yes` has answered already.
    pub(super) fn unless(yes: bool) -> Self {
        if yes { Self::Answered } else { Self::First }
    }
}

/// Plans with what they are called: one, or two of which the second is carried out after the first.
pub(super) struct Review<'p> {
    /// The command.
    action: &'static str,
    /// What it does, in a line, where the changes don't say it.
    title: Option<String>,
    /// The config that it changes.
    config: String,
    plan: &'p Plan,
    then: Option<NextPlan<'p>>,
    /// The keys whose names in the source are not valid keys.
    renamed: &'p [RenamedKey],
    ask: Confirmation,
}

/// What is to be done in another config once the first plan is committed.
pub(super) struct NextPlan<'p> {
    pub(super) config: String,
    pub(super) plan: &'p Plan,
    pub(super) store: &'p dyn Store,
    /// What is so if it fails.
    pub(super) left: String,
}

impl<'p> Review<'p> {
    pub(super) fn new(action: &'static str, config: String, plan: &'p Plan, ask: Confirmation) -> Self {
        Self {
            action,
            title: None,
            config,
            plan,
            then: None,
            renamed: &[],
            ask,
        }
    }

    /// The same with keys that have other names than in the source.
    pub(super) fn renaming(mut self, renamed: &'p [RenamedKey]) -> Self {
        self.renamed = renamed;
        self
    }

    /// The same with a first line.
    pub(super) fn titled(mut self, title: String) -> Self {
        self.title = Some(title);
        self
    }

    /// The same with another plan that follows.
    pub(super) fn then(mut self, next: NextPlan<'p>) -> Self {
        self.then = Some(next);
        self
    }

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
        let is_empty = self.plans().all(|(_, plan)| plan.is_empty());
        if is_empty || args.dry_run {
            let result = if is_empty { "unchanged" } else { "planned" };
            let outcomes: Vec<_> = self.plans().map(|(_, plan)| plan.outcome()).collect();
            return Ok(self.tell(result, &outcomes, args, format, terminal)?);
        }
        if !args.batch {
            for (_, plan) in self.plans() {
                plan.check_limit()?;
            }
        }
        let is_shown = match self.ask {
            Confirmation::First | Confirmation::Answered => true,
            Confirmation::Never => args.values,
            Confirmation::Given => false,
        };
        if is_shown {
            if let Some(title) = &self.title {
                terminal.hint(title);
            }
            for (sign, line) in self.lines(args.values) {
                terminal.toned_hint(Tone::of_sign(sign), &line);
            }
        }
        if self.ask == Confirmation::First {
            let outcomes: Vec<_> = self.plans().map(|(_, plan)| plan.outcome()).collect();
            let question = format!("{}: {}. Apply these changes?", self.config, counted(&outcomes));
            let answer = terminal.ask(&question, "--yes").await?;
            answer.or_cancel("nothing was changed")?;
        }
        let mut outcomes = vec![commit(self.plan, args, store, terminal).await?];
        if let Some(next) = &self.then {
            let outcome = commit(next.plan, args, next.store, terminal).await;
            if outcome.is_err() {
                terminal.note(&next.left);
            }
            outcomes.push(outcome?);
        }
        self.warn_of_replaced(terminal);
        Ok(self.tell("applied", &outcomes, args, format, terminal)?)
    }

    /// Each plan, with its config where there are two.
    fn plans(&self) -> impl Iterator<Item = (Option<&str>, &Plan)> {
        let name = |config| self.then.is_some().then_some(config);
        let first = (name(self.config.as_str()), self.plan);
        let next = self.then.iter();
        std::iter::once(first).chain(next.map(move |next| (name(next.config.as_str()), next.plan)))
    }

    /// The keys that change, each with its sign and a line for people.
    fn lines(&self, values: bool) -> impl Iterator<Item = (char, String)> {
        self.plans().flat_map(move |(config, plan)| {
            let changes = plan.changes().iter();
            changes.filter_map(move |(key, change)| {
                let mut name = config.map_or_else(|| key.to_string(), |config| format!("{config}:{key}"));
                if let Some(old) = plan.moved_from(key) {
                    let _ = write!(name, " (from {old})");
                }
                line(&name, change, values)
            })
        })
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
        outcomes: &[PlanOutcome],
        args: &PlanArgs,
        format: Format,
        terminal: &mut Terminal,
    ) -> Result<(), Failure> {
        let sum = |of: fn(&PlanOutcome) -> usize| outcomes.iter().map(of).sum();
        let changes = self.plans().flat_map(|(config, plan)| {
            let changes = plan.changes().iter();
            changes.filter_map(move |(key, change)| {
                let (_, op) = sign(change)?;
                let planned = wire::PlannedChange::new(op, key.to_string(), shown(change, args.values));
                let planned = planned.with_kinds(differing_kinds(change));
                Some(planned.in_config(config).moved_from(plan.moved_from(key)))
            })
        });
        let sections = self.plans().zip(outcomes).flat_map(|((config, _), outcome)| {
            let heads = outcome.heads.iter();
            heads.map(move |head| (config, head))
        });
        let sections: Vec<(Option<&str>, &Head)> = sections.collect();
        let shape = wire::PlanAnswer {
            action: self.action,
            config: self.config.clone(),
            result,
            added: sum(|outcome| outcome.added),
            changed: sum(|outcome| outcome.changed),
            removed: sum(|outcome| outcome.removed),
            unchanged: sum(|outcome| outcome.unchanged),
            changes: changes.collect(),
            renamed: self.renamed.to_vec(),
            sections: sections
                .iter()
                .map(|(config, head)| wire::SectionRevision::new(head).in_config(*config))
                .collect(),
        };
        let human = || {
            let mut text = String::new();
            if result == "planned" {
                if let Some(title) = &self.title {
                    let _ = writeln!(text, "{title}");
                }
                for (sign, line) in self.lines(args.values) {
                    let _ = writeln!(text, "{}", Tone::of_sign(sign).paint(&line));
                }
            }
            let _ = writeln!(text, "{}: {result}: {}", self.config, counted(outcomes));
            for (config, head) in &sections {
                let config = config.map(|config| format!("{config}:")).unwrap_or_default();
                let _ = writeln!(
                    text,
                    "  {config}{} is at revision {}",
                    head.section, head.revision
                );
            }
            text
        };
        show(terminal, format, &shape, human, || {
            format!("{result}\n").into_bytes()
        })
    }
}

/// Commits what a plan changes, if anything.
async fn commit(
    plan: &Plan,
    args: &PlanArgs,
    store: &dyn Store,
    terminal: &mut Terminal,
) -> Result<PlanOutcome, Stop> {
    let with_message;
    let plan = match &args.message.message {
        None => plan,
        Some(message) => {
            with_message = plan.clone().with_message(message.clone());
            &with_message
        }
    };
    if plan.is_empty() || !args.batch {
        return Ok(plan.commit(store).await?);
    }
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
    Ok(outcome)
}

fn counted(outcomes: &[PlanOutcome]) -> String {
    let sum = |of: fn(&PlanOutcome) -> usize| outcomes.iter().map(of).sum::<usize>();
    let (added, changed) = (sum(|one| one.added), sum(|one| one.changed));
    let (removed, unchanged) = (sum(|one| one.removed), sum(|one| one.unchanged));
    if added + changed + removed + unchanged == 0 {
        return "no keys".into();
    }
    format!("{added} added, {changed} changed, {removed} removed, {unchanged} unchanged")
}
