use std::fmt::Write as _;
use std::time::SystemTime;

use clap::Args;
use futures::TryStreamExt as _;

use crate::cli::bad_sections::report;
use crate::cli::failure::{Failure, Stop};
use crate::cli::help::{CONFIG, positionals};
use crate::cli::out_file::OutArgs;
use crate::cli::output::show;
use crate::cli::positionals::{hint, parse};
use crate::cli::session::Session;
use crate::cli::sides::is_key;
use crate::cli::terminal::Terminal;
use crate::cli::terminal::color::Tone;
use crate::cli::terminal::table::Table;
use crate::cli::terminal::times::TimeStyle;
use crate::cli::value_line::value_line;
use crate::model::{
    Access, BadSection, Change, ConfigName, ErrorKind, Key, Op, Prefix, Revision, Since, Timestamp, printable,
};
use crate::ops::{HistoryFilter, HistoryItem, config_history};
use crate::store::Store;
use crate::wire::{ChangeLine, HistoryAnswer};

/// Show the changes of a key or a config, newest first
///
/// Without KEY, shows the changes of all keys, across sections. A single argument is the key: name a config with -c, or
/// give both. History goes back as many days as the config keeps (`init --history-days`), and is kept when a key is
/// deleted. Expiries are not recorded.
#[derive(Debug, Args)]
#[command(
    override_usage = "discfg history [OPTIONS] [CONFIG] [KEY]",
    help_template = positionals(&[CONFIG, ("[KEY]", "Key, such as /db/url [default: all keys]")]),
    after_long_help = EXAMPLES
)]
pub(in crate::cli) struct HistoryArgs {
    /// Config, if two are given, and the key
    #[arg(value_name = "KEY", num_args = 0..=2, hide = true)]
    words: Vec<String>,
    /// Show only the changes of keys below this prefix
    #[arg(long, value_name = "PREFIX")]
    prefix: Option<Prefix>,
    /// Maximum number of changes; 0 for all
    #[arg(short = 'n', long, value_name = "N", default_value_t = 20)]
    limit: usize,
    /// Show only changes since this time
    ///
    /// A time ago, such as 2h or 7d, a date (UTC), such as 2026-01-31, or a moment, such as 2026-01-31T08:00:00Z.
    #[arg(long, value_name = "TIME")]
    since: Option<Since>,
    /// Show only changes by writers whose name contains this
    #[arg(long, value_name = "TEXT")]
    by: Option<String>,
    /// Show only changes before this revision (with KEY)
    ///
    /// Revisions are counted per section: give one of the key's section.
    #[arg(long, value_name = "REVISION")]
    before: Option<Revision>,
    /// Show values too; secrets stay masked
    ///
    /// -f json and -f yaml always contain the values.
    #[arg(long)]
    values: bool,
    #[command(flatten)]
    out: OutArgs,
}

const EXAMPLES: &str = "\
Examples:
  discfg history /db/url
  discfg history -c payments --since 2h
  discfg history --prefix /db --by deploy --values";

pub(in crate::cli) async fn run(
    args: HistoryArgs,
    session: &mut Session,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let format = session.format();
    let run = async |terminal: &mut Terminal| show_history(&args, session, terminal).await;
    args.out.write(format, terminal, run).await
}

async fn show_history(
    args: &HistoryArgs,
    session: &mut Session,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let (config, key) = config_and_key(args)?;
    session.choose(config)?;
    let result = read(args, key.as_ref(), session).await;
    let (lines, bad) = result.map_err(|stop| session.explain_stop(stop, Access::Read))?;
    let is_filtered = args.since.is_some() || args.by.is_some();
    if lines.is_empty()
        && !is_filtered
        && let Some(key) = &key
    {
        let failure = Failure::new(ErrorKind::NotFound, format!("no history for {key}"));
        return Err(match hint("history", &args.words, "key") {
            Some(hint) => failure.hint(hint),
            None => failure,
        });
    }
    if lines.is_empty()
        && !is_filtered
        && bad.is_empty()
        && let Some(prefix) = &args.prefix
    {
        let store = session.store(Access::Read, prefix).await?;
        let is_key = is_key(prefix, store).await;
        let failure = Failure::new(ErrorKind::NotFound, format!("no history below {prefix}"));
        let is_key = is_key.map_err(|stop| session.explain_stop(stop, Access::Read))?;
        return Err(if is_key {
            failure.hint(format!("{prefix} is a key: `discfg history {prefix}`"))
        } else {
            failure
        });
    }
    if lines.is_empty() {
        terminal.hint("no changes");
    }
    let names_keys = key.is_none();
    let shape = HistoryAnswer {
        action: "history",
        key: key.map(|key| key.to_string()),
        changes: lines.iter().map(|line| ChangeLine::new(None, line)).collect(),
        bad,
    };
    let times = terminal.time_style();
    let columns = terminal.columns();
    let human = || match columns {
        Some(columns) => table(&lines, names_keys, args.values, times).lines(columns),
        None => lines
            .iter()
            .map(|line| change_text(line, names_keys, args.values, times))
            .collect(),
    };
    show(terminal, session.format(), &shape, human, || {
        let revisions = lines.iter().map(|line| {
            if names_keys {
                format!("{}\t{}\n", line.key, line.revision)
            } else {
                format!("{}\n", line.revision)
            }
        });
        revisions.collect::<String>().into_bytes()
    })?;
    report(&shape.bad, terminal)
}

/// Reads `[CONFIG] [KEY]`.
fn config_and_key(args: &HistoryArgs) -> Result<(Option<ConfigName>, Option<Key>), Failure> {
    let (config, key) = match args.words.as_slice() {
        [] => (None, None),
        [key] => (None, Some(parse(key)?)),
        [config, key] => (Some(parse(config)?), Some(parse(key)?)),
        _ => return Err(Failure::usage("expected [CONFIG] [KEY]")),
    };
    if key.is_some() && args.prefix.is_some() {
        return Err(
            Failure::usage("--prefix and KEY can't be used together").hint("name a config with -c CONFIG")
        );
    }
    if key.is_none() && args.before.is_some() {
        return Err(Failure::usage(
            "--before needs KEY, since each section counts its own revisions",
        ));
    }
    Ok((config, key))
}

async fn read(
    args: &HistoryArgs,
    key: Option<&Key>,
    session: &mut Session,
) -> Result<(Vec<Change>, Vec<BadSection>), Stop> {
    let limit = if args.limit == 0 { usize::MAX } else { args.limit };
    let prefix = args.prefix.clone().unwrap_or_else(Prefix::all);
    let subject = key.map_or_else(|| prefix.to_string(), ToString::to_string);
    let store = session.store(Access::Read, subject).await?;
    let since = args.since.map(|since| since.moment(SystemTime::now().into()));
    if let Some(key) = key {
        return Ok((of_key(store, key, limit, since, args).await?, Vec::new()));
    }
    let filter = HistoryFilter {
        since,
        by: args.by.clone(),
        ..HistoryFilter::below(prefix)
    };
    let mut history = config_history(store, filter);
    let (mut lines, mut bad) = (Vec::new(), Vec::new());
    while lines.len() < limit
        && let Some(item) = history.try_next().await?
    {
        match item {
            HistoryItem::Change(line) => lines.push(*line),
            HistoryItem::Bad(section) => bad.push(section),
        }
    }
    Ok((lines, bad))
}

async fn of_key(
    store: &dyn Store,
    key: &Key,
    limit: usize,
    since: Option<Timestamp>,
    args: &HistoryArgs,
) -> Result<Vec<Change>, Stop> {
    let mut lines = store.history(key, args.before);
    let mut found = Vec::new();
    while found.len() < limit
        && let Some(line) = lines.try_next().await?
    {
        if since.is_some_and(|since| line.at < since) {
            break;
        }
        if args.by.as_ref().is_none_or(|by| line.by.contains(by.as_str())) {
            found.push(line);
        }
    }
    Ok(found)
}

/// What is shown in place of a value that was purged.
const PURGED: &str = "(purged)";

/// The version, the operation and the value of a change.
fn parts(line: &Change) -> (Option<u64>, &'static str, String) {
    match &line.op {
        Op::Set {
            value,
            version,
            secret,
            ..
        } => {
            let value = value.value().map(|value| value_line(value, *secret));
            (Some(*version), "set", value.unwrap_or_else(|| PURGED.into()))
        }
        Op::Delete => (None, "delete", String::new()),
    }
}

fn table(lines: &[Change], names_keys: bool, values: bool, times: TimeStyle) -> Table {
    let mut table = Table::new(&[
        "#REVISION",
        "#VERSION",
        "CHANGE",
        "KEY",
        "FROM",
        "WHEN",
        "BY",
        "VALUE",
        "MESSAGE",
    ]);
    for line in lines {
        let (version, what, value) = parts(line);
        let tone = if version.is_some() { Tone::Plain } else { Tone::Bad };
        let cells = [
            line.revision.to_string(),
            version.map(|version| version.to_string()).unwrap_or_default(),
            what.to_owned(),
            if names_keys {
                line.key.to_string()
            } else {
                String::new()
            },
            line.from.as_ref().map(Key::to_string).unwrap_or_default(),
            times.show(line.at),
            printable(&line.by).into_owned(),
            if values { value } else { String::new() },
            message_of(line).unwrap_or_default(),
        ];
        table.toned_row(cells.map(|cell| (tone, cell)));
    }
    table
}

/// The message on one line, with what could steer a terminal escaped.
fn message_of(line: &Change) -> Option<String> {
    let message = line.message.as_deref()?;
    Some(printable(message).into_owned())
}

fn change_text(line: &Change, names_keys: bool, values: bool, times: TimeStyle) -> String {
    let (version, what, value) = parts(line);
    let key = if names_keys {
        format!("  {}", line.key)
    } else {
        String::new()
    };
    let mut text = format!(
        "{:>8} {:>7}  {what:<6}{key}  {}  {}",
        format!("r{}", line.revision),
        version.map_or_else(|| "-".into(), |version| format!("v{version}")),
        times.show(line.at),
        printable(&line.by)
    );
    if let Some(from) = &line.from {
        // Writing to a String can't fail.
        let _ = write!(text, "  (from {from})");
    }
    if let Some(message) = message_of(line) {
        let _ = write!(text, "  \"{message}\"");
    }
    if values && !value.is_empty() {
        text.push('\t');
        text.push_str(&value);
    }
    text.push('\n');
    text
}
