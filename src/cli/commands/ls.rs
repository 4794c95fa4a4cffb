use clap::Args;
use futures::TryStreamExt as _;

use crate::cli::bad_sections::report;
use crate::cli::failure::{Failure, Stop};
use crate::cli::global::Format;
use crate::cli::help::{CONFIG, PREFIX, positionals};
use crate::cli::output::show;
use crate::cli::positionals::{config_and_prefix, hint};
use crate::cli::session::Session;
use crate::cli::terminal::Terminal;
use crate::cli::value_line::value_line;
use crate::model::{Access, Entry, Timestamp, printable};
use crate::ops::{ReadableItem, readable_list};
use crate::store::{Consistency, Listed, Scope};
use crate::wire::{EntryNode, ListAnswer};

/// List keys
///
/// Lists one level below the prefix; folders end with a slash. An empty list is not an error. If a section cannot be
/// read, it is named on stderr, the others are listed, and the exit code is 70.
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
  discfg ls -r payments /         all keys of the config payments
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
    let now = Timestamp::from(std::time::SystemTime::now());
    let mut listing = ListAnswer {
        action: "ls",
        nodes: Vec::new(),
        folders: Vec::new(),
        bad: Vec::new(),
    };
    let mut found = false;
    let result: Result<(), Stop> = async {
        let store = session.store(Access::Read, &prefix).await?;
        let mut listed = readable_list(store, &scope, Consistency::Strong);
        while let Some(item) = listed.try_next().await? {
            found = true;
            let item = match item {
                ReadableItem::Listed(item) => item,
                ReadableItem::Bad(bad) => {
                    listing.bad.push(bad);
                    continue;
                }
            };
            if streams {
                // A listing can be long: lines go out as they come, and end when nobody reads them.
                terminal.line(&line(&item, &args, now))?;
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
    if !streams {
        show(terminal, session.format(), &listing, String::new, Vec::new)?;
    }
    report(&listing.bad, terminal)
}

fn line(item: &Listed, args: &LsArgs, now: Timestamp) -> String {
    let entry = match item {
        Listed::Folder(path) if args.long => {
            return format!("{:>7} {:>8} {:>5} {:>7}  {path}", "-", "-", "-", "-");
        }
        Listed::Folder(path) => return path.clone(),
        Listed::Entry(entry) => entry,
    };
    let mut line = if args.long {
        details(entry, now)
    } else {
        entry.key.to_string()
    };
    if args.values {
        line.push('\t');
        line.push_str(&value_line(&entry.value, entry.secret));
    }
    line
}

fn details(entry: &Entry, now: Timestamp) -> String {
    let ttl = entry
        .expires
        .map(|expires| format!("  (ttl {})", span(expires.epoch() - now.epoch())));
    format!(
        "{:>7} {:>8} {:>5} {:>7}  {}  {}{}",
        format!("v{}", entry.version),
        format!("r{}", entry.revision),
        span(now.epoch() - entry.modified.epoch()),
        entry.value.len(),
        entry.key,
        printable(&entry.by),
        ttl.unwrap_or_default()
    )
}

/// A span of time in its largest unit.
fn span(seconds: i64) -> String {
    match seconds.max(0) {
        s if s < 60 => format!("{s}s"),
        s if s < 3600 => format!("{}m", s / 60),
        s if s < 86400 => format!("{}h", s / 3600),
        s => format!("{}d", s / 86400),
    }
}
