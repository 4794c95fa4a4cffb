use std::fmt::Write as _;

use clap::Args;

use crate::cli::bad_sections::report;
use crate::cli::failure::{Failure, Stop};
use crate::cli::output::show;
use crate::cli::positionals::optional_config;
use crate::cli::session::Session;
use crate::cli::sides;
use crate::cli::terminal::Terminal;
use crate::cli::terminal::table::Table;
use crate::model::{Access, Head, Prefix, printable};
use crate::ops::{Overview, readable_snapshot};

/// Show a config's sections, version and digest
///
/// The version is the sum of the sections' revisions, so every commit increases it. The digest identifies the content,
/// without keys that have a time to live (TTL). If a section can't be read, it is named on stderr, there is no digest,
/// and the exit code is 70.
#[derive(Debug, Args)]
#[command(override_usage = "discfg info [OPTIONS] [CONFIG]")]
pub(in crate::cli) struct InfoArgs {
    /// Config to use instead of the current one (see `discfg which`)
    #[arg(value_name = "CONFIG")]
    word: Option<String>,
    /// Show only what is below this prefix
    #[arg(long, value_name = "PREFIX")]
    prefix: Option<Prefix>,
}

pub(in crate::cli) async fn run(
    args: InfoArgs,
    session: &mut Session,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    session.choose(optional_config(args.word.as_deref())?)?;
    let given = args.prefix.is_some();
    let prefix = args.prefix.unwrap_or_else(Prefix::all);
    let store = session.store(Access::Read, "every section").await?;
    let read: Result<_, Stop> = async {
        let status = store.status().await?;
        let (snapshot, bad) = readable_snapshot(store, std::slice::from_ref(&prefix)).await?;
        let is_empty = given && snapshot.entries.is_empty() && bad.is_empty();
        let is_key = is_empty && sides::is_key(&prefix, store).await?;
        Ok((status, snapshot, bad, is_key))
    }
    .await;
    let read = read.map_err(|stop| session.explain_stop(stop, Access::Read));
    let (status, snapshot, bad, is_key) = read?;
    if is_key {
        return Err(
            sides::only_a_key(&prefix).hint(format!("for the key, use `discfg get {prefix} -f json`"))
        );
    }
    let overview = Overview::of(snapshot, bad);
    let target = session.target()?;
    let (config, engine) = (target.config()?.to_string(), target.engine.value.to_string());
    let shape = overview.info(config, engine, &status);
    let (columns, times) = (terminal.columns(), terminal.time_style());
    let nothing = if overview.sections.is_empty() {
        " (no keys)"
    } else {
        ""
    };
    let prefix_line = if given {
        format!("prefix   {prefix}{nothing}\n")
    } else {
        String::new()
    };
    let human = || {
        let mut text = format!(
            "config   {}\nengine   {}\nstate    {}\n{prefix_line}version  {}\ndigest   {}\n",
            shape.config,
            shape.engine,
            printable(&shape.state),
            shape.version,
            shape
                .digest
                .as_deref()
                .unwrap_or("none (a section can't be read)")
        );
        let modified = |head: &Head| head.modified.map_or_else(|| "never".into(), |at| times.show(at));
        if let Some(columns) = columns {
            let mut table = Table::new(&["SECTION", "#REVISION", "#KEYS", "CHANGED"]);
            for (head, keys) in &overview.sections {
                table.row([
                    head.section.to_string(),
                    head.revision.to_string(),
                    keys.to_string(),
                    modified(head),
                ]);
            }
            let table = table.lines(columns);
            let space = if table.is_empty() { "" } else { "\n" };
            return text + space + &table;
        }
        for (head, keys) in &overview.sections {
            let _ = write!(
                text,
                "\n{:<24} revision {:<8} keys {:<8} changed {}",
                head.section,
                head.revision,
                keys,
                modified(head)
            );
        }
        if !overview.sections.is_empty() {
            text.push('\n');
        }
        text
    };
    show(terminal, session.format(), &shape, human, || {
        format!("{}\n", shape.version).into_bytes()
    })?;
    report(&shape.bad, terminal)
}
