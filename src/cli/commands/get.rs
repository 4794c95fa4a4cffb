use std::collections::BTreeMap;

use clap::Args;

use crate::cli::failure::Failure;
use crate::cli::field::{field_not_found, field_value};
use crate::cli::global::Format;
use crate::cli::help::{CONFIG, KEYS, positionals};
use crate::cli::one_line::printable_lines;
use crate::cli::out_file::OutArgs;
use crate::cli::output::show;
use crate::cli::positionals::{config_and_keys, hint, meant_as_keys, named, not_found};
use crate::cli::session::Session;
use crate::cli::terminal::Terminal;
use crate::cli::value_line::value_line;
use crate::formats::{JsonDocument, JsonField};
use crate::model::{Access, Encoding, Entry, ErrorKind, Key, Revision, Value, ValueKind};
use crate::ops::{self, OpsError};
use crate::store::{Consistency, StoreExt as _};
use crate::wire::{AnyNode, KeyAnswer, KeysAnswer};

/// Print the values of keys
///
/// Prints the value and a newline; -f raw prints the exact bytes. A value of bytes is printed as it is, except on a
/// terminal. Secrets are decrypted if the role can decrypt them.
///
/// Several values are printed in the order of their keys, one after another: on a terminal a line each, with its key;
/// with -f raw without newlines; with -f json as one object. They are read in one request for up to 100 keys on
/// DynamoDB, and are not a snapshot: use `export` for values of one moment.
///
/// One argument is the key; of several, the first is the config. With -c, all are keys.
/// Exits with 3, and prints nothing, if a key is not found.
#[derive(Debug, Args)]
#[command(
    override_usage = "discfg get [OPTIONS] [CONFIG] KEY\n       discfg get [OPTIONS] CONFIG KEY KEY…\n       discfg get [OPTIONS] -c CONFIG KEY…",
    help_template = positionals(&[CONFIG, KEYS]),
    after_long_help = EXAMPLES
)]
pub(in crate::cli) struct GetArgs {
    /// Config, if several are given and -c isn't, and the keys
    #[arg(value_name = "KEY", num_args = 1.., required = true, hide = true)]
    words: Vec<String>,
    /// Print the value as of this revision (see `history`)
    ///
    /// Revisions are counted per section: give one of the key's section.
    #[arg(long, value_name = "N", conflicts_with = "eventual")]
    revision: Option<Revision>,
    /// Print this field of a JSON value: /a/b/0 or .a.b.0
    ///
    /// A JSON Pointer (RFC 6901), or names with dots. A string is printed as text, anything else as it is written in the
    /// value. Exits with 3 if the field does not exist, and with 8 if the value is not JSON.
    #[arg(long, value_name = "FIELD")]
    field: Option<JsonField>,
    /// Read eventually consistent, at half the price
    ///
    /// The result may miss the latest writes.
    #[arg(long)]
    eventual: bool,
    /// Print this value for a key that is not found
    #[arg(long, value_name = "VALUE", allow_hyphen_values = true)]
    default: Option<String>,
    #[command(flatten)]
    out: OutArgs,
}

const EXAMPLES: &str = "\
Examples:
  discfg get payments /db/url
  discfg get payments /db/url /db/user
  discfg get /db/url --default postgres://localhost/app
  discfg get /limits --field /daily/max
  discfg get /tls/cert -f raw > cert.pem";

/// A value to show, or the one that stands in for it.
struct ShownKey {
    key: Key,
    value: Value,
    node: AnyNode,
}

impl ShownKey {
    fn of(entry: Entry) -> Self {
        Self {
            node: AnyNode::revealed(&entry),
            key: entry.key,
            value: entry.value,
        }
    }

    fn stand_in(key: &Key, default: &str) -> Result<Self, Failure> {
        let value = Value::new(default, Encoding::Detect)?;
        Ok(Self {
            key: key.clone(),
            node: AnyNode::stand_in(key, &value),
            value,
        })
    }
}

pub(in crate::cli) async fn run(
    args: GetArgs,
    session: &mut Session,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let format = session.format();
    let run = async |terminal: &mut Terminal| print_values(&args, session, terminal).await;
    args.out.write(format, terminal, run).await
}

async fn print_values(args: &GetArgs, session: &mut Session, terminal: &mut Terminal) -> Result<(), Failure> {
    let (config, keys) = config_and_keys("get", &args.words, session)?;
    session.choose(config)?;
    let found = read(&keys, args, session)
        .await
        .map_err(|failure| meant_as_keys("get", &args.words, session, failure))?;
    let mut shown = Vec::new();
    let mut missing = Vec::new();
    let mut without_field = None;
    for key in &keys {
        let entry = match (found.get(key), &args.field) {
            (Some(entry), Some(field)) => {
                let value = field_value(key, &entry.value, field)?;
                if value.is_none() {
                    without_field.get_or_insert((key, field));
                }
                value.map(|value| Entry {
                    value,
                    ..entry.clone()
                })
            }
            (entry, _) => entry.cloned(),
        };
        match (entry, &args.default) {
            (Some(entry), _) => shown.push(ShownKey::of(entry)),
            (None, Some(default)) => shown.push(ShownKey::stand_in(key, default)?),
            (None, None) if found.contains_key(key) => {}
            (None, None) => missing.push(key),
        }
    }
    if !missing.is_empty() {
        let failure = match args.revision {
            Some(revision) => {
                let message = format!("{} not found at revision {revision}", named(&missing));
                Failure::new(ErrorKind::NotFound, message)
            }
            None => not_found(&missing),
        };
        return Err(hint("get", &args.words, "key")
            .into_iter()
            .fold(failure, Failure::hint));
    }
    if let Some((key, field)) = without_field.filter(|_| args.default.is_none()) {
        return Err(field_not_found(key, field));
    }
    if let [_] = shown[..] {
        return shown
            .into_iter()
            .try_for_each(|key| show_one(key, session.format(), terminal));
    }
    show_several(shown, session.format(), terminal)
}

/// The entries that exist, decrypted.
async fn read(keys: &[Key], args: &GetArgs, session: &mut Session) -> Result<BTreeMap<Key, Entry>, Failure> {
    let consistency = if args.eventual {
        Consistency::Eventual
    } else {
        Consistency::Strong
    };
    let store = session.store(Access::Read, &keys[0]).await?;
    let found: Result<Vec<Entry>, OpsError> = async {
        let found = match (args.revision, keys) {
            (Some(revision), _) => {
                let mut found = Vec::new();
                for key in keys {
                    found.extend(ops::entry_at(store, key, revision).await?);
                }
                found
            }
            (None, [key]) => Vec::from_iter(store.get(key, consistency).await?),
            (None, keys) => {
                let keys = keys.iter().cloned().collect();
                store.get_many(&keys, consistency).await?.into_values().collect()
            }
        };
        Ok(store.reveal(found).await?)
    }
    .await;
    let found = found.map_err(|error| session.explain(error, Access::Read))?;
    Ok(found
        .into_iter()
        .map(|entry| (entry.key.clone(), entry))
        .collect())
}

fn show_one(key: ShownKey, format: Format, terminal: &mut Terminal) -> Result<(), Failure> {
    let ShownKey { value, node, .. } = key;
    let (is_screen, is_wide) = (terminal.is_screen(), terminal.columns().is_some());
    if format != Format::Human {
        let shape = KeyAnswer {
            action: "get",
            node,
            prev_node: AnyNode::of(None),
        };
        return show(terminal, format, &shape, String::new, || value.bytes().to_vec());
    }
    // A value is shown as it is, however long its lines are.
    match value.as_text() {
        Some(text) if value.kind() == ValueKind::Json => {
            let text = if is_wide { indented(text) } else { text.into() };
            terminal.write_document(&(text + "\n"))
        }
        Some(text) if is_screen => terminal.line(&printable_lines(text)),
        Some(text) => terminal.line(text),
        None if is_screen => {
            let size = value.len();
            terminal.note(&format!("{size} bytes of binary data; use -f raw to print them"));
            Ok(())
        }
        None => terminal.write(value.bytes()),
    }
}

/// Shows values in the order of their keys; on a terminal, each on one line after its key, as in a listing.
fn show_several(shown: Vec<ShownKey>, format: Format, terminal: &mut Terminal) -> Result<(), Failure> {
    if format != Format::Human {
        let raw = || {
            let values = shown.iter().map(|shown| shown.value.bytes());
            values.collect::<Vec<_>>().concat()
        };
        let raw = if format == Format::Raw { raw() } else { Vec::new() };
        let shape = KeysAnswer {
            action: "get",
            nodes: shown.into_iter().map(|shown| shown.node).collect(),
            prev_nodes: Vec::new(),
        };
        return show(terminal, format, &shape, String::new, || raw);
    }
    for ShownKey { key, value, .. } in shown {
        if terminal.is_screen() {
            terminal.line(&format!("{key}\t{}", value_line(&value, false)))?;
        } else {
            terminal.write(value.bytes())?;
            terminal.write(b"\n")?;
        }
    }
    Ok(())
}

/// JSON with a line for each member, its numbers as they were written.
fn indented(text: &str) -> String {
    JsonDocument::parse(text).map_or_else(|_| text.to_owned(), |document| format!("{document:#}"))
}
