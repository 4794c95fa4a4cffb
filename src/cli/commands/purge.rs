use std::time::SystemTime;

use clap::Args;

use crate::cli::failure::{Failure, Stop};
use crate::cli::help::{CONFIG, KEY, positionals};
use crate::cli::output::show;
use crate::cli::positionals::{config_and_key, hint};
use crate::cli::session::Session;
use crate::cli::terminal::Terminal;
use crate::context::EngineName;
use crate::model::{Access, Key, Timestamp};
use crate::ops::{OpsError, planned_purge};
use crate::store::{Purged, StoreError};
use crate::wire::PurgeAnswer;

/// Remove a key's old values from the history, after asking
///
/// For a secret that was stored in plain text: encrypt it with `set --secret`, replace it where it is used, then purge
/// the old values. The history keeps the time and the writer of each change, and the current value stays. `get
/// --revision`, `diff` and `rollback` fail for a purged value (exit code 3), and a watch that is behind starts over
/// (`resync`).
///
/// A key that changed in the last 2 minutes can't be purged yet (exit code 4). Other keys stay as they are: purge the
/// keys that this one was copied or moved to as well. Backups, exports and point-in-time recovery keep the values. If
/// the command is interrupted, rerun it.
#[derive(Debug, Args)]
#[command(
    override_usage = "discfg purge [OPTIONS] [CONFIG] KEY",
    help_template = positionals(&[CONFIG, KEY]),
    after_long_help = EXAMPLES
)]
pub(in crate::cli) struct PurgeArgs {
    /// Config, if two are given, and the key
    #[arg(value_name = "KEY", num_args = 1..=2, required = true, hide = true)]
    words: Vec<String>,
    /// Don't ask for confirmation
    #[arg(short, long)]
    yes: bool,
    /// Show how many values would be removed, and stop
    #[arg(long)]
    dry_run: bool,
}

const EXAMPLES: &str = "\
Examples:
  discfg purge /db/password --dry-run
  discfg purge payments /db/password --yes";

pub(in crate::cli) async fn run(
    args: PurgeArgs,
    session: &mut Session,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let (config, key) = config_and_key(&args.words)?;
    session.choose(config)?;
    let result = purge(&key, &args, session, terminal).await;
    result.map_err(|stop| {
        let more = match &stop {
            Stop::Ops(OpsError::Store(StoreError::NotFound(_))) => hint("purge", &args.words, "key"),
            _ => None,
        };
        let failure = session.explain_stop(stop, Access::Write);
        more.into_iter().fold(failure, Failure::hint)
    })
}

async fn purge(
    key: &Key,
    args: &PurgeArgs,
    session: &mut Session,
    terminal: &mut Terminal,
) -> Result<(), Stop> {
    let (format, engine) = (session.format(), session.target()?.engine.value.clone());
    let access = if args.dry_run { Access::Read } else { Access::Write };
    let store = session.store(access, key).await?;
    let (purged, result) = if args.dry_run {
        let planned = planned_purge(store, key, SystemTime::now().into()).await?;
        (
            planned,
            if planned.lines == 0 {
                "unchanged"
            } else {
                "planned"
            },
        )
    } else {
        if !args.yes {
            // The age of the lines is for the store to judge, by its clock.
            let planned = planned_purge(store, key, Timestamp::from_epoch(i64::MAX)).await?;
            if planned.lines > 0 {
                let question = format!(
                    "Remove the old values of {key} from {} of its history? This can't be undone.",
                    lines(planned.lines)
                );
                terminal
                    .confirm(&question, "--yes")?
                    .or_cancel("nothing was purged")?;
            }
        }
        let purged = store.purge(key).await?;
        (purged, if purged.lines == 0 { "unchanged" } else { "purged" })
    };
    let shape = PurgeAnswer {
        action: "purge".into(),
        key: key.clone(),
        result: result.into(),
        lines: purged.lines,
        kept: purged.kept,
    };
    let human = || human_text(key, &purged, args.dry_run);
    show(terminal, format, &shape, human, || {
        format!("{}\n", purged.lines).into_bytes()
    })?;
    if result == "purged" {
        terminal.flush()?;
        terminal.hint(remains(&engine));
        terminal.hint("replace the secret itself, too: anyone who has read it still knows it");
    }
    Ok(())
}

fn lines(count: usize) -> String {
    match count {
        1 => "1 line".into(),
        count => format!("{count} lines"),
    }
}

fn human_text(key: &Key, purged: &Purged, is_planned: bool) -> String {
    let kept = match purged.kept {
        Some(revision) => format!("; the current value (revision {revision}) stays"),
        None => String::new(),
    };
    match (purged.lines, is_planned) {
        (0, _) => format!("{key}: no old values in the history{kept}\n"),
        (count, true) => format!(
            "{key}: would remove old values from {} of its history{kept}\n",
            lines(count)
        ),
        (count, false) => format!(
            "{key}: removed old values from {} of its history{kept}\n",
            lines(count)
        ),
    }
}

/// Where the values are that a purge doesn't reach.
fn remains(engine: &EngineName) -> &'static str {
    match engine {
        EngineName::DynamoDb => {
            "the values remain in point-in-time recovery for 35 days, and in backups, table exports and copies made before"
        }
        EngineName::Local => "the values remain in backups and copies of the file made before",
        EngineName::Http(_) => {
            "the values remain in backups, exports and copies made before; on DynamoDB in point-in-time recovery, too, for 35 days"
        }
    }
}
