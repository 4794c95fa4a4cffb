use clap::Args;
use futures::TryStreamExt as _;

use crate::cli::failure::{Failure, Stop};
use crate::cli::help::{CONFIG, KEY, positionals};
use crate::cli::output::show;
use crate::cli::positionals::{config_and_key, hint};
use crate::cli::session::Session;
use crate::cli::terminal::Terminal;
use crate::cli::terminal::color::Tone;
use crate::cli::terminal::table::Table;
use crate::cli::terminal::times::TimeStyle;
use crate::cli::value_line::value_line;
use crate::model::{Access, Change, ErrorKind, Op, Revision, printable};
use crate::wire::{ChangeLine, HistoryAnswer};

/// Show the changes of a key, newest first
///
/// History goes back as many days as the config keeps (`init --history-days`), and is kept when the key is deleted.
/// Expiries are not recorded.
#[derive(Debug, Args)]
#[command(
    override_usage = "discfg history [OPTIONS] [CONFIG] KEY",
    help_template = positionals(&[CONFIG, KEY])
)]
pub(in crate::cli) struct HistoryArgs {
    /// Config, if two are given, and the key
    #[arg(value_name = "KEY", num_args = 1..=2, required = true, hide = true)]
    words: Vec<String>,
    /// Maximum number of changes; 0 for all
    #[arg(short = 'n', long, value_name = "N", default_value_t = 20)]
    limit: usize,
    /// Show only changes before this revision
    ///
    /// Revisions are counted per section: give one of the key's section.
    #[arg(long, value_name = "REVISION")]
    before: Option<Revision>,
    /// Show values too; secrets stay masked
    ///
    /// -f json and -f yaml always contain the values.
    #[arg(long)]
    values: bool,
}

pub(in crate::cli) async fn run(
    args: HistoryArgs,
    session: &mut Session,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let (config, key) = config_and_key(&args.words)?;
    session.choose(config)?;
    let limit = if args.limit == 0 { usize::MAX } else { args.limit };
    let result: Result<Vec<Change>, Stop> = async {
        let store = session.store(Access::Read, &key).await?;
        let mut lines = store.history(&key, args.before);
        let mut found = Vec::new();
        while found.len() < limit
            && let Some(line) = lines.try_next().await?
        {
            found.push(line);
        }
        Ok(found)
    }
    .await;
    let lines = result.map_err(|stop| session.explain_stop(stop, Access::Read))?;
    if lines.is_empty() {
        let failure = Failure::new(ErrorKind::NotFound, format!("no history for {key}"));
        return Err(match hint("history", &args.words, "key") {
            Some(hint) => failure.hint(hint),
            None => failure,
        });
    }
    let shape = HistoryAnswer {
        action: "history",
        key: key.to_string(),
        changes: lines.iter().map(|line| ChangeLine::new(None, line)).collect(),
    };
    let times = terminal.time_style();
    let columns = terminal.columns();
    let human = || match columns {
        Some(columns) => table(&lines, args.values, times).lines(columns),
        None => lines
            .iter()
            .map(|line| change_text(line, args.values, times))
            .collect(),
    };
    show(terminal, session.format(), &shape, human, || {
        let revisions = lines.iter().map(|line| format!("{}\n", line.revision));
        revisions.collect::<String>().into_bytes()
    })
}

/// The version, the operation and the value of a change.
fn parts(line: &Change) -> (Option<u64>, &'static str, String) {
    match &line.op {
        Op::Set {
            value,
            version,
            secret,
            ..
        } => (Some(*version), "set", value_line(value, *secret)),
        Op::Delete => (None, "delete", String::new()),
    }
}

fn table(lines: &[Change], values: bool, times: TimeStyle) -> Table {
    let mut table = Table::new(&["#REVISION", "#VERSION", "CHANGE", "WHEN", "BY", "VALUE"]);
    for line in lines {
        let (version, what, value) = parts(line);
        let tone = if version.is_some() { Tone::Plain } else { Tone::Bad };
        let cells = [
            line.revision.to_string(),
            version.map(|version| version.to_string()).unwrap_or_default(),
            what.to_owned(),
            times.show(line.at),
            printable(&line.by).into_owned(),
            if values { value } else { String::new() },
        ];
        table.toned_row(cells.map(|cell| (tone, cell)));
    }
    table
}

fn change_text(line: &Change, values: bool, times: TimeStyle) -> String {
    let (version, what, value) = parts(line);
    let mut text = format!(
        "{:>8} {:>7}  {what:<6}  {}  {}",
        format!("r{}", line.revision),
        version.map_or_else(|| "-".into(), |version| format!("v{version}")),
        times.show(line.at),
        printable(&line.by)
    );
    if values && !value.is_empty() {
        text.push('\t');
        text.push_str(&value);
    }
    text.push('\n');
    text
}
