use clap::Args;
use futures::TryStreamExt as _;

use super::guards::{GuardArgs, refused};
use crate::cli::failure::{Failure, Stop};
use crate::cli::help::{CONFIG, GlobalsLast as _, KEY, positionals};
use crate::cli::message_args::MessageArgs;
use crate::cli::output::show;
use crate::cli::plan_review::{Confirmation, PlanArgs, Review};
use crate::cli::positionals::{config_and_key, config_and_prefix, hint};
use crate::cli::session::Session;
use crate::cli::sides;
use crate::cli::terminal::Terminal;
use crate::cli::terminal::wait::with_progress;
use crate::model::{Access, Entry, ErrorKind, Mutation, Prefix};
use crate::ops::Plan;
use crate::store::{Consistency, Listed, Scope, Store, StoreError, Txn};
use crate::wire::{AnyNode, KeyAnswer};

/// Delete a key, or all keys below a prefix
///
/// Exits with 3 if the key is not found, unless --ignore-not-found is given. With -r, /db deletes the keys below /db,
/// but not the key /db itself.
#[derive(Debug, Args)]
#[command(globals_last())]
#[command(
    override_usage = "discfg delete [OPTIONS] [CONFIG] KEY\n       discfg delete [OPTIONS] -r [CONFIG] PREFIX",
    help_template = positionals(&[CONFIG, KEY, ("PREFIX", "With -r: prefix, such as /db")])
)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag")]
pub(in crate::cli) struct DeleteArgs {
    /// Config, if two are given, and the key
    #[arg(value_name = "KEY", num_args = 1..=2, required = true, hide = true)]
    words: Vec<String>,
    /// Delete all keys below a prefix, after confirmation
    ///
    /// More keys than one commit can hold are deleted in several commits.
    #[arg(
        short,
        long,
        conflicts_with_all = ["if_present", "if_revision", "if_value", "if_absent"]
    )]
    recursive: bool,
    /// Don't ask for confirmation (with -r)
    #[arg(short, long, requires = "recursive")]
    yes: bool,
    /// Show what would be deleted; delete nothing (with -r)
    #[arg(long, requires = "recursive")]
    dry_run: bool,
    /// Succeed if nothing is found
    #[arg(long)]
    ignore_not_found: bool,
    #[command(flatten)]
    guards: GuardArgs,
    #[command(flatten)]
    message: MessageArgs,
}

pub(in crate::cli) async fn run(
    args: DeleteArgs,
    session: &mut Session,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    if args.recursive {
        let result = below(&args, session, terminal).await;
        return result.map_err(|stop| session.explain_stop(stop, Access::Write));
    }
    let (config, key) = config_and_key(&args.words)?;
    session.choose(config)?;
    let show_value = args.guards.show_value;
    let guards = args.guards.read(&key)?;
    let txn = Txn::new(vec![Mutation::Delete { key: key.clone() }])
        .guarded(guards)
        .with_message(args.message.message);
    let committed = session.store(Access::Write, &key).await?.commit(txn).await;
    let committed = committed.map_err(|error| refused(error, show_value, session))?;
    let Some(applied) = committed.changes.into_iter().next() else {
        if !args.ignore_not_found {
            let store = session.store(Access::Write, &key).await?;
            let below = sides::below_instead(&key, &format!("discfg delete -r {key}"), store).await;
            let hint = below.or_else(|| hint("delete", &args.words, "key"));
            let failure = Failure::from(StoreError::NotFound(key));
            return Err(hint.into_iter().fold(failure, Failure::hint));
        }
        let shape = KeyAnswer {
            action: "delete",
            node: AnyNode::of(None),
            prev_node: AnyNode::of(None),
        };
        return show(
            terminal,
            session.format(),
            &shape,
            || format!("{key}: not found\n"),
            Vec::new,
        );
    };
    let revision = applied.change.revision;
    let shape = KeyAnswer {
        action: "delete",
        node: AnyNode::gone(&key, revision),
        prev_node: AnyNode::of(applied.previous.as_ref()),
    };
    let human = || format!("{key}: deleted, revision {revision}\n");
    show(terminal, session.format(), &shape, human, || {
        format!("{revision}\n").into_bytes()
    })
}

async fn below(args: &DeleteArgs, session: &mut Session, terminal: &mut Terminal) -> Result<(), Stop> {
    let (config, prefix) = config_and_prefix(&args.words)?;
    session.choose(config)?;
    let (config, format) = (session.config()?, session.format());
    let store = session.store(Access::Write, &prefix).await?;
    let entries = with_progress("reading", terminal, entries_below(&prefix, store)).await?;
    if entries.is_empty() && !args.ignore_not_found {
        if sides::is_key(&prefix, store).await? {
            return Err(sides::only_a_key(&prefix)
                .hint("to delete the key, leave out -r")
                .into());
        }
        let failure = Failure::new(ErrorKind::NotFound, format!("no keys below {prefix}"));
        return Err(match hint("delete -r", &args.words, "prefix") {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
        .into());
    }
    // Whatever is written there meanwhile goes, too: it was said that all of it shall.
    let plan = Plan::remove(entries).unguarded();
    let batch = !plan.fits_one_commit();
    if batch && !args.dry_run {
        terminal.hint(&format!(
            "{} keys are too many for one commit: they are deleted in several commits, one after another",
            plan.len()
        ));
    }
    let review = Review {
        action: "delete",
        config,
        plan: &plan,
        ask: if args.yes {
            Confirmation::Never
        } else {
            Confirmation::First
        },
    };
    let how = PlanArgs {
        dry_run: args.dry_run,
        batch,
        values: false,
        message: MessageArgs {
            message: args.message.message.clone(),
        },
    };
    review.carry_out(&how, store, format, terminal).await
}

async fn entries_below(prefix: &Prefix, store: &dyn Store) -> Result<Vec<Entry>, StoreError> {
    let mut entries = Vec::new();
    let scope = Scope::all(prefix.clone());
    let mut listed = store.list(&scope, Consistency::Strong);
    while let Some(item) = listed.try_next().await? {
        if let Listed::Entry(entry) = item {
            entries.push(*entry);
        }
    }
    Ok(entries)
}
