mod field;
mod pairs;

use std::ffi::OsString;
use std::fmt::Write as _;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

use clap::Args;

use self::field::{FieldStop, update_field};
use super::guards::{GuardArgs, refused};
use crate::cli::data_file;
use crate::cli::failure::Failure;
use crate::cli::global::Format;
use crate::cli::help::{CONFIG, GlobalsLast as _, KEY, positionals};
use crate::cli::message_args::MessageArgs;
use crate::cli::output::show;
use crate::cli::positionals::config_and_key;
use crate::cli::session::Session;
use crate::cli::terminal::Terminal;
use crate::formats::JsonField;
use crate::model::{Access, Encoding, ErrorKind, Mutation, Secrecy, Ttl, TtlChoice, Value, ValueKind};
use crate::store::{AppliedChange, Committed, StoreExt as _, Txn};
use crate::wire::{AnyNode, KeyAnswer, KeysAnswer};

/// Set the values of keys
///
/// KEY=VALUE in every argument sets these keys, several in one commit; the options apply to each of them. Name the
/// config with -c then.
///
/// JSON objects and arrays are stored as JSON, other valid UTF-8 as text, and anything else as bytes. A value can have
/// at most 190,000 bytes, a secret about 200 fewer. Write a value that begins with `-` after `--`.
///
/// A value on the command line is visible to other users of this machine while the command runs: use -d or --secret for
/// values that they must not see.
#[derive(Debug, Args)]
#[command(globals_last())]
#[command(
    override_usage = "discfg set [OPTIONS] [CONFIG] KEY VALUE\n       discfg set [OPTIONS] [CONFIG] KEY -d FILE\n       discfg set [OPTIONS] --secret KEY\n       discfg set [OPTIONS] [-c CONFIG] KEY=VALUE…",
    help_template = positionals(&[CONFIG, KEY, ("VALUE", "Value, unless -d gives it or --secret prompts for it")]),
    after_long_help = EXAMPLES
)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag")]
pub(in crate::cli) struct SetArgs {
    /// Config, if given; key; value, unless -d gives it; or KEY=VALUE pairs
    #[arg(value_name = "KEY VALUE", num_args = 1.., required = true, hide = true)]
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
    /// Set this field of a JSON value: /a/b/0 or .a.b.0
    ///
    /// A JSON Pointer (RFC 6901), or names with dots; /a/- appends to an array. The field keeps its JSON type: VALUE must
    /// fit it (exit code 8), unless --json or --text is given; null fits any. A field can be new, what holds it can't. The rest of the
    /// value stays as it is written, and so do its time to live and whether it is a secret.
    ///
    /// The key is read, and written only if it has not changed; else it is tried again, unless a guard is given.
    #[arg(long, value_name = "FIELD", conflicts_with = "if_absent")]
    field: Option<JsonField>,
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
  discfg set db/url=postgres://localhost/app db/pool=20
  discfg set /db/password --secret
  pass show db | discfg set /db/password --secret --trim
  discfg set /limits '{\"daily\": 500}' --if-revision 7
  discfg set /limits 600 --field /daily/max
  discfg set /tls/cert -d cert.pem
  discfg set /app/offset -- -5";

pub(in crate::cli) async fn run(
    args: SetArgs,
    session: &mut Session,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let pairs = if args.data.is_none() {
        pairs::read(&args.words)
    } else {
        None
    };
    let several = pairs.as_ref().is_some_and(|pairs| pairs.len() > 1);
    if several {
        args.guards.refuse_for_several()?;
        if args.field.is_some() {
            return Err(Failure::usage("--field sets a field of a single key"));
        }
    }
    let (words, values) = if let Some(pairs) = pairs {
        (Vec::new(), pairs)
    } else {
        let (words, bytes) = split(&args, terminal).await?;
        let (config, key) = config_and_key(&words).map_err(|failure| pairs::hinted(failure, &words))?;
        session.choose(config)?;
        (words, vec![(key, bytes)])
    };
    let from_file = args.data.is_some() && words.len() == 2;
    let key = values[0].0.clone();
    let show_value = args.guards.show_value;
    let (mut changes, mut given) = (Vec::new(), Vec::new());
    for (key, bytes) in values {
        let (value, seen) = GivenValue::read(bytes, &args)?;
        given.push(seen);
        changes.push(Mutation::Set {
            key,
            value,
            secret: args.secrecy(),
            ttl: args.ttl_choice(),
        });
    }
    let txn = Txn::new(changes)
        .guarded(args.guards.read(&key)?)
        .with_message(args.message.message.clone());
    let is_config = words.len() == 1 && key.as_str().trim_start_matches('/') == session.config()?;
    // The first word may not have been meant as the config.
    let meant = |failure: Failure| match failure.kind {
        ErrorKind::NotFound if from_file => failure.hint("with -d, give only [CONFIG] KEY and no VALUE"),
        ErrorKind::NotFound if words.len() == 2 => failure.hint("if the value has spaces, put it in quotes"),
        _ => failure,
    };
    let store = session.store(Access::Write, &key).await.map_err(meant)?;
    let committed = match &args.field {
        Some(field) => update_field(field, args.encoding(), txn, store).await,
        None => store.write(txn).await.map_err(FieldStop::Store),
    };
    let committed = committed.map_err(|stop| match stop {
        FieldStop::Store(error) => meant(refused(error, show_value, session)),
        FieldStop::Failure(failure) => failure,
    })?;
    for (applied, given) in committed.changes.iter().zip(&given) {
        given.note(applied, terminal);
    }
    if is_config {
        let config = &words[0];
        terminal.hint(&format!(
            "note: set the key {key}; for another key of this config, use `discfg set {config} KEY VALUE`"
        ));
    }
    answer(&committed, several, session.format(), terminal)
}

/// Shows what was written.
fn answer(
    committed: &Committed,
    several: bool,
    format: Format,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let (mut lines, mut revisions) = (String::new(), String::new());
    let (mut nodes, mut prev_nodes) = (Vec::new(), Vec::new());
    for AppliedChange {
        change,
        entry,
        previous,
    } in &committed.changes
    {
        let (key, revision) = (&change.key, change.revision);
        let version = entry.as_ref().map_or(0, |entry| entry.version);
        let _ = writeln!(lines, "{key}: version {version}, revision {revision}");
        let _ = writeln!(revisions, "{revision}");
        nodes.push(AnyNode::of(entry.as_ref()));
        prev_nodes.push(AnyNode::of(previous.as_ref()));
    }
    let (human, raw) = (|| lines, || revisions.into_bytes());
    let action = "set";
    if several {
        let shape = KeysAnswer {
            action,
            nodes,
            prev_nodes,
        };
        return show(terminal, format, &shape, human, raw);
    }
    let nothing = || AnyNode::of(None);
    let shape = KeyAnswer {
        action,
        node: nodes.pop().unwrap_or_else(nothing),
        prev_node: prev_nodes.pop().unwrap_or_else(nothing),
    };
    show(terminal, format, &shape, human, raw)
}

impl SetArgs {
    fn encoding(&self) -> Encoding {
        match (self.json, self.text) {
            (true, _) => Encoding::Json,
            (_, true) => Encoding::Text,
            _ => Encoding::Detect,
        }
    }

    fn secrecy(&self) -> Secrecy {
        match (self.secret, self.plain) {
            (true, _) => Secrecy::Secret,
            (_, true) => Secrecy::Plain,
            _ => Secrecy::Keep,
        }
    }

    fn ttl_choice(&self) -> TtlChoice {
        match self.ttl {
            Some(ttl) => TtlChoice::For(ttl),
            None if self.keep_ttl || self.field.is_some() => TtlChoice::Keep,
            None => TtlChoice::Never,
        }
    }
}

/// How a value was given.
struct GivenValue {
    ends_with_newline: bool,
    detected_text: bool,
    resembles_json: bool,
}

impl GivenValue {
    fn read(mut bytes: Vec<u8>, args: &SetArgs) -> Result<(Value, Self), Failure> {
        let newline = match &bytes[..] {
            [.., b'\r', b'\n'] => 2,
            [.., b'\n'] => 1,
            _ => 0,
        };
        if args.trim {
            bytes.truncate(bytes.len() - newline);
        }
        let encoding = args.encoding();
        let value = Value::new(bytes, encoding)?;
        let opens_json = value
            .as_text()
            .is_some_and(|text| text.trim_start().starts_with(['{', '[']));
        let given = Self {
            ends_with_newline: newline > 0 && !args.trim,
            detected_text: encoding == Encoding::Detect
                && value.kind() == ValueKind::Text
                && args.field.is_none(),
            resembles_json: opens_json,
        };
        Ok((value, given))
    }

    /// Says what may not have been meant.
    fn note(&self, applied: &AppliedChange, terminal: &Terminal) {
        let AppliedChange { entry, previous, .. } = applied;
        let is_secret = entry.as_ref().is_some_and(|entry| entry.secret);
        if is_secret && self.ends_with_newline {
            terminal.hint("note: the secret ends with a newline; --trim removes it");
        }
        if is_secret && previous.as_ref().is_some_and(|previous| !previous.secret) {
            terminal.note(
                "warning: the value that this replaces was not encrypted: it stays in the history, for as long as that is kept, and \
                 in backups; change the secret at its source if it is the same",
            );
        }
        let was_json = previous
            .as_ref()
            .is_some_and(|previous| previous.value.kind() == ValueKind::Json);
        if self.detected_text && self.resembles_json {
            terminal.hint("note: stored as text, because it is not valid JSON; --json shows where");
        } else if was_json && self.detected_text {
            terminal.hint("note: the value was JSON and is now text; --json stores JSON");
        }
    }
}

/// Parts the value from the other words, and reads it where a file holds it.
async fn split(args: &SetArgs, terminal: &mut Terminal) -> Result<(Vec<String>, Vec<u8>), Failure> {
    let mut words = args.words.clone();
    let (data, secret) = (args.data.as_deref(), args.secret);
    let bytes = match data {
        _ if words.len() > 3 => {
            return Err(Failure::usage("too many arguments: expected [CONFIG] KEY VALUE")
                .hint("if the value has spaces, put it in quotes")
                .hint(pairs::HINT));
        }
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
