mod draft;
mod edited_key;
mod edited_prefix;
mod editor;
mod merge;

use std::io;

use clap::Args;
use rustix::process::Signal;

use self::editor::Editor;
use crate::cli::child::ForwardedSignals;
use crate::cli::failure::Failure;
use crate::cli::help::{CONFIG, KEY, positionals};
use crate::cli::message_args::MessageArgs;
use crate::cli::positionals::{config_and_key, config_beside_options};
use crate::cli::session::Session;
use crate::cli::terminal::Terminal;
use crate::model::{Access, ErrorKind, PrefixOrRoot};

/// Edit a key, or the keys below a prefix, in your editor
///
/// Opens `VISUAL` (unless TERM is unset or dumb), else `EDITOR`, else vi. Shows the difference, asks, and commits. If nothing
/// was saved, or the editor failed, nothing is changed.
///
/// A key is edited as it is stored, and keeps its kind and its time to live (TTL). If the value has no newline at its end, one
/// that the editor adds is removed. A secret is decrypted into the file, and stays a secret. A key that does not exist is
/// created when you save a value.
///
/// With --prefix, the keys below it are edited as YAML with names relative to it, as `export -f yaml --flat` writes them.
/// Removing a name deletes the key. Keys with a TTL are left out and stay. Secrets are not decrypted: a secret is shown as
/// `(secret, revision 7)`, stays as it is while that is its value, and is replaced by any other value. New keys are not
/// secrets: use `set --secret` for those.
///
/// If somebody else changed the keys meanwhile, their changes are merged into your text, and the editor opens again.
/// Conflicts are marked as git does, with your version (mine), the version that you began with (base) and the current one
/// (now).
///
/// The file is in a private folder in `XDG_RUNTIME_DIR`, else in /dev/shm, else in the temporary folder. It is removed at the
/// end, except when changed text could not be saved: then it is kept, and its path is shown.
#[derive(Debug, Args)]
#[command(
    override_usage = "discfg edit [OPTIONS] [CONFIG] KEY\n       discfg edit [OPTIONS] --prefix PREFIX [CONFIG]",
    help_template = positionals(&[CONFIG, KEY]),
    after_long_help = EXAMPLES
)]
pub(in crate::cli) struct EditArgs {
    /// Config, if it is given, and the key, unless --prefix is given
    #[arg(
        value_name = "KEY",
        num_args = 0..=2,
        required_unless_present = "prefix",
        hide = true
    )]
    words: Vec<String>,
    /// Edit the keys below this prefix as YAML
    ///
    /// `@root` stands for the keys at the root.
    #[arg(long, value_name = "PREFIX")]
    prefix: Option<PrefixOrRoot>,
    /// Don't ask for confirmation
    #[arg(short, long)]
    yes: bool,
    /// Allow several commits if one can't hold it all (with --prefix)
    #[arg(long, requires = "prefix")]
    batch: bool,
    #[command(flatten)]
    message: MessageArgs,
}

const EXAMPLES: &str = "\
Examples:
  discfg edit payments /limits
  discfg edit --prefix /db
  EDITOR='code --wait' discfg edit /db/url";

pub(in crate::cli) async fn run(
    args: EditArgs,
    session: &mut Session,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let editor = Editor::find()?;
    let signals = [Signal::INT, Signal::QUIT, Signal::TERM, Signal::HUP];
    let mut signals = ForwardedSignals::new(&signals)
        .map_err(|error: io::Error| Failure::internal("cannot watch the editor", &error))?;
    let mut work = Box::pin(edit(args, &editor, session, terminal));
    loop {
        tokio::select! {
            biased;
            signal = signals.next() => if !editor.takes(signal) {
                // Whatever is unfinished is dropped, and its file is removed, unless the editor is done with it.
                drop(work);
                if let Some(file) = editor.kept() {
                    terminal.note(&format!("your text is kept in {}", file.display()));
                }
                return Err(Failure::new(ErrorKind::Interrupted, "interrupted"));
            },
            done = &mut work => return done,
        }
    }
}

async fn edit(
    args: EditArgs,
    editor: &Editor,
    session: &mut Session,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let done = if let Some(prefix) = &args.prefix {
        if args.words.len() > 1 {
            return Err(Failure::usage("KEY and --prefix can't be used together"));
        }
        let config = args.words.first().map(String::as_str);
        session.choose(config_beside_options(config, false)?)?;
        let (config, format) = (session.config()?, session.format());
        let store = session.store(Access::Write, prefix).await?;
        let how = edited_prefix::PrefixEdit {
            name: prefix,
            config,
            yes: args.yes,
            batch: args.batch,
            message: args.message.message.clone(),
        };
        how.run(editor, store, format, terminal).await
    } else {
        let (config, key) = config_and_key(&args.words)?;
        session.choose(config)?;
        let (config, format) = (session.config()?, session.format());
        let store = session.store(Access::Write, &key).await?;
        let how = edited_key::KeyEdit {
            key,
            config,
            yes: args.yes,
            message: args.message.message.clone(),
        };
        how.run(editor, store, format, terminal).await
    };
    done.map_err(|stop| session.explain_stop(stop, Access::Write))
}
