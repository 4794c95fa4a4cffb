//! Completions for a shell.
//!
//! The script that `completions` prints calls the binary with `COMPLETE` set to the shell's name. Keys and configs are
//! looked up then; what is not found in time is left out, so that the prompt does not block on the network.

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use clap::builder::Str;
use clap::{Arg, ArgMatches, Command, FromArgMatches as _, ValueHint};
use clap_complete::engine::{
    ArgValueCandidates, ArgValueCompleter, CompletionCandidate, PathCompleter, ValueCompleter,
};
use clap_complete::env::Shells;
use futures::TryStreamExt as _;

use super::failure::Failure;
use super::global::Global;
use super::positionals::parse;
use super::session::Session;
use super::terminal::Terminal;
use crate::model::{Access, ConfigName, Prefix};
use crate::ops::{ReadableItem, readable_list};
use crate::sources::RemoteSource;
use crate::store::{Consistency, Listed, Scope};

/// The variable that requests completions.
pub(super) const VARIABLE: &str = "COMPLETE";
/// The time limit for all lookups together.
const PATIENCE: Duration = Duration::from_millis(250);
/// The maximum number of names from one level.
const MOST: usize = 1000;

/// Prints completions if a shell requests them; returns `None` for an ordinary call.
///
/// A failure is reported only by the exit code: an error message would end up in the line that the user is typing.
pub(super) fn answer(args: &[OsString], cli: fn() -> Command) -> Option<ExitCode> {
    let shell = env::var_os(VARIABLE)?;
    let shells = Shells::builtins();
    let shell = shells.completer(&Path::new(&shell).file_stem()?.to_string_lossy())?;
    let asked = args.iter().position(|arg| arg == "--");
    let words = asked.map_or(&[][..], |at| &args[at + 1..]);
    let mut answer = Vec::new();
    let written = if words.is_empty() {
        let binary = args.first().map_or("discfg".into(), |arg| arg.to_string_lossy());
        shell.write_registration(VARIABLE, "discfg", "discfg", &binary, &mut answer)
    } else {
        let folder = env::current_dir().ok();
        shell.write_complete(
            &mut command(cli(), words),
            words.to_vec(),
            folder.as_deref(),
            &mut answer,
        )
    };
    if words.get(index_of(words)).is_none_or(|word| word.is_empty()) && !words.is_empty() {
        answer = without_flags(&answer);
    }
    let mut terminal = Terminal::new(&Global::default());
    let is_written = written.is_ok() && terminal.write(&answer).and_then(|()| terminal.flush()).is_ok();
    Some(if is_written {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The index of the word to complete: some shells pass it, for the others it is that of the last one.
fn index_of(words: &[OsString]) -> usize {
    let passed = env::var("_CLAP_COMPLETE_INDEX").ok();
    let passed = passed.and_then(|index| index.parse::<usize>().ok());
    passed.unwrap_or(words.len().saturating_sub(1))
}

/// The candidates that are no flags: who has typed nothing of a word is not looking for one.
fn without_flags(answer: &[u8]) -> Vec<u8> {
    let separator = env::var("_CLAP_IFS").unwrap_or_else(|_| "\n".into());
    let answer = String::from_utf8_lossy(answer);
    let words = answer.split(&separator).filter(|word| !word.starts_with('-'));
    words.collect::<Vec<_>>().join(&separator).into_bytes()
}

/// The command line with completers for the values, after `words` have been typed.
fn command(mut command: Command, words: &[OsString]) -> Command {
    let before = &words[..index_of(words).min(words.len())];
    let asked = CompletionContext::about(command.clone(), before);
    // Builds the subcommands, whose arguments are created only now.
    command.build();
    let names = command
        .get_subcommands()
        .filter(|command| !command.is_hide_set() && command.get_name() != "help");
    let names: Vec<String> = names.map(|command| command.get_name().to_owned()).collect();
    let with = |arg: Arg| completed(arg, &asked, &names);
    command.mut_args(with).mut_subcommands(|subcommand| {
        // clap offers what is hidden only if there is nothing else. It keeps names for good, and this process ends next.
        let aliases = subcommand.get_visible_aliases().map(str::to_owned);
        let aliases: Vec<&'static str> = aliases.map(|alias| &*alias.leak()).collect();
        subcommand.mut_args(with).visible_alias(None).aliases(aliases)
    })
}

/// The argument with a completer for its value's name.
fn completed(arg: Arg, asked: &CompletionContext, commands: &[String]) -> Arg {
    let name = arg.get_value_names().and_then(|names| names.first());
    let what = match name.map(Str::as_str) {
        Some("KEY") if asked.is_recursive => CompletionKind::Prefix,
        Some("KEY" | "KEY VALUE") => CompletionKind::Key,
        Some("PREFIX") => CompletionKind::Prefix,
        Some("NAME=KEY") => CompletionKind::NamedKey,
        Some("A" | "B" | "FROM" | "TO") => CompletionKind::Side,
        Some("CONFIG") => CompletionKind::Config,
        Some("SOURCE") => CompletionKind::Source,
        Some("NAME") if arg.get_id() == "config" => CompletionKind::Config,
        Some("COMMAND") if arg.is_positional() && !arg.is_last_set() => {
            let commands = commands.to_vec();
            let candidates = move || commands.iter().map(CompletionCandidate::new).collect();
            return arg.add(ArgValueCandidates::new(candidates));
        }
        Some("FILE" | "ZIP" | "COMMAND") => return arg.value_hint(ValueHint::AnyPath),
        _ => return arg,
    };
    let is_word = arg.is_positional();
    let has_value = name.is_some_and(|name| name.as_str() == "KEY VALUE");
    arg.add(ArgValueCompleter::new(Completer {
        what,
        is_word,
        has_value,
        asked: asked.clone(),
    }))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum CompletionKind {
    Key,
    Prefix,
    NamedKey,
    Side,
    Config,
    Source,
}

/// What was typed before the word to complete.
#[derive(Clone)]
struct CompletionContext {
    global: Global,
    /// The config that a positional names.
    config: Option<ConfigName>,
    /// How many of the words `[CONFIG] KEY` or `[CONFIG] [PREFIX]` there are.
    words: usize,
    /// Whether `--` is among it.
    is_escaped: bool,
    /// Whether `-r` is, which makes a prefix of a key.
    is_recursive: bool,
    until: Instant,
}

impl CompletionContext {
    fn about(cli: Command, before: &[OsString]) -> Self {
        let until = Instant::now() + PATIENCE;
        let matches = cli
            .ignore_errors(true)
            .try_get_matches_from(before)
            .unwrap_or_default();
        let given = matches.subcommand().map(|(_, given)| given);
        let global = Global::from_arg_matches(&matches).unwrap_or_default();
        let is_named = global.config.is_some();
        let words_given = given.and_then(|given| given.try_get_raw("words").ok().flatten());
        Self {
            global,
            config: given.and_then(|given| config_in(given, is_named)),
            words: words_given.map_or(0, Iterator::count),
            is_escaped: before.iter().any(|word| word == "--"),
            is_recursive: given
                .and_then(|given| given.try_get_one("recursive").ok().flatten())
                .is_some_and(|is_recursive: &bool| *is_recursive),
            until,
        }
    }
}

/// The config among the positionals: a separate one, or the first of several words unless -c names it.
fn config_in(given: &ArgMatches, is_named: bool) -> Option<ConfigName> {
    let first = |id| {
        given
            .try_get_raw(id)
            .ok()
            .flatten()
            .and_then(|mut words| words.next())
    };
    let word = first("word")
        .or_else(|| first("config"))
        .or_else(|| first("words").filter(|_| !is_named))?;
    word.to_str()?.parse().ok()
}

struct Completer {
    what: CompletionKind,
    is_word: bool,
    /// Whether the words end with a value.
    has_value: bool,
    asked: CompletionContext,
}

impl ValueCompleter for Completer {
    fn complete(&self, current: &OsStr) -> Vec<CompletionCandidate> {
        let Some(typed) = current.to_str() else {
            return Vec::new();
        };
        match self.what {
            // clap takes a word after `--` for the first positional, which it isn't.
            CompletionKind::Config if self.is_word && self.asked.is_escaped => {
                PathCompleter::any().complete(current)
            }
            CompletionKind::Config => self.candidates("", [Some(self.configs()), None], typed),
            CompletionKind::NamedKey => match typed.split_once('=') {
                Some((name, key)) => {
                    let before = format!("{name}=");
                    self.candidates(&before, [Some(self.below(key)), None], key)
                }
                None => Vec::new(),
            },
            CompletionKind::Source => self.sources(current, typed),
            CompletionKind::Side => match typed.find('/') {
                Some(slash) if slash > 0 => {
                    let (config, path) = typed.split_at(slash);
                    let mut asked = self.asked.clone();
                    asked.config = config.strip_suffix(':').and_then(|config| config.parse().ok());
                    let found = asked.config.is_some().then(|| below(asked, path, false));
                    self.candidates(config, [found, None], path)
                }
                _ => self.either(typed),
            },
            CompletionKind::Key | CompletionKind::Prefix if !self.is_word => {
                self.candidates("", [Some(self.below(typed)), None], typed)
            }
            CompletionKind::Key | CompletionKind::Prefix => match self.asked.words {
                // The first of two words is the config; a single word can be either.
                0 if self.asked.global.config.is_none() => self.either(typed),
                2.. if self.has_value => Vec::new(),
                _ => self.candidates("", [Some(self.below(typed)), None], typed),
            },
        }
    }
}

impl Completer {
    /// The names that were found in time and begin with what was typed, with or without a leading slash as typed.
    fn candidates(
        &self,
        before: &str,
        found: [Option<Receiver<Vec<String>>>; 2],
        typed: &str,
    ) -> Vec<CompletionCandidate> {
        let is_bare = !typed.is_empty() && !typed.starts_with('/');
        let mut candidates = Vec::new();
        for found in found.into_iter().flatten() {
            let left = self.asked.until.saturating_duration_since(Instant::now());
            for name in found.recv_timeout(left).unwrap_or_default() {
                let name = if is_bare {
                    name.trim_start_matches('/')
                } else {
                    &name
                };
                if name.starts_with(typed) {
                    candidates.push(CompletionCandidate::new(format!("{before}{name}")));
                }
            }
        }
        candidates
    }

    /// Keys or folders, and configs (if no slash was typed).
    fn either(&self, typed: &str) -> Vec<CompletionCandidate> {
        let configs = (!typed.contains('/')).then(|| self.configs());
        self.candidates("", [Some(self.below(typed)), configs], typed)
    }

    /// Files and the schemes of other stores, and configs where the config can stand.
    fn sources(&self, current: &OsStr, typed: &str) -> Vec<CompletionCandidate> {
        let can_be_config = self.asked.words == 0 && self.asked.global.config.is_none();
        let configs = (can_be_config && !typed.contains('/')).then(|| self.configs());
        let mut candidates = self.candidates("", [configs, None], typed);
        let schemes = RemoteSource::SCHEMES
            .iter()
            .filter(|scheme| scheme.starts_with(typed));
        candidates.extend(schemes.map(|scheme| CompletionCandidate::new(*scheme)));
        candidates.extend(PathCompleter::any().complete(current));
        candidates
    }

    fn below(&self, typed: &str) -> Receiver<Vec<String>> {
        below(self.asked.clone(), typed, self.what == CompletionKind::Prefix)
    }

    fn configs(&self) -> Receiver<Vec<String>> {
        look_up(self.asked.clone(), async |session| {
            let configs = session.configs().await?;
            Ok(configs.iter().map(ToString::to_string).collect())
        })
    }
}

/// Looks something up on a separate thread, which ends with the process if it takes too long: a resolver, a disk or a
/// credential process may block.
fn look_up<F>(asked: CompletionContext, find: F) -> Receiver<Vec<String>>
where
    F: AsyncFnOnce(&mut Session) -> Result<Vec<String>, Failure> + Send + 'static,
{
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let Ok(runtime) = runtime else { return };
        let mut session = Session::new(asked.global);
        let found = runtime.block_on(async {
            session.choose(asked.config)?;
            find(&mut session).await
        });
        // The receiver may have timed out.
        let _ = sender.send(found.unwrap_or_default());
    });
    receiver
}

/// The keys and folders, or only the folders, of the level that is being typed.
fn below(asked: CompletionContext, typed: &str, only_folders: bool) -> Receiver<Vec<String>> {
    let end = typed.rfind('/').unwrap_or_default();
    let above = typed[..end].to_owned();
    look_up(asked, async move |session: &mut Session| {
        let prefix = if above.is_empty() {
            Prefix::all()
        } else {
            parse(&above)?
        };
        let store = session.store(Access::Read, &prefix).await?;
        let scope = Scope {
            limit: Some(MOST),
            ..Scope::level(prefix)
        };
        let mut listed = readable_list(store, &scope, Consistency::Eventual);
        let mut names = Vec::new();
        while let Some(item) = listed.try_next().await? {
            let ReadableItem::Listed(item) = item else {
                continue;
            };
            if !only_folders || matches!(item, Listed::Folder(_)) {
                names.push(item.name().to_owned());
            }
        }
        Ok(names)
    })
}
