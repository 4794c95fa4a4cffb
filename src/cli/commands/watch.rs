mod hook;
mod line;

use std::collections::BTreeMap;
use std::future::pending;
use std::str::FromStr;
use std::time::Duration;

use clap::Args;
use futures::StreamExt as _;
use tokio::signal::ctrl_c;
use tokio::time::sleep;

use self::hook::Hook;
use self::line::{WatchLine, watch_lines};
use crate::cli::failure::{Failure, Stop};
use crate::cli::global::Format;
use crate::cli::output::show;
use crate::cli::positionals::config_and_prefix;
use crate::cli::session::Session;
use crate::cli::terminal::Terminal;
use crate::model::{
    Access, BadSection, ErrorKind, Prefix, Revision, RevisionError, Section, SectionError, Span,
};
use crate::ops::{Event, Start, Watch, watch};

/// Tell every change as it comes
///
/// One line a change: when, what, the key, its version, the revision of its section, who, the value. Deletes are told
/// like sets. When an entry's time to live runs out, `expire` tells it: not in the order of revisions, and not after the
/// fact. A watch that was broken off goes on with --after and the last revision that it told of each section.
///
/// Where the log no longer reaches back to that, one `resync` line tells the section's revision and the number of its
/// keys, and these follow as `set` lines (in JSON with "resync":true, each with the revision that wrote it): what isn't
/// among them is gone.
///
/// -f json is one object a line, -f yaml a document a change, -f raw the value and a newline (nothing for a delete, an
/// expiry or a secret). Exit code 124 says that --timeout reached.
#[derive(Debug, Args)]
#[command(override_usage = "discfg watch [OPTIONS] [CONFIG] [PREFIX]")]
pub(in crate::cli) struct WatchArgs {
    /// The config, if two are given, and the prefix
    #[arg(value_name = "PREFIX", num_args = 0..=2)]
    words: Vec<String>,
    /// Begin after this revision of the prefix's section, or of a section that is named: db=7. May be given for several
    /// sections; the others are watched from now on
    #[arg(long, value_name = "[SECTION=]REVISION")]
    after: Vec<After>,
    /// End after the first commit or expiry
    #[arg(long)]
    once: bool,
    /// End after this time, with exit code 124
    #[arg(long, value_name = "TIME")]
    timeout: Option<Span>,
    /// How long to wait between two looks; each costs half a read unit a section
    #[arg(long, value_name = "TIME", default_value = "2s")]
    interval: Span,
    /// Run this by `sh -c` for each change, one after another, with `DISCFG_OP`, `DISCFG_SECTION`, `DISCFG_KEY`,
    /// `DISCFG_REVISION`, `DISCFG_VERSION`, `DISCFG_BY`, `DISCFG_AT` and `DISCFG_VALUE` in its environment, as far as the change
    /// has them. No `DISCFG_VALUE` holds a secret, bytes or more than 100,000 bytes. What it writes goes to stderr; with -f
    /// silent to stdout. A command that fails is told, and the watch goes on
    #[arg(long, value_name = "CMD")]
    exec: Option<String>,
}

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

fn start(after: Vec<After>, prefix: &Prefix) -> Result<Start, Failure> {
    if after.is_empty() {
        return Ok(Start::Now);
    }
    let mut sections = BTreeMap::new();
    for After { section, revision } in after {
        let section = section.or_else(|| prefix.section()).ok_or_else(|| {
            Failure::usage(format!(
                "--after {revision} is ambiguous: {prefix} spans several sections, and each counts its own revisions"
            ))
            .hint(format!(
                "name the section (--after db={revision}), or watch a prefix within one section, such as /db"
            ))
        })?;
        if sections.insert(section.clone(), revision).is_some() {
            return Err(Failure::usage(format!(
                "--after is given twice for section {section}"
            )));
        }
    }
    Ok(Start::After(sections))
}

pub(in crate::cli) async fn run(
    args: WatchArgs,
    session: &mut Session,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let (config, prefix) = config_and_prefix(&args.words)?;
    session.choose(config)?;
    let watch = Watch {
        start: start(args.after, &prefix)?,
        interval: args.interval.duration(),
        ..Watch::new(prefix)
    };
    let format = session.format();
    let mut teller = WatchPrinter {
        format,
        hook: args.exec.map(|command| Hook::new(command, format)),
        once: args.once,
        lost: false,
    };
    let ended = tokio::select! {
        ended = follow(watch, &mut teller, session, terminal) => ended,
        () = timeout(args.timeout.map(Span::duration)) => Err(Failure::new(ErrorKind::Timeout, "--timeout reached").into()),
        _ = ctrl_c() => Err(Failure::new(ErrorKind::Interrupted, "").into()),
    };
    ended.map_err(|stop| session.explain_stop(stop, Access::Read))
}

async fn timeout(after: Option<Duration>) {
    match after {
        Some(after) => sleep(after).await,
        None => pending().await,
    }
}

async fn follow(
    watched: Watch,
    teller: &mut WatchPrinter,
    session: &mut Session,
    terminal: &mut Terminal,
) -> Result<(), Stop> {
    let config = session.config()?;
    let prefix = watched.prefix.clone();
    let grant = session.grant().filter(|_| prefix.is_all()).cloned();
    let store = session.store(Access::Read, &prefix).await?;
    let mut events = watch(store, watched);
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
                "warning: can't read section {section}: {problem}; still watching the others"
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
            if let Some(hook) = &self.hook {
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
