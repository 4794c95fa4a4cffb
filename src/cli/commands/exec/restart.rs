//! A command that is run anew when its variables change.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::future::poll_fn;
use std::io;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::pin::pin;
use std::process::ExitStatus;
use std::task::Poll;
use std::time::{Duration, SystemTime};

use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};
use tokio::process::{Child, Command};
use tokio::signal::unix::{self, SignalKind, signal};
use tokio::time::sleep;

use super::environment::{Environment, EnvironmentSpec};
use super::program::Program;
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
/// How often it is looked whether a process group is gone, of which the system tells nothing.
const GROUP_LOOK: Duration = Duration::from_millis(20);

impl Supervised<'_> {
    /// Runs the command until it ends by itself, or is ended by a signal to this process.
    pub(super) async fn run(
        &self,
        snapshot: &Snapshot,
        mut variables: Environment,
        terminal: &Terminal,
    ) -> Result<(), Failure> {
        let cant = |error: io::Error| Failure::internal("cannot watch the command", &error);
        let mut signals = ForwardedSignals::new().map_err(cant)?;
        let mut seen = self.seen(snapshot);
        loop {
            let mut group = self.spawn(&variables)?;
            let next = tokio::select! {
                // What has ended by itself is not run anew, whatever has changed meanwhile.
                biased;
                status = group.ends(&mut signals) => return ended(status.map_err(cant)?),
                next = self.changed(&mut seen, &variables, terminal) => next,
            };
            let names: Vec<String> = variables
                .differing(&next)
                .iter()
                .map(ToString::to_string)
                .collect();
            terminal.hint(&format!("{} changed: restarting the command", names.join(", ")));
            let stopped = group.stop(self.pace.grace, &mut signals, terminal).await;
            if let StopReason::ForGood(status) = stopped.map_err(cant)? {
                return ended(status);
            }
            variables = next;
        }
    }

    fn spawn(&self, variables: &Environment) -> Result<Group, Failure> {
        let mut command = self.program.command(variables);
        command.process_group(0);
        let child = Command::from(command)
            .spawn()
            .map_err(|error| self.program.failure(&error, variables))?;
        let pid = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        Ok(Group { child, pid })
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

/// Why a command was stopped.
enum StopReason {
    /// To be run anew.
    ToRestart,
    /// A signal came meanwhile that ends this process, too.
    ForGood(ExitStatus),
}

/// A running command, in a process group of its own with all that it starts.
struct Group {
    child: Child,
    pid: Option<Pid>,
}

impl Group {
    fn pass(&self, signal: Signal) {
        if let Some(pid) = self.pid {
            // Where it is gone meanwhile, nobody is left to be told.
            let _ = kill_process_group(pid, signal);
        }
    }

    fn is_there(&self) -> bool {
        self.pid.is_some_and(|pid| test_kill_process_group(pid).is_ok())
    }

    /// Waits for its end, and passes signals until then.
    async fn ends(&mut self, signals: &mut ForwardedSignals) -> io::Result<ExitStatus> {
        loop {
            tokio::select! {
                status = self.child.wait() => return status,
                (signal, _) = signals.next() => self.pass(signal),
            }
        }
    }

    /// Ends the command and all that it has started: TERM, and after `grace` KILL.
    async fn stop(
        &mut self,
        grace: Duration,
        signals: &mut ForwardedSignals,
        terminal: &Terminal,
    ) -> io::Result<StopReason> {
        let mut for_good = false;
        let mut killed = false;
        let mut grace_ends = pin!(sleep(grace));
        self.pass(Signal::TERM);
        let mut status = None;
        while status.is_none() || (self.is_there() && !killed) {
            tokio::select! {
                ended = self.child.wait(), if status.is_none() => status = Some(ended?),
                () = sleep(GROUP_LOOK), if status.is_some() => {}
                (signal, ends) = signals.next() => {
                    for_good |= ends;
                    self.pass(signal);
                }
                () = &mut grace_ends, if !killed => {
                    terminal.hint(&format!("the command did not stop within {grace:?}: killing it"));
                    self.pass(Signal::KILL);
                    killed = true;
                }
            }
        }
        Ok(match status {
            Some(status) if for_good => StopReason::ForGood(status),
            _ => StopReason::ToRestart,
        })
    }
}

/// The signals that are passed on, each with whether it asks a process to end.
struct ForwardedSignals(Vec<(unix::Signal, Signal, bool)>);

impl ForwardedSignals {
    fn new() -> io::Result<Self> {
        let listen = [
            (SignalKind::interrupt(), Signal::INT, true),
            (SignalKind::terminate(), Signal::TERM, true),
            (SignalKind::hangup(), Signal::HUP, true),
            (SignalKind::quit(), Signal::QUIT, true),
            (SignalKind::user_defined1(), Signal::USR1, false),
            (SignalKind::user_defined2(), Signal::USR2, false),
        ];
        let listen = listen.map(|(kind, passed, ends)| Ok((signal(kind)?, passed, ends)));
        listen.into_iter().collect::<io::Result<_>>().map(Self)
    }

    /// The next that comes.
    async fn next(&mut self) -> (Signal, bool) {
        poll_fn(|context| {
            for (stream, passed, ends) in &mut self.0 {
                if let Poll::Ready(Some(())) = stream.poll_recv(context) {
                    return Poll::Ready((*passed, *ends));
                }
            }
            Poll::Pending
        })
        .await
    }
}
