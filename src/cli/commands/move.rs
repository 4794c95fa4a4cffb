use clap::Args;

use crate::cli::failure::{Failure, Stop};
use crate::cli::help::GlobalsLast as _;
use crate::cli::plan_review::{Confirmation, NextPlan, PlanArgs, Review};
use crate::cli::session::Session;
use crate::cli::side_pairs::{pairs, title};
use crate::cli::sides::{self, KindArgs, SideArgs, check_destination};
use crate::cli::terminal::Terminal;
use crate::cli::terminal::wait::with_progress;
use crate::model::{Access, Entry, ErrorKind, Key, Side};
use crate::ops::{DesiredValue, Plan, ValueDifference};
use crate::store::Store;

const EXAMPLES: &str = "\
Examples:
  discfg move /db/url /db/primary/url
  discfg move /db /storage --dry-run
  discfg move staging:/db production:/db";

/// Move keys to another key, prefix or config
///
/// FROM and TO are each CONFIG, /PATH in the current config, or `CONFIG:/PATH`. A path is that of a key, or of a prefix,
/// whose keys are moved; with a final / it is a prefix. @root in place of a path is the keys at the root. Both sides must
/// be of one kind. Shows the changes and asks for confirmation.
///
/// Within a config, one commit sets the new keys and deletes the old ones. If one of them has changed meanwhile, nothing is
/// written (exit code 4). Between configs, the keys are copied, and then deleted if they are still as they were read. A key
/// that TO already has is an error (exit code 4), unless --force is given.
///
/// Secrets are encrypted again, and stay masked in the output. Keys with a time to live (TTL) keep their expiry time.
/// `history` of a new key shows where it came from.
#[derive(Debug, Args)]
#[command(globals_last())]
#[command(override_usage = "discfg move [OPTIONS] FROM TO", after_long_help = EXAMPLES)]
pub(in crate::cli) struct MoveArgs {
    /// Source: CONFIG, /PATH or `CONFIG:/PATH`
    #[arg(value_name = "FROM")]
    from: Side,
    /// Destination: CONFIG, /PATH or `CONFIG:/PATH`
    #[arg(value_name = "TO")]
    to: Side,
    /// Replace keys that TO already has
    #[arg(long)]
    force: bool,
    /// Don't ask for confirmation
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    plan: PlanArgs,
    #[command(flatten)]
    kind: KindArgs,
    #[command(flatten)]
    sides: SideArgs,
}

pub(in crate::cli) async fn run(
    args: MoveArgs,
    session: &mut Session,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    for (name, side) in [("FROM", &args.from), ("TO", &args.to)] {
        if side.revision.is_some() {
            return Err(Failure::usage(format!(
                "{name} can't have @REVISION: only the current state can be moved"
            )));
        }
    }
    let mut from = args.sides.from(&args.from, session);
    let mut to = args.sides.to(&args.to, session);
    if from.target()?.is_reached_like(to.target()?) {
        let result = within(&args, &mut to, terminal).await;
        return result.map_err(|stop| sides::explain(stop, &args.to, &to, Access::Write));
    }
    between(&args, &mut from, &mut to, terminal).await
}

async fn within(args: &MoveArgs, session: &mut Session, terminal: &mut Terminal) -> Result<(), Stop> {
    let (config, format) = (session.config()?, session.format());
    // Reading and writing in one role.
    session.store(Access::Write, &args.from.below).await?;
    let read = with_progress(
        "reading",
        terminal,
        sides::read(&args.from, &args.kind, session, true, &[]),
    )
    .await?;
    let kind = read.kind;
    let pairs = pairs(read, &args.from, &args.to)?;
    check_apart(args, &pairs)?;
    let store = session.store(Access::Write, &args.to.below).await?;
    check_destination(kind, &args.kind, &args.from, &args.to, store).await?;
    let plan = with_progress("reading", terminal, Plan::relocate(store, pairs)).await?;
    check_unused(args, &plan.replaced().collect::<Vec<_>>())?;
    let review = Review::new("move", config, &plan, Confirmation::unless(args.yes))
        .titled(title("move", kind, &args.from, &args.to));
    review.carry_out(&args.plan, store, format, terminal).await
}

async fn between(
    args: &MoveArgs,
    from: &mut Session,
    to: &mut Session,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let source = async {
        from.store(Access::Write, &args.from.below).await?;
        let read = sides::read(&args.from, &args.kind, from, true, &[]);
        with_progress("reading", terminal, read).await
    };
    let mut read = source
        .await
        .map_err(|stop| sides::explain(stop, &args.from, from, Access::Write))?;
    let kind = read.kind;
    // As they are stored, so that what is deleted is what was read.
    let removal = Plan::remove(read.entries.values().cloned().collect());
    read.entries = sides::reveal(read.entries, |_| true, &args.from, from).await?;
    let wanted = pairs(read, &args.from, &args.to)?
        .into_iter()
        .map(|(entry, key)| (key, DesiredValue::moved(entry)))
        .collect();
    let (source_config, config) = (from.config()?, to.config()?);
    let left = format!(
        "{config} has the keys now, and {source_config} still has those that were not deleted: rerun, with --force if one has \
         changed meanwhile"
    );
    let source_store = from.store(Access::Write, &args.from.below).await?;
    let result: Result<(), Stop> = async {
        let format = to.format();
        let store: &dyn Store = to.store(Access::Write, &args.to.below).await?;
        check_destination(kind, &args.kind, &args.from, &args.to, store).await?;
        let plan = with_progress("reading", terminal, Plan::set(store, wanted)).await?;
        // What is as it is to be is left from a move that ended half way.
        let replaced = plan
            .changes()
            .iter()
            .filter(|(_, change)| matches!(change, ValueDifference::Changed(..)))
            .map(|(key, _)| key);
        check_unused(args, &replaced.collect::<Vec<_>>())?;
        let next = NextPlan {
            config: source_config,
            plan: &removal,
            store: source_store,
            left,
        };
        let review = Review::new("move", config, &plan, Confirmation::unless(args.yes))
            .titled(title("move", kind, &args.from, &args.to))
            .then(next);
        review.carry_out(&args.plan, store, format, terminal).await
    }
    .await;
    result.map_err(|stop| sides::explain(stop, &args.to, to, Access::Write))
}

/// An error if a key would be moved onto itself, or a prefix below itself.
fn check_apart(args: &MoveArgs, pairs: &[(Entry, Key)]) -> Result<(), Failure> {
    let (from, to) = (&args.from, &args.to);
    let refused = |why: String| Err(Failure::new(ErrorKind::Invalid, why));
    if pairs.iter().any(|(entry, key)| entry.key == *key) {
        return refused(format!("cannot move {from} onto itself"));
    }
    let old: Vec<&Key> = pairs.iter().map(|(entry, _)| &entry.key).collect();
    let is_key = old.iter().any(|old| from.key.as_ref() == Some(*old));
    if !is_key && !from.below.is_root_section() && from.prefix().covers(to.prefix()) {
        return refused(format!("cannot move {from} into itself: {to} is below it"));
    }
    Ok(())
}

/// An error if keys would be replaced, unless `--force` is given.
fn check_unused(args: &MoveArgs, replaced: &[&Key]) -> Result<(), Failure> {
    let Some(first) = replaced.first().filter(|_| !args.force) else {
        return Ok(());
    };
    let message = match replaced.len() - 1 {
        0 => format!("{first} exists"),
        more => format!("{first} and {more} more of the new keys exist"),
    };
    Err(Failure::new(ErrorKind::Conflict, message)
        .hint("--force replaces what is there; with --dry-run it only shows what"))
}
