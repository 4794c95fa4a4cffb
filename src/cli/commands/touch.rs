use clap::Args;

use crate::cli::failure::Failure;
use crate::cli::output::show;
use crate::cli::positionals::{config_and_key, hint};
use crate::cli::session::Session;
use crate::cli::terminal::Terminal;
use crate::model::{Access, Ttl};
use crate::store::StoreError;
use crate::wire::{AnyNode, KeyAnswer};

/// Renew the time to live of a key
///
/// With --ttl the key lives that long from now; without, as long as it was given to live when it was written. This is
/// the heartbeat of a service that is registered under a key: one write, no new version, no new revision and no line
/// in the log. A key that isn't there, or whose time is over, stays away: exit code 3.
#[derive(Debug, Args)]
#[command(override_usage = "discfg touch [OPTIONS] [CONFIG] KEY")]
pub(in crate::cli) struct TouchArgs {
    /// The config, if two are given, and the key
    #[arg(value_name = "KEY", num_args = 1..=2, required = true)]
    words: Vec<String>,
    /// How long it is to live from now: 30s, 5m, 2h, 7d
    #[arg(long, value_name = "TIME", allow_negative_numbers = true)]
    ttl: Option<Ttl>,
}

pub(in crate::cli) async fn run(
    args: TouchArgs,
    session: &mut Session,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let (config, key) = config_and_key(&args.words)?;
    session.choose(config)?;
    let touched = session
        .store(Access::Write, &key)
        .await?
        .touch(&key, args.ttl)
        .await;
    let entry = touched.map_err(|error| {
        let more = match &error {
            StoreError::NotFound(_) => hint("touch", &args.words, "key"),
            StoreError::NoTtl(_) => Some("set one with --ttl, such as --ttl 30s".into()),
            _ => None,
        };
        let failure = session.explain(error, Access::Write);
        match more {
            Some(more) => failure.hint(more),
            None => failure,
        }
    })?;
    let shape = KeyAnswer {
        action: "touch",
        node: AnyNode::of(Some(&entry)),
        prev_node: AnyNode::of(None),
    };
    let expires = entry
        .expires
        .map_or_else(|| "never".into(), |expires| expires.to_string());
    let times = terminal.time_style();
    let shown = entry.expires.map_or_else(|| "never".into(), |at| times.show(at));
    let human = || format!("{key}: expires {shown}\n");
    show(terminal, session.format(), &shape, human, || {
        format!("{expires}\n").into_bytes()
    })
}
