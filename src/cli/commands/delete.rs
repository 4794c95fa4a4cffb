use clap::Args;

use super::guards::GuardArgs;
use crate::cli::failure::Failure;
use crate::cli::output::show;
use crate::cli::positionals::{config_and_key, hint};
use crate::cli::session::Session;
use crate::cli::terminal::Terminal;
use crate::model::{Access, Mutation};
use crate::store::{StoreError, Txn};
use crate::wire::{AnyNode, Envelope};

/// Remove a key
///
/// A key that isn't there is exit code 3, unless --ignore-not-found.
#[derive(Debug, Args)]
#[command(override_usage = "discfg delete [OPTIONS] [CONFIG] KEY")]
pub(in crate::cli) struct DeleteArgs {
    /// The config, if two are given, and the key
    #[arg(value_name = "KEY", num_args = 1..=2, required = true)]
    words: Vec<String>,
    /// A key that isn't there is no failure
    #[arg(long)]
    ignore_not_found: bool,
    #[command(flatten)]
    guards: GuardArgs,
}

pub(in crate::cli) async fn run(
    args: DeleteArgs,
    session: &mut Session,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let (config, key) = config_and_key(&args.words)?;
    session.choose(config)?;
    let guards = args.guards.read(&key)?;
    let txn = Txn::new(vec![Mutation::Delete { key: key.clone() }]).guarded(guards);
    let committed = session.store(Access::Write, &key).await?.commit(txn).await;
    let committed = committed.map_err(|error| session.explain(error, Access::Write))?;
    let Some(applied) = committed.changes.into_iter().next() else {
        if !args.ignore_not_found {
            let failure = Failure::from(StoreError::NotFound(key));
            return Err(match hint("delete", &args.words, "key") {
                Some(hint) => failure.hint(hint),
                None => failure,
            });
        }
        let shape = Envelope {
            action: "delete",
            node: AnyNode::of(None),
            prev_node: AnyNode::of(None),
        };
        return show(
            terminal,
            session.format(),
            &shape,
            || format!("{key}: not there\n"),
            Vec::new,
        );
    };
    let revision = applied.change.revision;
    let shape = Envelope {
        action: "delete",
        node: AnyNode::gone(&key, revision),
        prev_node: AnyNode::of(applied.previous.as_ref()),
    };
    let human = || format!("{key}: deleted, revision {revision}\n");
    show(terminal, session.format(), &shape, human, || {
        format!("{revision}\n").into_bytes()
    })
}
