use std::collections::BTreeMap;
use std::time::SystemTime;

use clap::Args;
use futures::TryStreamExt as _;

use crate::cli::change_line::line;
use crate::cli::failure::{Failure, Stop};
use crate::cli::help::{CONFIG, KEY, positionals};
use crate::cli::output::show;
use crate::cli::plan_review::{Confirmation, PlanArgs, Review};
use crate::cli::positionals::{config_and_key, parse};
use crate::cli::session::Session;
use crate::cli::sides;
use crate::cli::terminal::Terminal;
use crate::cli::terminal::color::Tone;
use crate::model::{
    Access, CommitId, Entry, ErrorKind, Guard, Key, Message, Mutation, PrefixOrRoot, Revision, Timestamp,
};
use crate::ops::{self, DesiredValue, KeyChange, Plan};
use crate::store::{Committed, Consistency, Snapshot, Store, StoreError, StoreExt as _, Txn};
use crate::wire::{AnyNode, KeyAnswer};

/// Roll a key or a prefix back to a revision
///
/// A rollback is a new commit: it is recorded in the history and can itself be rolled back. A key deleted after that
/// revision is restored; a key that did not exist at that revision is deleted. A key with a time to live (TTL) gets its
/// original expiry time, or is deleted if that time has passed. A prefix is rolled back after confirmation.
#[derive(Debug, Args)]
#[command(
    override_usage = "discfg rollback [OPTIONS] --to REVISION [CONFIG] KEY\n       discfg rollback [OPTIONS] --to REVISION --prefix PREFIX [CONFIG]\n       discfg rollback [OPTIONS] --commit ID [CONFIG]",
    help_template = positionals(&[CONFIG, KEY]),
    after_long_help = EXAMPLES
)]
pub(in crate::cli) struct RollbackArgs {
    /// Config, if it is given, and the key, unless --prefix is given
    #[arg(value_name = "KEY", num_args = 0..=2, hide = true)]
    words: Vec<String>,
    /// Revision to roll back to (see `history`)
    ///
    /// Revisions are counted per section: use a revision of the section that the key or prefix is in.
    #[arg(long, value_name = "REVISION", required_unless_present = "commit")]
    to: Option<Revision>,
    /// Undo this commit (see `history -f json`)
    ///
    /// Each key that it changed becomes what it was before, in one commit, after confirmation. If one of them has been
    /// changed since, nothing is written (exit code 4).
    #[arg(long, value_name = "ID", conflicts_with_all = ["to", "prefix"])]
    commit: Option<CommitId>,
    /// Roll back all keys below this prefix
    ///
    /// The prefix must be within one section; @root is the section of the keys at the root.
    #[arg(long, value_name = "PREFIX")]
    prefix: Option<PrefixOrRoot>,
    /// Don't ask for confirmation (with --prefix or --commit)
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    plan: PlanArgs,
}

const EXAMPLES: &str = "\
Examples:
  discfg rollback /db/url --to 12
  discfg rollback payments --prefix /db --to 12 --dry-run
  discfg rollback --prefix @root --to 12
  discfg rollback --commit 0199d3c2-7b1e-7c55-9a3e-2f4c8b6d1e07";

pub(in crate::cli) async fn run(
    args: RollbackArgs,
    session: &mut Session,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    if args.commit.is_none() && args.prefix.is_none() {
        let (config, key) = config_and_key(&args.words)?;
        session.choose(config)?;
        let result = one_key(&key, &args, session, terminal).await;
        return result.map_err(|stop| session.explain_stop(stop, Access::Write));
    }
    match args.words.as_slice() {
        [] => {}
        [config] => session.choose(Some(parse(config)?))?,
        _ => {
            return Err(Failure::usage(
                "KEY can't be used together with --prefix or --commit: expected [CONFIG]",
            ));
        }
    }
    let result = several_keys(&args, session, terminal).await;
    result.map_err(|stop| session.explain_stop(stop, Access::Write))
}

/// Rolls back what --prefix or --commit names.
async fn several_keys(
    args: &RollbackArgs,
    session: &mut Session,
    terminal: &mut Terminal,
) -> Result<(), Stop> {
    let config = session.config()?;
    let format = session.format();
    let plan = match (&args.commit, &args.prefix) {
        (Some(commit), _) => {
            let store = session.store(Access::Write, format!("commit {commit}")).await?;
            undo(commit, store).await?
        }
        (None, Some(prefix)) => {
            let to = revision(args)?;
            let store = session.store(Access::Write, prefix).await?;
            below(prefix, to, store).await?
        }
        (None, None) => return Err(Failure::usage("expected KEY, --prefix or --commit").into()),
    };
    let store = session.store(Access::Write, "the plan").await?;
    let review = Review::new("rollback", config, &plan, Confirmation::unless(args.yes));
    review.carry_out(&args.plan, store, format, terminal).await
}

/// The revision, which the parser asks for where there is no --commit.
fn revision(args: &RollbackArgs) -> Result<Revision, Failure> {
    args.to.ok_or_else(|| Failure::usage("expected --to REVISION"))
}

async fn undo(commit: &CommitId, store: &dyn Store) -> Result<Plan, Stop> {
    let lines = ops::commit_lines(store, commit).await?;
    if lines.is_empty() {
        return Err(
            Failure::new(ErrorKind::NotFound, format!("no commit {commit} in the history"))
                .hint("`discfg history -f json` shows the IDs of commits")
                .into(),
        );
    }
    Ok(Plan::revert(&lines, SystemTime::now().into()).map_err(StoreError::from)?)
}

async fn below(name: &PrefixOrRoot, to: Revision, store: &dyn Store) -> Result<Plan, Stop> {
    let part = ops::find_section_part(store, name).await?;
    let then = ops::state_at(store, &part, to).await?;
    let now = ops::section_part_snapshot(store, &part).await?;
    if then.entries.is_empty() && now.entries.is_empty() && sides::is_key(name.prefix(), store).await? {
        return Err(sides::only_a_key(name.prefix())
            .hint(format!(
                "to roll the key back, use `discfg rollback {name} --to {to}`"
            ))
            .into());
    }
    Ok(Plan::over(store, now, &part, wanted(then), true).await?)
}

fn wanted(then: Snapshot) -> BTreeMap<Key, DesiredValue> {
    let now = Timestamp::from(SystemTime::now());
    then.entries
        .into_iter()
        .filter_map(|entry| Some((entry.key.clone(), DesiredValue::again(entry, now)?)))
        .collect()
}

async fn one_key(
    key: &Key,
    args: &RollbackArgs,
    session: &mut Session,
    terminal: &mut Terminal,
) -> Result<(), Stop> {
    let (format, to) = (session.format(), revision(args)?);
    let store = session.store(Access::Write, key).await?;
    let clock = Timestamp::from(SystemTime::now());
    let then = ops::entry_at(store, key, to).await?;
    let then = then.filter(|entry| entry.is_live(clock));
    let again = then.clone().and_then(|entry| DesiredValue::again(entry, clock));
    let now = store.get(key, Consistency::Strong).await?;
    if now.is_none() && then.is_none() && store.history(key, None).try_next().await?.is_none() {
        let command = format!("discfg rollback --prefix {key} --to {to}");
        let hint = sides::below_instead(key, &command, store).await;
        let failure = Failure::from(StoreError::NotFound(key.clone()));
        return Err(hint.into_iter().fold(failure, Failure::hint).into());
    }
    let is_as_then = match (&now, &again) {
        (None, None) => true,
        (Some(now), Some(again)) => {
            now.value == again.value && now.secret == again.is_secret() && again.lives_as(now)
        }
        _ => false,
    };
    if is_as_then || args.plan.dry_run {
        let node = if is_as_then { &now } else { &then };
        let word = if is_as_then { "unchanged" } else { "planned" };
        let shape = envelope(AnyNode::of(node.as_ref()), None);
        let human = || {
            let line = change(now.clone(), again.clone())
                .filter(|_| !is_as_then)
                .and_then(|change| line(key, &change, args.plan.values))
                .map(|(sign, line)| format!("{}\n", Tone::of_sign(sign).paint(&line)));
            format!("{}{key}: {word}\n", line.unwrap_or_default())
        };
        return Ok(show(terminal, format, &shape, human, || {
            format!("{word}\n").into_bytes()
        })?);
    }
    let message = args.plan.message.message.clone();
    let committed = restore(store, key, again, now, message).await?;
    let Some(applied) = committed.changes.into_iter().next() else {
        return Ok(());
    };
    let revision = applied.change.revision;
    let node = match &applied.entry {
        Some(entry) => AnyNode::of(Some(entry)),
        None => AnyNode::gone(key, revision),
    };
    let shape = envelope(node, applied.previous.as_ref());
    let human = || match &applied.entry {
        Some(entry) => format!(
            "{key}: rolled back to revision {}; version {}, revision {revision}\n",
            to, entry.version
        ),
        None => format!("{key}: rolled back to revision {to} (deleted); revision {revision}\n"),
    };
    Ok(show(terminal, format, &shape, human, || {
        format!("{revision}\n").into_bytes()
    })?)
}

fn change(now: Option<Entry>, then: Option<DesiredValue>) -> Option<KeyChange> {
    match (now, then) {
        (None, None) => None,
        (None, Some(then)) => Some(KeyChange::Added(then)),
        (Some(now), None) => Some(KeyChange::Removed(now)),
        (Some(now), Some(then)) => Some(KeyChange::Changed(now, then)),
    }
}

/// Commits what was then, if what is now has not changed since it was looked at.
async fn restore(
    store: &dyn Store,
    key: &Key,
    then: Option<DesiredValue>,
    now: Option<Entry>,
    message: Option<Message>,
) -> crate::store::Result<Committed> {
    let key = key.clone();
    let guard = match &now {
        Some(now) => Guard::Revision(key.clone(), now.revision),
        None => Guard::Absent(key.clone()),
    };
    let mutation = match then {
        Some(then) => Mutation::Set {
            key,
            ttl: then.ttl_choice(),
            value: then.value,
            secret: then.secret,
        },
        None => Mutation::Delete { key },
    };
    let txn = Txn::new(vec![mutation]).guarded([guard]).with_message(message);
    store.write(txn).await
}

fn envelope(node: AnyNode, previous: Option<&Entry>) -> KeyAnswer {
    KeyAnswer {
        action: "rollback",
        node,
        prev_node: AnyNode::of(previous),
    }
}
