use std::collections::BTreeMap;
use std::time::SystemTime;

use clap::Args;

use crate::cli::bad_sections::ExceptArgs;
use crate::cli::failure::{Failure, Stop};
use crate::cli::help::GlobalsLast as _;
use crate::cli::plan_review::{Confirmation, PlanArgs, Review};
use crate::cli::session::Session;
use crate::cli::sides::{self, SideArgs};
use crate::cli::terminal::Terminal;
use crate::cli::terminal::wait::with_progress;
use crate::model::{Access, Entry, ErrorKind, Key, Side, Timestamp};
use crate::ops::{DesiredValue, Plan};

const EXAMPLES: &str = "\
Examples:
  discfg copy staging production --dry-run
  discfg copy /db /db-new
  discfg copy staging:/db production:/db --to-profile prod";

/// Copy keys to another prefix or config
///
/// FROM and TO are each CONFIG, /PREFIX in the current config, or `CONFIG:/PREFIX`. FROM can end with @REVISION to read
/// a past state. Shows the changes and asks for confirmation. Keys that exist only in TO are kept.
///
/// Each side uses its own role. Secrets are encrypted again for TO, and stay masked in the output. Keys with a time to
/// live (TTL) are left out unless --with-ttl is given; at @REVISION, those that have expired since are always left out.
#[derive(Debug, Args)]
#[command(globals_last())]
#[command(override_usage = "discfg copy [OPTIONS] FROM TO", after_long_help = EXAMPLES)]
pub(in crate::cli) struct CopyArgs {
    /// Source: CONFIG, /PREFIX or `CONFIG:/PREFIX`, optionally @REVISION
    #[arg(value_name = "FROM")]
    from: Side,
    /// Destination: CONFIG, /PREFIX or `CONFIG:/PREFIX`
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
        sides::read(&args.from, &mut from, args.with_ttl, &args.except.sections),
    )
    .await;
    let mut read = read.map_err(|stop| from.explain_stop(stop, Access::Read))?;
    let now = Timestamp::from(SystemTime::now());
    // What was there at a revision may be over: it doesn't begin anew.
    read.retain(|_, entry| entry.is_live(now));
    let read = sides::reveal(read, |_| true, &args.from, &mut from).await?;
    let wanted = moved(read, &args.to)?;
    let result: Result<(), Stop> = async {
        let config = to.config()?;
        let format = to.format();
        let store = to.store(Access::Write, &args.to.prefix).await?;
        let plan = with_progress("reading", terminal, Plan::set(store, wanted)).await?;
        let review = Review {
            action: "copy",
            config,
            plan: &plan,
            ask: if args.yes {
                Confirmation::Answered
            } else {
                Confirmation::First
            },
        };
        review.carry_out(&args.plan, store, format, terminal).await
    }
    .await;
    result.map_err(|stop| to.explain_stop(stop, Access::Write))
}

/// The entries under their names below the second side's prefix.
fn moved(read: BTreeMap<String, Entry>, to: &Side) -> Result<BTreeMap<Key, DesiredValue>, Failure> {
    read.into_iter()
        .map(|(name, entry)| {
            let path = format!("{}{name}", to.prefix.with_slash());
            let key: Key = path.parse().map_err(|error| {
                Failure::caused(
                    ErrorKind::Invalid,
                    format!("{name} can't be copied below {}", to.prefix),
                    &error,
                )
            })?;
            Ok((key, entry.into()))
        })
        .collect()
}
