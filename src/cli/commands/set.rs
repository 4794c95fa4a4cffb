use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

use clap::Args;

use super::guards::{GuardArgs, refused};
use crate::cli::data_file;
use crate::cli::failure::Failure;
use crate::cli::help::{CONFIG, GlobalsLast as _, KEY, positionals};
use crate::cli::message_args::MessageArgs;
use crate::cli::output::show;
use crate::cli::positionals::config_and_key;
use crate::cli::session::Session;
use crate::cli::terminal::Terminal;
use crate::model::{Access, Encoding, ErrorKind, Mutation, Secrecy, Ttl, TtlChoice, Value, ValueKind};
use crate::store::{StoreExt as _, Txn};
use crate::wire::{AnyNode, KeyAnswer};

/// Set the value of a key
///
/// JSON objects and arrays are stored as JSON, other valid UTF-8 as text, and anything else as bytes. A value can have
/// at most 190,000 bytes, a secret about 200 fewer. Write a value that begins with `-` after `--`.
///
/// A value on the command line is visible to other users of this machine while the command runs: use -d or --secret for
/// values that they must not see.
#[derive(Debug, Args)]
#[command(globals_last())]
#[command(
    override_usage = "discfg set [OPTIONS] [CONFIG] KEY VALUE\n       discfg set [OPTIONS] [CONFIG] KEY -d FILE\n       discfg set [OPTIONS] --secret KEY",
    help_template = positionals(&[CONFIG, KEY, ("VALUE", "Value, unless -d gives it or --secret prompts for it")]),
    after_long_help = EXAMPLES
)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag")]
pub(in crate::cli) struct SetArgs {
    /// Config, if it is given; the key; and the value, unless -d gives it
    #[arg(value_name = "KEY VALUE", num_args = 1..=3, required = true, hide = true)]
    words: Vec<OsString>,
    /// Read the value from a file; - is stdin
    ///
    /// Every byte counts, including a final newline.
    #[arg(short, long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// Parse the value as JSON (default only for objects and arrays)
    #[arg(long, conflicts_with = "text")]
    json: bool,
    /// Store the value as text, whatever it looks like
    #[arg(long)]
    text: bool,
    /// Let the key expire after this time: 30s, 5m, 2h, 7d
    #[arg(
        long,
        value_name = "TIME",
        allow_negative_numbers = true,
        conflicts_with = "keep_ttl"
    )]
    ttl: Option<Ttl>,
    /// Keep the key's time to live
    ///
    /// Without this flag or --ttl, the key no longer expires.
    #[arg(long)]
    keep_ttl: bool,
    /// Encrypt the value; prompts for it if VALUE is omitted
    ///
    /// Only principals allowed to decrypt can read it. Without VALUE, prompts without echo, or reads all of stdin
    /// (including a final newline, unless --trim is given) if there is no terminal. A secret stays a secret when it is set again.
    #[arg(long)]
    secret: bool,
    /// Remove a trailing newline from a value that is read with -d or --secret
    #[arg(long)]
    trim: bool,
    /// Store the value unencrypted, even if the key holds a secret
    #[arg(long, conflicts_with = "secret")]
    plain: bool,
    #[command(flatten)]
    guards: GuardArgs,
    #[command(flatten)]
    message: MessageArgs,
}

const EXAMPLES: &str = "\
Examples:
  discfg set payments /db/url postgres://localhost/app
  discfg set /db/password --secret
  pass show db | discfg set /db/password --secret --trim
  discfg set /limits '{\"daily\": 500}' --if-revision 7
  discfg set /tls/cert -d cert.pem
  discfg set /app/offset -- -5";

pub(in crate::cli) async fn run(
    args: SetArgs,
    session: &mut Session,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let (words, mut bytes) = split(args.words, args.data.as_deref(), args.secret, terminal).await?;
    let newline = match &bytes[..] {
        [.., b'\r', b'\n'] => 2,
        [.., b'\n'] => 1,
        _ => 0,
    };
    if args.trim {
        bytes.truncate(bytes.len() - newline);
    }
    let newline_stays = newline > 0 && !args.trim;
    let from_file = args.data.is_some() && words.len() == 2;
    let (config, key) = config_and_key(&words)?;
    session.choose(config)?;
    let encoding = match (args.json, args.text) {
        (true, _) => Encoding::Json,
        (_, true) => Encoding::Text,
        _ => Encoding::Detect,
    };
    let value = Value::new(bytes, encoding)?;
    let detected_text = encoding == Encoding::Detect && value.kind() == ValueKind::Text;
    let not_json = detected_text
        && value
            .as_text()
            .is_some_and(|text| text.trim_start().starts_with(['{', '[']));
    let ttl = match args.ttl {
        Some(ttl) => TtlChoice::For(ttl),
        None if args.keep_ttl => TtlChoice::Keep,
        None => TtlChoice::Never,
    };
    let show_value = args.guards.show_value;
    let guards = args.guards.read(&key)?;
    let mutation = Mutation::Set {
        key: key.clone(),
        value,
        secret: match (args.secret, args.plain) {
            (true, _) => Secrecy::Secret,
            (_, true) => Secrecy::Plain,
            _ => Secrecy::Keep,
        },
        ttl,
    };
    let txn = Txn::new(vec![mutation])
        .guarded(guards)
        .with_message(args.message.message);
    let is_config = words.len() == 1 && key.as_str().trim_start_matches('/') == session.config()?;
    // The first word may not have been meant as the config.
    let meant = |failure: Failure| match failure.kind {
        ErrorKind::NotFound if from_file => failure.hint("with -d, give only [CONFIG] KEY and no VALUE"),
        ErrorKind::NotFound if words.len() == 2 => failure.hint("if the value has spaces, put it in quotes"),
        _ => failure,
    };
    let store = session.store(Access::Write, &key).await.map_err(meant)?;
    let committed = store.write(txn).await;
    let committed = committed.map_err(|error| meant(refused(error, show_value, session)))?;
    let applied = committed.changes.into_iter().next();
    let (entry, previous) = applied.map_or((None, None), |applied| (applied.entry, applied.previous));
    let shape = KeyAnswer {
        action: "set",
        node: AnyNode::of(entry.as_ref()),
        prev_node: AnyNode::of(previous.as_ref()),
    };
    let is_secret = entry.as_ref().is_some_and(|entry| entry.secret);
    if is_secret && newline_stays {
        terminal.hint("note: the secret ends with a newline; --trim removes it");
    }
    if is_secret && previous.as_ref().is_some_and(|previous| !previous.secret) {
        terminal.note(
            "warning: the value that this replaces was not encrypted: it stays in the history, for as long as that is kept, and \
             in backups; change the secret at its source if it is the same",
        );
    }
    let was_json = previous.is_some_and(|previous| previous.value.kind() == ValueKind::Json);
    if not_json {
        terminal.hint("note: stored as text, because it is not valid JSON; --json shows where");
    } else if was_json && detected_text {
        terminal.hint("note: the value was JSON and is now text; --json stores JSON");
    }
    if is_config {
        let config = &words[0];
        terminal.hint(&format!(
            "note: set the key {key}; for another key of this config, use `discfg set {config} KEY VALUE`"
        ));
    }
    let (version, revision) = entry.map_or((0, 0), |entry| (entry.version, entry.revision.get()));
    let human = || format!("{key}: version {version}, revision {revision}\n");
    show(terminal, session.format(), &shape, human, || {
        format!("{revision}\n").into_bytes()
    })
}

/// Parts the value from the other words, and reads it where a file holds it.
async fn split(
    mut words: Vec<OsString>,
    data: Option<&Path>,
    secret: bool,
    terminal: &mut Terminal,
) -> Result<(Vec<String>, Vec<u8>), Failure> {
    let bytes = match data {
        Some(_) if words.len() == 3 => {
            return Err(Failure::usage("VALUE and -d can't be used together"));
        }
        Some(path) => data_file::read(path, "value", Value::MAX_BYTES)?,
        None if words.len() == 1 && secret => match terminal.ask_unseen("Secret value: ").await? {
            Some(line) => line.into_bytes(),
            None => data_file::read(Path::new("-"), "value", Value::MAX_BYTES)?,
        },
        None if words.len() == 1 => {
            return Err(Failure::usage("missing VALUE").hint(
                "give the value after the key or with -d FILE (-d - reads stdin); '' is the empty value",
            ));
        }
        None => words.pop().unwrap_or_default().into_vec(),
    };
    let words = words
        .into_iter()
        .map(|word| {
            word.into_string()
                .map_err(|word| Failure::usage(format!("{} is not valid UTF-8", word.display())))
        })
        .collect::<Result<_, _>>()?;
    Ok((words, bytes))
}
