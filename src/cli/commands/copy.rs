use std::collections::BTreeMap;
use std::time::SystemTime;

use clap::Args;

use crate::cli::bad_sections::ExceptArgs;
use crate::cli::failure::{Failure, Stop};
use crate::cli::plan_review::{Confirmation, PlanArgs, Review};
use crate::cli::session::Session;
use crate::cli::sides::{self, SideArgs};
use crate::cli::terminal::Terminal;
use crate::cli::terminal::wait::with_progress;
use crate::model::{Access, Entry, ErrorKind, Key, Side, Timestamp};
use crate::ops::{DesiredValue, Plan};

/// Copy keys from one place to another
///
/// A side is CONFIG, /PREFIX of the chosen config, or `CONFIG:/PREFIX`; the first may end with @REVISION. Each side
/// is reached with an identity of its own. Shows what would change and asks; keys of the second side that the first
/// doesn't have stay. Secrets are encrypted anew, for the second side, and stay masked here. Keys with a time to live
/// are left out unless --with-ttl, and of those at @REVISION also the ones whose time is over by now.
#[derive(Debug, Args)]
#[command(override_usage = "discfg copy [OPTIONS] FROM TO")]
pub(in crate::cli) struct CopyArgs {
    /// Where to read
    #[arg(value_name = "FROM")]
    from: Side,
    /// Where to write
    #[arg(value_name = "TO")]
    to: Side,
    /// Keys with a time to live, too; it begins anew
    #[arg(long)]
    with_ttl: bool,
    /// Don't ask
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
