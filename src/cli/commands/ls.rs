use std::time::SystemTime;

use clap::Args;
use futures::TryStreamExt as _;

use crate::cli::bad_sections::report;
use crate::cli::failure::{Failure, Stop};
use crate::cli::global::Format;
use crate::cli::help::{CONFIG, PREFIX, positionals};
use crate::cli::output::show;
use crate::cli::positionals::{config_and_prefix, hint};
use crate::cli::session::Session;
use crate::cli::sides;
use crate::cli::terminal::Terminal;
use crate::cli::terminal::table::Table;
use crate::cli::terminal::times::TimeStyle;
use crate::cli::value_line::value_line;
use crate::model::{Access, Entry, Timestamp, largest_unit, printable};
use crate::ops::{ReadableItem, readable_list};
use crate::store::{Consistency, Listed, Scope};
use crate::wire::{EntryNode, ListAnswer};

/// List keys
///
/// Lists one level below the prefix, or the key of that path if nothing is below it; folders end with a slash. A single
/// argument is the prefix: name a config with -c, or give both. An empty list is not an error. If a section can't be read, it is named on stderr, the others are
/// listed, and the exit code is 70.
#[derive(Debug, Args)]
#[command(
    override_usage = "discfg ls [OPTIONS] [CONFIG] [PREFIX]",
    help_template = positionals(&[CONFIG, PREFIX]),
    after_long_help = EXAMPLES
)]
pub(in crate::cli) struct LsArgs {
    /// Config, if two are given, and the prefix
    #[arg(value_name = "PREFIX", num_args = 0..=2, hide = true)]
    words: Vec<String>,
    /// List all levels below the prefix
    #[arg(short, long)]
    recursive: bool,
    /// Show version, revision, age, size, writer and time to live
    #[arg(short, long)]
    long: bool,
    /// Show values too; secrets stay masked
    #[arg(long)]
    values: bool,
}

const EXAMPLES: &str = "\
Examples:
  discfg ls -r                    all keys of the current config
  discfg ls -r -c payments        all keys of the config payments
  discfg ls -l /db";

pub(in crate::cli) async fn run(
    args: LsArgs,
    session: &mut Session,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let (config, prefix) = config_and_prefix(&args.words)?;
    session.choose(config)?;
    let scope = if args.recursive {
        Scope::all(prefix.clone())
    } else {
        Scope::level(prefix.clone())
    };
    let streams = matches!(session.format(), Format::Human | Format::Raw);
    let mut listing = ListAnswer {
        action: "ls",
        nodes: Vec::new(),
        folders: Vec::new(),
        bad: Vec::new(),
    };
    let mut found = false;
    let moments = Moments::of(terminal);
    let mut table = match terminal.columns() {
        Some(columns) if streams && args.long => Some((columns, Table::new(&TITLES))),
        _ => None,
    };
    let result: Result<(), Stop> = async {
        let store = session.store(Access::Read, &prefix).await?;
        let mut listed = readable_list(store, &scope, Consistency::Strong);
        let mut first = listed.try_next().await?;
        if first.is_none()
            && let Some(key) = args.words.last().and_then(|path| path.parse().ok())
        {
            // The path of a key alone, as of a file for the other ls.
            let own = sides::own_entry(store, &key, None, true).await?;
            first = own.map(|entry| ReadableItem::Listed(Listed::Entry(entry.into())));
        }
        while let Some(item) = match first.take() {
            None => listed.try_next().await?,
            item => item,
        } {
            found = true;
            let item = match item {
                ReadableItem::Listed(item) => item,
                ReadableItem::Bad(bad) => {
                    listing.bad.push(bad);
                    continue;
                }
            };
            if let Some((_, table)) = &mut table {
                table.row(cells(&item, &args, &moments));
                continue;
            }
            if streams {
                // A listing can be long: lines go out as they come, and end when nobody reads them.
                terminal.line(&line(&item, &args, &moments))?;
                if terminal.is_closed() {
                    break;
                }
                continue;
            }
            match item {
                Listed::Folder(path) => listing.folders.push(path),
                Listed::Entry(entry) if args.values => listing.nodes.push(EntryNode::new(&entry)),
                Listed::Entry(entry) => listing.nodes.push(EntryNode::without_value(&entry)),
            }
        }
        Ok(())
    }
    .await;
    result.map_err(|stop| session.explain_stop(stop, Access::Read))?;
    if !found && let Some(hint) = hint("ls", &args.words, "prefix") {
        terminal.hint(&format!("hint: {hint}"));
    }
    if let Some((columns, table)) = &table {
        terminal.write(table.lines(*columns).as_bytes())?;
    }
    if !streams {
        show(terminal, session.format(), &listing, String::new, Vec::new)?;
    }
    report(&listing.bad, terminal)
}

/// The columns of a long listing on a terminal.
const TITLES: [&str; 8] = [
    "#VERSION",
    "#REVISION",
    "MODIFIED",
    "#SIZE",
    "KEY",
    "BY",
    "EXPIRES",
    "VALUE",
];

/// How the moments of a listing are shown, decided once for all its lines.
struct Moments {
    now: Timestamp,
    style: TimeStyle,
    /// Whether the style was asked for; otherwise lines have an age.
    is_wanted: bool,
}

impl Moments {
    fn of(terminal: &Terminal) -> Self {
        Self {
            now: SystemTime::now().into(),
            style: terminal.time_style(),
            is_wanted: terminal.wanted_time_style().is_some(),
        }
    }
}

fn cells(item: &Listed, args: &LsArgs, moments: &Moments) -> [String; TITLES.len()] {
    let entry = match item {
        Listed::Folder(path) => return ["", "", "", "", path, "", "", ""].map(String::from),
        Listed::Entry(entry) => entry,
    };
    let value = args.values.then(|| value_line(&entry.value, entry.secret));
    [
        entry.version.to_string(),
        entry.revision.to_string(),
        moments.style.show(entry.modified),
        entry.value.len().to_string(),
        entry.key.to_string(),
        printable(&entry.by).into_owned(),
        entry.expires.map(|at| moments.style.show(at)).unwrap_or_default(),
        value.unwrap_or_default(),
    ]
}

fn line(item: &Listed, args: &LsArgs, moments: &Moments) -> String {
    let entry = match item {
        Listed::Folder(path) if args.long => {
            return format!("{:>7} {:>8} {:>5} {:>7}  {path}", "-", "-", "-", "-");
        }
        Listed::Folder(path) => return path.clone(),
        Listed::Entry(entry) => entry,
    };
    let mut line = if args.long {
        details(entry, moments)
    } else {
        entry.key.to_string()
    };
    if args.values {
        line.push('\t');
        line.push_str(&value_line(&entry.value, entry.secret));
    }
    line
}

fn details(entry: &Entry, moments: &Moments) -> String {
    let Moments { now, style, .. } = moments;
    let (modified, ttl) = if moments.is_wanted {
        let expires = |at| format!("  (expires {})", style.show(at));
        (style.show(entry.modified), entry.expires.map(expires))
    } else {
        let ttl = |at: Timestamp| format!("  (ttl {})", span(at.epoch() - now.epoch()));
        (span(now.epoch() - entry.modified.epoch()), entry.expires.map(ttl))
    };
    format!(
        "{:>7} {:>8} {modified:>5} {:>7}  {}  {}{}",
        format!("v{}", entry.version),
        format!("r{}", entry.revision),
        entry.value.len(),
        entry.key,
        printable(&entry.by),
        ttl.unwrap_or_default()
    )
}

/// A span of time in its largest unit.
fn span(seconds: i64) -> String {
    let (number, unit) = largest_unit(seconds);
    format!("{number}{}", &unit[..1])
}
