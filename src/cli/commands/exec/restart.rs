//! A command that is run anew when its variables change.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::time::{Duration, SystemTime};

use rustix::process::Signal;
use tokio::time::sleep;

use super::environment::{Environment, EnvironmentSpec};
use super::program::Program;
use super::reload_signal::ReloadSignal;
use crate::cli::child::{Foreground, ForwardedSignals, Group};
use crate::cli::failure::{Failure, Stop};
use crate::cli::terminal::Terminal;
use crate::model::{Backoff, Jitter, Prefix, Revision, Timestamp};
use crate::store::{Cursor, Deadline, Snapshot, Store};

/// How fast things are done.
#[derive(Clone, Copy)]
pub(super) struct RestartPace {
    /// Between two looks for changes.
    pub(super) interval: Duration,
    /// Between TERM and KILL.
    pub(super) grace: Duration,
}

/// A command and what it is given.
pub(super) struct Supervised<'a> {
    pub(super) store: &'a dyn Store,
    pub(super) wanted: &'a EnvironmentSpec,
    pub(super) around: &'a BTreeMap<OsString, OsString>,
    pub(super) program: &'a Program,
    pub(super) pace: RestartPace,
    /// What the command is sent in place of a restart.
    pub(super) signal: Option<ReloadSignal>,
}

/// How far the config has been seen.
struct SeenConfig {
    cursor: Cursor,
    /// When something that counts expires, which moves no head.
    expires: Option<Timestamp>,
}

/// The longest wait for a head to move, after which the wait begins anew.
const LONG: Duration = Duration::from_hours(1);
/// Changes that never cease are waited out for this many intervals.
const MOST_INTERVALS: u32 = 10;
/// The longest pause before a config that can't be read is tried again.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);
/// The signals that the command is passed.
const PASSED: &[Signal] = &[
    Signal::INT,
    Signal::TERM,
    Signal::HUP,
    Signal::QUIT,
    Signal::USR1,
    Signal::USR2,
];

impl Supervised<'_> {
    /// Runs the command until it ends by itself, or is ended by a signal to this process.
    pub(super) async fn run(
        &self,
        snapshot: &Snapshot,
        mut variables: Environment,
        terminal: &Terminal,
    ) -> Result<(), Failure> {
        let cant = |error: io::Error| Failure::internal("cannot watch the command", &error);
        let mut signals = ForwardedSignals::new(PASSED).map_err(cant)?;
        let mut foreground = Foreground::find(terminal);
        let mut seen = self.seen(snapshot);
        let mut group = self.spawn(&variables, foreground.as_mut(), terminal)?;
        loop {
            let next = tokio::select! {
                // What has ended by itself is not run anew, whatever has changed meanwhile.
                biased;
                status = group.ends(foreground.as_mut()) => return ended(status.map_err(cant)?),
                signal = signals.next() => {
                    if signal == Signal::TERM {
                        let stopped = group.stop(signal, self.pace.grace, &mut signals, terminal).await;
                        return ended(stopped.map_err(cant)?.0);
                    }
                    group.pass(signal);
                    continue;
                }
                next = self.changed(&mut seen, &variables, terminal) => next,
            };
            let names: Vec<String> = variables
                .differing(&next)
                .iter()
                .map(ToString::to_string)
                .collect();
            let names = names.join(", ");
            variables = next;
            if let Some(signal) = self.signal {
                terminal.hint(&format!("{names} changed: sending {signal} to the command"));
                group.notify(signal.into());
                continue;
            }
            terminal.hint(&format!("{names} changed: restarting the command"));
            let stopped = group
                .stop(Signal::TERM, self.pace.grace, &mut signals, terminal)
                .await;
            if let (status, true) = stopped.map_err(cant)? {
                return ended(status);
            }
            group = self.spawn(&variables, foreground.as_mut(), terminal)?;
        }
    }

    fn spawn(
        &self,
        variables: &Environment,
        foreground: Option<&mut Foreground>,
        terminal: &Terminal,
    ) -> Result<Group, Failure> {
        Group::spawn(self.program.tied_command(variables, terminal), foreground)
            .map_err(|error| self.program.failure(&error, variables))
    }

    /// Waits until the config gives other variables than these. Where it can't be read it is tried again.
    async fn changed(&self, seen: &mut SeenConfig, now: &Environment, terminal: &Terminal) -> Environment {
        let first = self.pace.interval.min(LONGEST_PAUSE);
        let backoff = Backoff::new(first, LONGEST_PAUSE);
        let mut failures = 0;
        loop {
            match self.look(seen).await {
                Ok(next) if next != *now => return next,
                Ok(_) => {}
                // What is in the config gives no environment: the next change may.
                Err(Stop::Failure(failure)) => keeps_running(&failure, terminal),
                Err(Stop::Ops(error)) => {
                    if failures == 0 {
                        keeps_running(&error.into(), terminal);
                    }
                    sleep(Jitter::HalfShorter.draw(backoff.pause(failures))).await;
                    failures += 1;
                    continue;
                }
            }
            failures = 0;
        }
    }

    /// Waits for a change, and for the end of those that follow it, and reads the variables then.
    async fn look(&self, seen: &mut SeenConfig) -> Result<Environment, Stop> {
        let interval = self.pace.interval;
        let mut cursor = seen.cursor.clone();
        let mut within = seen.expires.map_or(LONG, until);
        for _ in 0..MOST_INTERVALS {
            let moved = self.store.wait(&cursor, Deadline { within, interval }).await?;
            if moved.is_empty() {
                break;
            }
            let moved = moved.into_iter().map(|head| (head.section, head.revision));
            cursor.seen.extend(moved);
            within = interval;
        }
        let snapshot = self
            .store
            .snapshot_except(&self.wanted.to_read(), &self.wanted.except)
            .await?;
        *seen = self.seen(&snapshot);
        let chosen = self.wanted.choose(&snapshot.entries, self.around)?;
        chosen.reveal(self.store).await
    }

    fn seen(&self, snapshot: &Snapshot) -> SeenConfig {
        let read = self.wanted.to_read();
        // A section that isn't there yet counts from its beginning.
        let sections = read.iter().filter_map(Prefix::section);
        let mut cursor = Cursor {
            seen: sections.map(|section| (section, Revision::ZERO)).collect(),
            whole: read.iter().any(Prefix::is_all),
            except: self.wanted.except.clone(),
        };
        let heads = snapshot.heads.iter();
        cursor
            .seen
            .extend(heads.map(|head| (head.section.clone(), head.revision)));
        SeenConfig {
            cursor,
            expires: self.wanted.expires(&snapshot.entries),
        }
    }
}

/// How long until that moment has surely passed for the store, too.
fn until(moment: Timestamp) -> Duration {
    let left = moment.epoch() - Timestamp::from(SystemTime::now()).epoch();
    Duration::from_secs(u64::try_from(left).unwrap_or(0) + 1).min(LONG)
}

fn keeps_running(failure: &Failure, terminal: &Terminal) {
    let said = std::iter::once(&failure.message).chain(&failure.causes);
    let said: Vec<&str> = said.map(String::as_str).collect();
    terminal.note(&format!(
        "warning: {}; the command keeps running",
        said.join(": ")
    ));
}

/// What the process ends with when the command has: as a shell has it where a signal ended it.
fn ended(status: ExitStatus) -> Result<(), Failure> {
    let signal = || status.signal().map(|signal| signal.saturating_add(128));
    match status.code().or_else(signal).unwrap_or(1) {
        0 => Ok(()),
        code => Err(Failure::of_child(u8::try_from(code).unwrap_or(1))),
    }
}
