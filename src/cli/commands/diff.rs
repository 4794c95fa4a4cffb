use std::collections::BTreeMap;
use std::fmt::Write as _;

use clap::Args;

use crate::cli::failure::Failure;
use crate::cli::output::show;
use crate::cli::plan_review::beside;
use crate::cli::session::Session;
use crate::cli::sides::{self, SideArgs};
use crate::cli::terminal::Terminal;
use crate::model::{Access, Entry, Side};
use crate::ops::{Difference, compare};
use crate::wire::{Compared, PlannedChange, Shown};

/// Compare two places, or a place with its past
///
/// A side is CONFIG, /PREFIX of the chosen config, or `CONFIG:/PREFIX`, each with @REVISION or without. Names are
/// compared below each side's prefix. + is only in the second, - only in the first, ~ in both with different values.
/// Exit code 0 says that there is no difference, 1 that there is one. Keys with a time to live are left out unless
/// --with-ttl.
#[derive(Debug, Args)]
#[command(override_usage = "discfg diff [OPTIONS] A B")]
pub(in crate::cli) struct DiffArgs {
    /// The first side
    #[arg(value_name = "A")]
    left: Side,
    /// The second side
    #[arg(value_name = "B")]
    right: Side,
    /// Show values, too; secrets stay masked
    #[arg(long)]
    values: bool,
    /// Keys with a time to live, too
    #[arg(long)]
    with_ttl: bool,
    #[command(flatten)]
    sides: SideArgs,
}

pub(in crate::cli) async fn run(
    args: DiffArgs,
    session: &mut Session,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let mut from = args.sides.from(&args.left, session);
    let left = sides::read(&args.left, &mut from, args.with_ttl).await;
    let left = left.map_err(|stop| from.explain_stop(stop, Access::Read))?;
    let mut to = args.sides.to(&args.right, session);
    let right = sides::read(&args.right, &mut to, args.with_ttl).await;
    let right = right.map_err(|stop| to.explain_stop(stop, Access::Read))?;
    tell(compare(left, right), args.values, session, terminal)
}

fn tell(
    differences: BTreeMap<String, Difference<Entry, Entry>>,
    values: bool,
    session: &Session,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let mut text = String::new();
    let mut changes = Vec::new();
    for (name, difference) in differences {
        let (sign, op) = match &difference {
            Difference::Added(_) => ('+', "add"),
            Difference::Removed(_) => ('-', "remove"),
            Difference::Changed(..) => ('~', "change"),
            Difference::Same(..) => continue,
        };
        let sides = if values { pair(&difference) } else { (None, None) };
        let _ = writeln!(text, "{sign} {name}{}", beside(sides));
        changes.push(PlannedChange::new(op, name, sides));
    }
    let same = changes.is_empty();
    let shape = Compared {
        action: "diff",
        same,
        changes,
    };
    let raw = text.clone().into_bytes();
    show(terminal, session.format(), &shape, || text, || raw)?;
    if same { Ok(()) } else { Err(Failure::no()) }
}

fn pair(difference: &Difference<Entry, Entry>) -> (Shown<'_>, Shown<'_>) {
    let right = match difference {
        Difference::Added(right) | Difference::Changed(_, right) | Difference::Same(_, right) => Some(right),
        Difference::Removed(_) => None,
    };
    (
        difference.left().map(|entry| (&entry.value, entry.secret)),
        right.map(|entry| (&entry.value, entry.secret)),
    )
}
