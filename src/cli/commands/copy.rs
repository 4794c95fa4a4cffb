use std::time::SystemTime;

use clap::Args;

use crate::cli::bad_sections::ExceptArgs;
use crate::cli::failure::{Failure, Stop};
use crate::cli::help::GlobalsLast as _;
use crate::cli::left_out::say_left_out;
use crate::cli::plan_review::{Confirmation, PlanArgs, Review};
use crate::cli::session::Session;
use crate::cli::side_pairs::{pairs, title};
use crate::cli::sides::{self, KindArgs, SideArgs, check_destination};
use crate::cli::terminal::Terminal;
use crate::cli::terminal::wait::with_progress;
use crate::model::{Access, Side, Timestamp};
use crate::ops::Plan;

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
    say_left_out(read.left_out, terminal);
    let kind = read.kind;
    read.entries = sides::reveal(read.entries, |_| true, &args.from, &mut from).await?;
    let wanted = pairs(read, &args.from, &args.to)?
        .into_iter()
        .map(|(entry, key)| (key, entry.into()))
        .collect();
    let result: Result<(), Stop> = async {
        let config = to.config()?;
        let format = to.format();
        let store = to.store(Access::Write, &args.to.prefix()).await?;
        check_destination(kind, &args.kind, &args.from, &args.to, store).await?;
        let plan = with_progress("reading", terminal, Plan::set(store, wanted)).await?;
        let ask = Confirmation::unless(args.yes);
        let review =
            Review::new("copy", config, &plan, ask).titled(title("copy", kind, &args.from, &args.to));
        review.carry_out(&args.plan, store, format, terminal).await
    }
    .await;
    result.map_err(|stop| sides::explain(stop, &args.to, &to, Access::Write))
}
