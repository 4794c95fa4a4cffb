use std::collections::{BTreeMap, BTreeSet};

use clap::Args;

use crate::cli::bad_sections::ExceptArgs;
use crate::cli::change_line::{beside, differing_kinds, shown, sign, unmasked};
use crate::cli::data_keys::FileArgs;
use crate::cli::failure::Failure;
use crate::cli::help::GlobalsLast as _;
use crate::cli::left_out::say_left_out;
use crate::cli::out_file::OutArgs;
use crate::cli::output::show;
use crate::cli::session::Session;
use crate::cli::sides::{self, KindArgs, SideArgs, SideKind, check_kinds};
use crate::cli::terminal::Terminal;
use crate::cli::terminal::color::Tone;
use crate::model::{Access, Entry, Side};
use crate::ops::{DesiredValue, KeyChange, compare};
use crate::wire::{DiffAnswer, PlannedChange};

const EXAMPLES: &str = "\
Examples:
  discfg diff staging production --values
  discfg diff /db@12 /db
  discfg diff /db -d db.yaml";

/// Compare two configs, prefixes or revisions
///
/// A and B are each CONFIG, /PATH in the current config, or `CONFIG:/PATH`, with or without @REVISION. A path is that of
/// a key, or of a prefix, whose keys are compared by their names below it; with a final / it is a prefix. @root in place of
/// a path is the keys at the root. Both sides must be of one kind. With -d FILE, B is a file whose names are relative to A's prefix. A side without keys is an error
/// unless --allow-empty is given.
///
/// Prints + for a key that only B has, - for one that only A has, and ~ for different values. Exits with 0 if there is
/// no difference, and with 1 if there is.
///
/// Secrets are compared by value, so the role needs permission to decrypt those that both sides have. Keys with a time
/// to live (TTL) are left out unless --with-ttl is given.
#[derive(Debug, Args)]
#[command(globals_last())]
#[command(
    override_usage = "discfg diff [OPTIONS] A B\n       discfg diff [OPTIONS] A -d FILE",
    after_long_help = EXAMPLES
)]
pub(in crate::cli) struct DiffArgs {
    /// First side: CONFIG, /PATH or `CONFIG:/PATH`, optionally @REVISION
    #[arg(value_name = "A")]
    left: Side,
    /// Second side, in the same form
    #[arg(value_name = "B", required_unless_present = "data", conflicts_with_all = ["data", "from", "flat"])]
    right: Option<Side>,
    #[command(flatten)]
    file: FileArgs,
    /// Show values too, including those of secrets
    #[arg(long)]
    values: bool,
    /// Include keys with a time to live
    #[arg(long)]
    with_ttl: bool,
    #[command(flatten)]
    kind: KindArgs,
    #[command(flatten)]
    except: ExceptArgs,
    #[command(flatten)]
    sides: SideArgs,
    #[command(flatten)]
    out: OutArgs,
}

pub(in crate::cli) async fn run(
    args: DiffArgs,
    session: &mut Session,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let format = session.format();
    let run = async |terminal: &mut Terminal| compare_sides(&args, session, terminal).await;
    args.out.write(format, terminal, run).await
}

async fn compare_sides(
    args: &DiffArgs,
    session: &mut Session,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let mut from = args.sides.from(&args.left, session);
    let left = sides::read(
        &args.left,
        &args.kind,
        &mut from,
        args.with_ttl,
        &args.except.sections,
    )
    .await;
    let left = left.map_err(|stop| sides::explain(stop, &args.left, &from, Access::Read))?;
    let Some(side) = &args.right else {
        say_left_out(left.left_out, terminal);
        let right = in_file(args, &from.config()?)?;
        if left.kind == Some(SideKind::Key) {
            return Err(Failure::usage(format!(
                "{} is a key: -d compares the keys below a prefix",
                args.left
            )));
        }
        let to_show = |name: &str| args.values || right.contains_key(name);
        let left = sides::reveal(left.entries, to_show, &args.left, &mut from).await?;
        return tell(&compare(left, right), args.values, session, terminal);
    };
    let mut to = args.sides.to(side, session);
    let right = sides::read(side, &args.kind, &mut to, args.with_ttl, &args.except.sections).await;
    let right = right.map_err(|stop| sides::explain(stop, side, &to, Access::Read))?;
    check_kinds((&args.left, left.kind), (side, right.kind))?;
    say_left_out(left.left_out + right.left_out, terminal);
    let of_keys = [left.kind, right.kind].contains(&Some(SideKind::Key));
    // A single key is called by the first side's path.
    let named = |entries: BTreeMap<String, Entry>| match &args.left.key {
        Some(key) if of_keys => entries
            .into_values()
            .map(|entry| (key.to_string(), entry))
            .collect(),
        _ => entries,
    };
    let (left, right) = (named(left.entries), named(right.entries));
    // What is stored alike needs no key to be known as the same.
    let apart: BTreeSet<String> = left
        .keys()
        .chain(right.keys())
        .filter(|name| match (left.get(*name), right.get(*name)) {
            (Some(left), Some(right)) => left.value != right.value,
            _ => args.values,
        })
        .cloned()
        .collect();
    let left = sides::reveal(left, |name| apart.contains(name), &args.left, &mut from).await?;
    let right = sides::reveal(right, |name| apart.contains(name), side, &mut to).await?;
    let right = right
        .into_iter()
        .map(|(name, entry)| (name, entry.into()))
        .collect();
    tell(&compare(left, right), args.values, session, terminal)
}

fn in_file(args: &DiffArgs, config: &str) -> Result<BTreeMap<String, DesiredValue>, Failure> {
    let prefix = args.left.prefix();
    let read = args.file.read(args.file.path()?, Some(prefix), config)?;
    Ok(read
        .wanted
        .into_iter()
        .filter_map(|(key, wanted)| Some((prefix.relative(&key)?.to_owned(), wanted)))
        .collect())
}

fn tell(
    differences: &BTreeMap<String, KeyChange>,
    values: bool,
    session: &Session,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let mut lines = Vec::new();
    let mut changes = Vec::new();
    for (name, difference) in differences {
        let Some((sign, op)) = sign(difference) else {
            continue;
        };
        let shown = unmasked(shown(difference, values));
        lines.push((sign, format!("{sign} {name}{}", beside(difference, shown))));
        let change = PlannedChange::new(op, name.clone(), shown);
        changes.push(change.with_kinds(differing_kinds(difference)));
    }
    let same = changes.is_empty();
    let shape = DiffAnswer {
        action: "diff",
        same,
        changes,
    };
    let summary = terminal.columns().map(|_| summary(&lines));
    let human = || {
        let colored = lines.iter().map(|(sign, line)| Tone::of_sign(*sign).paint(line));
        colored.chain(summary).map(|line| line + "\n").collect()
    };
    show(terminal, session.format(), &shape, human, || {
        let plain = lines.iter().map(|(_, line)| format!("{line}\n"));
        plain.collect::<String>().into_bytes()
    })?;
    if same { Ok(()) } else { Err(Failure::no()) }
}

/// How many keys differ in which way.
fn summary(lines: &[(char, String)]) -> String {
    if lines.is_empty() {
        return "no differences".into();
    }
    let count = |of| lines.iter().filter(|(sign, _)| *sign == of).count();
    let (added, changed, removed) = (count('+'), count('~'), count('-'));
    format!("{added} added, {changed} changed, {removed} removed")
}
