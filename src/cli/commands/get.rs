use clap::Args;

use crate::cli::failure::Failure;
use crate::cli::global::Format;
use crate::cli::help::{CONFIG, KEY, positionals};
use crate::cli::one_line::printable_lines;
use crate::cli::output::show;
use crate::cli::positionals::{config_and_key, hint};
use crate::cli::session::Session;
use crate::cli::terminal::Terminal;
use crate::formats::JsonDocument;
use crate::model::{Access, Encoding, Entry, ErrorKind, Revision, Value, ValueKind};
use crate::ops::{self, OpsError};
use crate::store::{Consistency, StoreError, StoreExt as _};
use crate::wire::{AnyNode, KeyAnswer};

/// Print the value of a key
///
/// Prints the value and a newline; -f raw prints the exact bytes. A value of bytes is printed as it is, except on a
/// terminal. Secrets are decrypted if the role can decrypt them.
/// Exits with 3 if the key is not found.
#[derive(Debug, Args)]
#[command(
    override_usage = "discfg get [OPTIONS] [CONFIG] KEY",
    help_template = positionals(&[CONFIG, KEY]),
    after_long_help = EXAMPLES
)]
pub(in crate::cli) struct GetArgs {
    /// Config, if two are given, and the key
    #[arg(value_name = "KEY", num_args = 1..=2, required = true, hide = true)]
    words: Vec<String>,
    /// Print the value as of this revision (see `history`)
    ///
    /// Revisions are counted per section: give one of the key's section.
    #[arg(long, value_name = "N", conflicts_with = "eventual")]
    revision: Option<Revision>,
    /// Read eventually consistent, at half the price
    ///
    /// The result may miss the latest writes.
    #[arg(long)]
    eventual: bool,
    /// Print this value if the key is not found
    #[arg(long, value_name = "VALUE", allow_hyphen_values = true)]
    default: Option<String>,
}

const EXAMPLES: &str = "\
Examples:
  discfg get payments /db/url
  discfg get /db/url --default postgres://localhost/app
  discfg get /tls/cert -f raw > cert.pem";

pub(in crate::cli) async fn run(
    args: GetArgs,
    session: &mut Session,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let (config, key) = config_and_key(&args.words)?;
    session.choose(config)?;
    let read = if args.eventual {
        Consistency::Eventual
    } else {
        Consistency::Strong
    };
    let store = session.store(Access::Read, &key).await?;
    let found = match args.revision {
        Some(revision) => ops::entry_at(store, &key, revision).await,
        None => store.get(&key, read).await.map_err(OpsError::from),
    };
    let found = match found {
        Ok(found) => store.reveal(Vec::from_iter(found)).await.map_err(OpsError::from),
        Err(error) => Err(error),
    };
    let found = found.map_err(|error| session.explain(error, Access::Read))?;
    if let Some(entry) = found.first() {
        return show_entry(entry, session, terminal);
    }
    if let Some(default) = args.default {
        let line = format!("{default}\n");
        let shape = KeyAnswer {
            action: "get",
            node: AnyNode::stand_in(&key, &Value::new(default.as_str(), Encoding::Detect)?),
            prev_node: AnyNode::of(None),
        };
        return show(
            terminal,
            session.format(),
            &shape,
            || line,
            || default.into_bytes(),
        );
    }
    let failure = match args.revision {
        Some(revision) => Failure::new(
            ErrorKind::NotFound,
            format!("key {key} not found at revision {revision}"),
        ),
        None => Failure::from(StoreError::NotFound(key)),
    };
    Err(match hint("get", &args.words, "key") {
        Some(hint) => failure.hint(hint),
        None => failure,
    })
}

fn show_entry(entry: &Entry, session: &Session, terminal: &mut Terminal) -> Result<(), Failure> {
    let shape = KeyAnswer {
        action: "get",
        node: AnyNode::revealed(entry),
        prev_node: AnyNode::of(None),
    };
    let bytes = entry.value.bytes();
    let (is_screen, is_wide) = (terminal.is_screen(), terminal.columns().is_some());
    // A value is shown as it is, however long its lines are.
    let mut show_human = || match entry.value.as_text() {
        Some(text) if entry.value.kind() == ValueKind::Json => {
            let text = if is_wide { indented(text) } else { text.into() };
            terminal.write_document(&(text + "\n"))
        }
        Some(text) if is_screen => terminal.line(&printable_lines(text)),
        Some(text) => terminal.line(text),
        None if is_screen => {
            let size = bytes.len();
            terminal.note(&format!("{size} bytes of binary data; use -f raw to print them"));
            Ok(())
        }
        None => terminal.write(bytes),
    };
    match session.format() {
        Format::Human => show_human(),
        format => show(terminal, format, &shape, String::new, || bytes.to_vec()),
    }
}

/// JSON with a line for each member, its numbers as they were written.
fn indented(text: &str) -> String {
    JsonDocument::parse(text).map_or_else(|_| text.to_owned(), |document| format!("{document:#}"))
}
