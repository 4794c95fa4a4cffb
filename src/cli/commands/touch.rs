use clap::Args;

use crate::cli::failure::Failure;
use crate::cli::help::{CONFIG, KEY, positionals};
use crate::cli::output::show;
use crate::cli::positionals::{config_and_key, hint};
use crate::cli::session::Session;
use crate::cli::terminal::Terminal;
use crate::model::{Access, Ttl};
use crate::store::StoreError;
use crate::wire::{AnyNode, KeyAnswer};

/// Renew a key's time to live (TTL)
///
/// With --ttl the key expires that long from now; without --ttl, its last TTL starts again. Use it as the heartbeat of
/// a registered service: it is a single write that creates no version, no revision and no history. A key that is not
/// found or has expired is not created (exit code 3).
#[derive(Debug, Args)]
#[command(
    override_usage = "discfg touch [OPTIONS] [CONFIG] KEY",
    help_template = positionals(&[CONFIG, KEY])
)]
pub(in crate::cli) struct TouchArgs {
    /// Config, if two are given, and the key
    #[arg(value_name = "KEY", num_args = 1..=2, required = true, hide = true)]
    words: Vec<String>,
    /// Let the key expire after this time: 30s, 5m, 2h, 7d
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
