mod hook;
mod line;

use std::collections::BTreeMap;
use std::future::{pending, ready};
use std::pin::pin;
use std::str::FromStr;
use std::time::Duration;

use clap::Args;
use futures::stream::select_all;
use futures::{StreamExt as _, TryStreamExt as _};
use rustix::process::Signal;
use tokio::time::sleep;

use self::hook::Hook;
use self::line::{WatchLine, watch_lines};
use crate::cli::child::ForwardedSignals;
use crate::cli::failure::{Failure, Stop};
use crate::cli::global::Format;
use crate::cli::help::{CONFIG, PREFIX, positionals};
use crate::cli::output::show;
use crate::cli::positionals::config_and_prefix;
use crate::cli::session::Session;
use crate::cli::sides;
use crate::cli::terminal::Terminal;
use crate::model::{
    Access, BadSection, ErrorKind, Key, Prefix, Revision, RevisionError, Section, SectionError, Span,
};
use crate::ops::{Event, Start, Watch, watch};
use crate::store::Store;

/// Stream changes as they happen
///
/// A single argument is the prefix, or a key: then its changes are shown, and those below it. A path where nothing is yet is
/// both.
///
/// Prints one line per change: time, operation, key, version, revision of its section, writer and value. An expired key
/// is reported as `expire`, with a delay and out of revision order. To resume a watch, pass --after
/// with the last revision printed for each section.
///
/// If the history no longer reaches back that far, each current key is printed as a `resync` line (in JSON, op `set` with
/// "resync":true), and then a last `resync` line with the section's revision and number of keys. Resume only after the
/// revision of that last line. Keys that are not among them were deleted.
///
/// -f json prints one object per line, -f yaml one document per change, and -f raw the value and a newline (nothing for
/// deletes, expiries and secrets).
#[derive(Debug, Args)]
#[command(
    override_usage = "discfg watch [OPTIONS] [CONFIG] [PREFIX]",
    help_template = positionals(&[CONFIG, PREFIX]),
    after_long_help = EXAMPLES
)]
pub(in crate::cli) struct WatchArgs {
    /// Config, if two are given, and the prefix or key
    #[arg(value_name = "KEY", num_args = 0..=2, hide = true)]
    words: Vec<String>,
    /// Start after this revision; repeatable
    ///
    /// Revisions are counted per section: a plain REVISION counts in the prefix's section, and SECTION=REVISION, such as
    /// db=7, in the named one. Sections that are not given start now.
    #[arg(long, value_name = "REVISION")]
    after: Vec<After>,
    /// Exit after the first commit or expiry
    #[arg(long)]
    once: bool,
    /// Exit after this time, with exit code 124
    #[arg(long, value_name = "TIME")]
    timeout: Option<Span>,
    /// Time between checks for changes
    ///
    /// Each check costs half a read unit per section.
    #[arg(long, value_name = "TIME", default_value = "2s")]
    interval: Span,
    /// Run CMD with `sh -c` for each change, one at a time
    ///
    /// Sets `DISCFG_OP`, `DISCFG_SECTION`, `DISCFG_KEY`, `DISCFG_REVISION`, `DISCFG_VERSION`, `DISCFG_BY`, `DISCFG_AT`,
    /// `DISCFG_MESSAGE`
    /// and `DISCFG_VALUE`, as far as they apply. `DISCFG_VALUE` is not set for secrets, bytes, and values over 100,000
    /// bytes. CMD's stdout goes to stderr; with -f silent it goes to stdout. If the command fails, the failure is
    /// reported and the watch continues.
    #[arg(long, value_name = "CMD")]
    exec: Option<String>,
    /// Time from TERM to KILL (with --exec)
    ///
    /// When discfg receives TERM, INT or HUP, or --timeout has passed, it ends CMD and all that CMD has started, except
    /// processes with a session of their own (setsid). If discfg is killed, Linux kills the shell that runs CMD, but not
    /// what the shell has started.
    #[arg(long, value_name = "TIME", default_value = "10s", requires = "exec")]
    grace: Span,
}

const EXAMPLES: &str = "\
Examples:
  discfg watch payments /db
  discfg watch /db --once --timeout 10m
  discfg watch --exec 'systemctl reload app'";

/// What `--after` takes.
#[derive(Debug, Clone)]
struct After {
    section: Option<Section>,
    revision: Revision,
}

#[derive(Debug, thiserror::Error)]
enum AfterError {
    #[error(transparent)]
    Section(SectionError),
    #[error(transparent)]
    Revision(RevisionError),
}

impl FromStr for After {
    type Err = AfterError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (section, revision) = match text.split_once('=') {
            Some((section, revision)) => (Some(section), revision),
            None => (None, text),
        };
        Ok(Self {
            section: section.map(str::parse).transpose().map_err(AfterError::Section)?,
            revision: revision.parse().map_err(AfterError::Revision)?,
        })
    }
}

fn start(after: &[After], prefix: &Prefix, own: Option<&Section>) -> Result<Start, Failure> {
    if after.is_empty() {
        return Ok(Start::Now);
    }
    let mut sections = BTreeMap::new();
    for After { section, revision } in after {
        let section = section.clone().or_else(|| own.cloned()).ok_or_else(|| {
            Failure::usage(format!(
                "--after {revision} is ambiguous: {prefix} spans several sections, and each counts its own revisions"
            ))
            .hint(format!(
                "name the section (--after db={revision}), or watch a prefix within one section, such as /db"
            ))
        })?;
        if sections.insert(section.clone(), *revision).is_some() {
            return Err(Failure::usage(format!(
                "--after is given twice for section {section}"
            )));
        }
    }
    Ok(Start::After(sections))
}

impl WatchArgs {
    /// Whether it runs a command for each change.
    pub(in crate::cli) fn runs_a_command(&self) -> bool {
        self.exec.is_some()
    }
}

pub(in crate::cli) async fn run(
    args: WatchArgs,
    session: &mut Session,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let (config, prefix) = config_and_prefix(&args.words)?;
    session.choose(config)?;
    let path = args.words.last().and_then(|path| path.parse().ok());
    let watched = Watched {
        path,
        prefix,
        after: args.after,
        interval: args.interval.duration(),
    };
    let format = session.format();
    let mut teller = WatchPrinter {
        format,
        hook: args
            .exec
            .map(|command| Hook::new(command, format, args.grace.duration(), terminal)),
        once: args.once,
        lost: false,
    };
    let heard: &[Signal] = if teller.hook.is_some() {
        ENDING
    } else {
        &[Signal::INT]
    };
    let mut signals =
        ForwardedSignals::new(heard).map_err(|error| Failure::internal("cannot receive signals", &error))?;
    let (ended, passed) = tokio::select! {
        ended = follow(watched, &mut teller, session, terminal) => (ended, Signal::TERM),
        failure = timed_out(args.timeout) => (Err(failure.into()), Signal::TERM),
        signal = signals.next() => (Err(ended_by(signal).into()), signal),
    };
    if let Some(hook) = &mut teller.hook {
        hook.stop(passed, &mut signals, terminal).await;
    }
    ended.map_err(|stop| session.explain_stop(stop, Access::Read))
}

/// The signals that end a watch together with the command that it runs.
const ENDING: &[Signal] = &[Signal::INT, Signal::TERM, Signal::HUP, Signal::QUIT];

/// What the process ends with, as a shell has it.
fn ended_by(signal: Signal) -> Failure {
    if signal == Signal::INT {
        return Failure::new(ErrorKind::Interrupted, "");
    }
    Failure::of_child(u8::try_from(128 + signal.as_raw()).unwrap_or(1))
}

async fn timed_out(timeout: Option<Span>) -> Failure {
    match timeout {
        Some(timeout) => {
            sleep(timeout.duration()).await;
            Failure::new(
                ErrorKind::Timeout,
                format!("timed out after {timeout} (--timeout)"),
            )
        }
        None => pending().await,
    }
}

/// What is to be watched.
struct Watched {
    /// The path as that of a key; none if it ends with `/`, or if there is none.
    path: Option<Key>,
    prefix: Prefix,
    after: Vec<After>,
    interval: Duration,
}

/// The keys of a watch: `key`, and all below it.
struct WatchedKeys {
    key: Key,
    prefix: Prefix,
}

impl Watched {
    /// The watches, and what of each is wanted where that is less. A key is watched among those beside it, as no prefix
    /// holds it alone.
    async fn watches(self, store: &dyn Store) -> Result<Vec<(Watch, Option<WatchedKeys>)>, Stop> {
        let Self { path, prefix, .. } = &self;
        let is_there = match path {
            Some(key) => sides::is_there(store, key).await?,
            None => None,
        };
        let is_key = match is_there {
            // Both may be set later.
            Some(false) => !sides::has_keys_below(prefix, store).await?,
            Some(true) => true,
            None => false,
        };
        let Some(key) = path.clone().filter(|_| is_key) else {
            let watch = Watch::new(prefix.clone());
            let start = start(&self.after, prefix, prefix.section().as_ref())?;
            return Ok(vec![(self.at(watch, start), None)]);
        };
        let end = key.as_str().rfind('/').unwrap_or_default();
        let above = key.as_str()[..end].parse().unwrap_or_else(|_| Prefix::all());
        let section = key.section();
        let beside = Watch {
            section: Some(section.clone()),
            ..Watch::new(above)
        };
        let keys = WatchedKeys {
            key,
            prefix: prefix.clone(),
        };
        if !section.is_root() {
            let start = start(&self.after, &beside.prefix, Some(&section))?;
            return Ok(vec![(self.at(beside, start), Some(keys))]);
        }
        // The keys below one at the root are of another section.
        let own = if is_there == Some(true) {
            Some(section.clone())
        } else {
            prefix.section()
        };
        let of_root = |after: &After| after.section.as_ref().or(own.as_ref()) == Some(&section);
        let (root, below): (Vec<After>, Vec<After>) = self.after.iter().cloned().partition(of_root);
        let root = start(&root, &beside.prefix, own.as_ref())?;
        let below = start(&below, prefix, own.as_ref())?;
        let all = Watch::new(prefix.clone());
        Ok(vec![
            (self.at(beside, root), Some(keys)),
            (self.at(all, below), None),
        ])
    }

    fn at(&self, watch: Watch, start: Start) -> Watch {
        Watch {
            start,
            interval: self.interval,
            ..watch
        }
    }
}

impl WatchedKeys {
    fn holds(&self, key: &Key) -> bool {
        self.prefix.holds(key) || self.key == *key
    }

    /// The event as far as it is about these keys, if it is at all.
    fn of(&self, event: Event) -> Option<Event> {
        match event {
            Event::Commit(mut lines) => {
                lines.retain(|line| self.holds(&line.key));
                (!lines.is_empty()).then_some(Event::Commit(lines))
            }
            Event::Expire { ref key, .. } if !self.holds(key) => None,
            Event::Resync {
                section,
                revision,
                mut entries,
            } => {
                entries.retain(|entry| self.holds(&entry.key));
                Some(Event::Resync {
                    section,
                    revision,
                    entries,
                })
            }
            event => Some(event),
        }
    }
}

async fn follow(
    watched: Watched,
    teller: &mut WatchPrinter,
    session: &mut Session,
    terminal: &mut Terminal,
) -> Result<(), Stop> {
    let config = session.config()?;
    let prefix = watched.prefix.clone();
    let grant = session.grant().filter(|_| prefix.is_all()).cloned();
    let store = session.store(Access::Read, &prefix).await?;
    let streams = watched.watches(store).await?.into_iter().map(|(watched, keys)| {
        watch(store, watched).try_filter_map(move |event| {
            ready(Ok(match &keys {
                Some(keys) => keys.of(event),
                None => Some(event),
            }))
        })
    });
    let mut events = pin!(select_all(streams.map(Box::pin)));
    let mut begun = false;
    while let Some(event) = events.next().await {
        let event = event?;
        if !begun {
            begun = true;
            terminal.hint(&match &grant {
                Some(grant) => format!("watching the sections of grant {grant} of config {config}"),
                None => format!("watching {prefix} of config {config}"),
            });
        }
        if teller.take(event, terminal).await? {
            break;
        }
    }
    Ok(())
}

/// Shows what a watch tells.
struct WatchPrinter {
    format: Format,
    hook: Option<Hook>,
    once: bool,
    /// Whether the store couldn't be asked at the last try.
    lost: bool,
}

impl WatchPrinter {
    /// Shows one event and says whether it was the last one that is wanted.
    async fn take(&mut self, event: Event, terminal: &mut Terminal) -> Result<bool, Failure> {
        if let Event::Retry { error, pause } = event {
            self.lost = true;
            let failure = Failure::from(error);
            let reasons = [vec![failure.message], failure.causes].concat().join(": ");
            let pause = pause.as_secs_f32();
            terminal.note(&format!("{reasons}; retrying in {pause:.1} s"));
            return Ok(false);
        }
        if let Event::Bad(bad) = &event {
            let BadSection { section, problem } = bad;
            terminal.note(&format!(
                "warning: cannot read section {section}: {problem}; still watching the others"
            ));
        }
        if std::mem::take(&mut self.lost) {
            terminal.note("connected again; no change was missed");
        }
        let lines = watch_lines(&event);
        let is_news = !lines.is_empty();
        for line in lines {
            self.show(&line, terminal)?;
            if terminal.is_closed() {
                return Ok(true);
            }
            if let Some(hook) = &mut self.hook {
                hook.run(&line, terminal).await;
            }
        }
        Ok(is_news && self.once)
    }

    fn show(&self, line: &WatchLine<'_>, terminal: &mut Terminal) -> Result<(), Failure> {
        if self.format == Format::Yaml {
            terminal.line("---")?;
        }
        show(
            terminal,
            self.format,
            &line.shape(),
            || line.human(),
            || line.raw(),
        )?;
        terminal.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::failure::texts::arguments::Refused;
    use crate::cli::failure::texts::book::{Variants, variants};

    variants!(AfterError: Section Revision);

    #[test]
    fn what_is_refused_says_why() {
        Refused::default()
            .called::<After>(&["watch", "--after={}"], &["db/url=7", "db=latest", "latest"])
            .keep::<AfterError>("after_error");
    }
}
