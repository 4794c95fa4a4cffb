use std::collections::BTreeSet;
use std::fmt::Write as _;

use clap::Args;
use futures::TryStreamExt as _;

use super::guards::{GuardArgs, refused};
use crate::cli::failure::{Failure, Stop};
use crate::cli::help::{CONFIG, GlobalsLast as _, KEYS, positionals};
use crate::cli::message_args::MessageArgs;
use crate::cli::output::show;
use crate::cli::plan_review::{Confirmation, PlanArgs, Review};
use crate::cli::positionals::{config_and_keys, config_and_prefix, hint, meant_as_keys, not_found};
use crate::cli::session::Session;
use crate::cli::sides;
use crate::cli::terminal::Terminal;
use crate::cli::terminal::wait::with_progress;
use crate::model::{Access, Entry, ErrorKind, Guard, Key, Mutation, Prefix};
use crate::ops::Plan;
use crate::store::{Consistency, Listed, Scope, Store, StoreError, Txn};
use crate::wire::{AnyNode, KeyAnswer, KeysAnswer};

/// Delete keys, or all keys below a prefix
///
/// Several keys are deleted in one commit. One argument is the key; of several, the first is the config. With -c, all
/// are keys.
///
/// Exits with 3, and deletes nothing, if a key is not found, unless --ignore-not-found is given. With -r, /db deletes the keys below /db,
/// but not the key /db itself.
#[derive(Debug, Args)]
#[command(globals_last())]
#[command(
    override_usage = "discfg delete [OPTIONS] [CONFIG] KEY\n       discfg delete [OPTIONS] CONFIG KEY KEY…\n       discfg delete [OPTIONS] -c CONFIG KEY…\n       discfg delete [OPTIONS] -r [CONFIG] PREFIX",
    help_template = positionals(&[CONFIG, KEYS, ("PREFIX", "With -r: prefix, such as /db")])
)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag")]
pub(in crate::cli) struct DeleteArgs {
    /// Config, if several are given and -c isn't, and the keys
    #[arg(value_name = "KEY", num_args = 1.., required = true, hide = true)]
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
    /// Succeed if a key, or all of them, don't exist
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
    let (config, keys) = config_and_keys("delete", &args.words, session)?;
    session.choose(config)?;
    let Ok([key]) = <[Key; 1]>::try_from(keys.clone()) else {
        let deleted = several(keys, &args, session, terminal).await;
        return deleted.map_err(|failure| meant_as_keys("delete", &args.words, session, failure));
    };
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

/// Deletes several keys in one commit: all of them, or none if one is not found.
async fn several(
    mut keys: Vec<Key>,
    args: &DeleteArgs,
    session: &mut Session,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    args.guards.refuse_for_several()?;
    let mut seen = BTreeSet::new();
    keys.retain(|key| seen.insert(key.clone()));
    let changes = keys.iter().map(|key| Mutation::Delete { key: key.clone() });
    let guards = keys.iter().filter(|_| !args.ignore_not_found);
    let txn = Txn::new(changes.collect())
        .guarded(guards.map(|key| Guard::Present(key.clone())))
        .with_message(args.message.message.clone());
    let store = session.store(Access::Write, &keys[0]).await?;
    let committed = match store.commit(txn).await {
        Err(StoreError::Conflict(conflict)) => {
            // A conflict names one; all that are missing shall be named.
            let found = store.get_many(&seen, Consistency::Strong).await;
            let found = found.map_err(|error| session.explain(error, Access::Write))?;
            let missing: Vec<&Key> = keys.iter().filter(|key| !found.contains_key(key)).collect();
            let failure = if missing.is_empty() {
                session.explain(StoreError::Conflict(conflict), Access::Write)
            } else {
                not_found(&missing)
            };
            return Err(failure.hint("nothing was deleted; --ignore-not-found deletes the others"));
        }
        committed => committed.map_err(|error| session.explain(error, Access::Write))?,
    };
    let mut lines = String::new();
    let mut revisions = String::new();
    let mut answer = KeysAnswer {
        action: "delete",
        nodes: Vec::new(),
        prev_nodes: Vec::new(),
    };
    for key in &keys {
        let Some(applied) = committed
            .changes
            .iter()
            .find(|applied| applied.change.key == *key)
        else {
            let _ = writeln!(lines, "{key}: not found");
            continue;
        };
        let revision = applied.change.revision;
        let _ = writeln!(lines, "{key}: deleted, revision {revision}");
        let _ = writeln!(revisions, "{revision}");
        answer.nodes.push(AnyNode::gone(key, revision));
        answer.prev_nodes.push(AnyNode::of(applied.previous.as_ref()));
    }
    show(
        terminal,
        session.format(),
        &answer,
        || lines,
        || revisions.into_bytes(),
    )
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
        renamed: &[],
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
