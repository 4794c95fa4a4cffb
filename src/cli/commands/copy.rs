use std::collections::BTreeMap;
use std::time::SystemTime;

use clap::Args;

use crate::cli::bad_sections::ExceptArgs;
use crate::cli::failure::{Failure, Stop};
use crate::cli::help::GlobalsLast as _;
use crate::cli::plan_review::{Confirmation, PlanArgs, Review};
use crate::cli::session::Session;
use crate::cli::sides::{self, KindArgs, SideArgs, SideKind, check_kinds};
use crate::cli::terminal::Terminal;
use crate::cli::terminal::wait::with_progress;
use crate::model::{Access, Entry, ErrorKind, Grouped, Key, Side, Timestamp};
use crate::ops::{DesiredValue, Plan};

const EXAMPLES: &str = "\
Examples:
  discfg copy staging production --dry-run
  discfg copy /db /db-new
  discfg copy staging:/db production:/db --to-profile prod";

/// Copy keys to another prefix or config
///
/// FROM and TO are each CONFIG, /PATH in the current config, or `CONFIG:/PATH`. A path is that of a key, or of a prefix,
/// whose keys are copied; with a final / it is a prefix. @root in place of a path is the keys at the root. Both sides
/// must be of one kind. FROM can end with @REVISION to read a past state. Shows the changes and asks for confirmation.
/// Keys that exist only in TO are kept. If FROM has no keys, that is an error unless --allow-empty is given.
///
/// Each side uses its own role. Secrets are encrypted again for TO, and stay masked in the output. Keys with a time to
/// live (TTL) are left out unless --with-ttl is given; at @REVISION, those that have expired since are always left out.
#[derive(Debug, Args)]
#[command(globals_last())]
#[command(override_usage = "discfg copy [OPTIONS] FROM TO", after_long_help = EXAMPLES)]
pub(in crate::cli) struct CopyArgs {
    /// Source: CONFIG, /PATH or `CONFIG:/PATH`, optionally @REVISION
    #[arg(value_name = "FROM")]
    from: Side,
    /// Destination: CONFIG, /PATH or `CONFIG:/PATH`
    #[arg(value_name = "TO")]
    to: Side,
    /// Include keys with a time to live; it starts again
    #[arg(long)]
    with_ttl: bool,
    /// Don't ask for confirmation
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    plan: PlanArgs,
    #[command(flatten)]
    kind: KindArgs,
    #[command(flatten)]
    except: ExceptArgs,
    #[command(flatten)]
    sides: SideArgs,
}

pub(in crate::cli) async fn run(
    args: CopyArgs,
    session: &mut Session,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    if args.to.revision.is_some() {
        return Err(Failure::usage(
            "TO can't have @REVISION: only the current state can be written",
        ));
    }
    let mut from = args.sides.from(&args.from, session);
    let mut to = args.sides.to(&args.to, session);
    let read = with_progress(
        "reading",
        terminal,
        sides::read(
            &args.from,
            &args.kind,
            &mut from,
            args.with_ttl,
            &args.except.sections,
        ),
    )
    .await;
    let mut read = read.map_err(|stop| sides::explain(stop, &args.from, &from, Access::Read))?;
    let now = Timestamp::from(SystemTime::now());
    // What was there at a revision may be over: it doesn't begin anew.
    read.entries.retain(|_, entry| entry.is_live(now));
    if read.left_out > 0 {
        let keys = if read.left_out == 1 { "key" } else { "keys" };
        terminal.note(&format!(
            "{} {keys} with a time to live left out; --with-ttl includes them",
            Grouped(read.left_out)
        ));
    }
    let kind = read.kind;
    let read = sides::reveal(read.entries, |_| true, &args.from, &mut from).await?;
    let wanted = match kind {
        Some(SideKind::Key) => copied(read, &args.from, &args.to)?,
        _ => moved(read, &args.to)?,
    };
    if args.to.below.is_root_section()
        && let Some(key) = wanted.keys().find(|key| !key.section().is_root())
    {
        return Err(Failure::new(
            ErrorKind::Invalid,
            format!("{key} is not a key at the root: {} has only those", args.to),
        ));
    }
    let result: Result<(), Stop> = async {
        let config = to.config()?;
        let format = to.format();
        let store = to.store(Access::Write, &args.to.prefix()).await?;
        if let Some(kind) = kind
            && !args.kind.is_key()
            && !args.to.prefix().is_all()
        {
            let found = sides::other_kind(&args.to, kind, store).await?;
            check_kinds((&args.from, Some(kind)), (&args.to, found))?;
        }
        let plan = with_progress("reading", terminal, Plan::set(store, wanted)).await?;
        let review = Review {
            action: "copy",
            config,
            plan: &plan,
            renamed: &[],
            ask: if args.yes {
                Confirmation::Answered
            } else {
                Confirmation::First
            },
        };
        review.carry_out(&args.plan, store, format, terminal).await
    }
    .await;
    result.map_err(|stop| sides::explain(stop, &args.to, &to, Access::Write))
}

/// The entry of a single key under the second side's key; in a whole config, under the key that it has.
fn copied(
    read: BTreeMap<String, Entry>,
    from: &Side,
    to: &Side,
) -> Result<BTreeMap<Key, DesiredValue>, Failure> {
    let key = if to.prefix().is_all() { &from.key } else { &to.key };
    let key = key.as_ref().ok_or_else(|| {
        let name = from
            .key
            .as_ref()
            .and_then(|key| key.as_str().rsplit('/').next().map(str::to_owned));
        Failure::new(
            ErrorKind::Invalid,
            format!("{from} is a key, but {to} is a prefix: both must be of one kind"),
        )
        .hint(format!(
            "write {}{}",
            to.prefix().with_slash(),
            name.unwrap_or_default()
        ))
    })?;
    Ok(read
        .into_values()
        .map(|entry| (key.clone(), entry.into()))
        .collect())
}

/// The entries under their names below the second side's prefix.
fn moved(read: BTreeMap<String, Entry>, to: &Side) -> Result<BTreeMap<Key, DesiredValue>, Failure> {
    read.into_iter()
        .map(|(name, entry)| {
            let path = format!("{}{name}", to.prefix().with_slash());
            let key: Key = path.parse().map_err(|error| {
                Failure::caused(
                    ErrorKind::Invalid,
                    format!("{name} can't be copied below {}", to.prefix()),
                    &error,
                )
            })?;
            Ok((key, entry.into()))
        })
        .collect()
}
