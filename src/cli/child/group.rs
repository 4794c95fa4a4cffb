use std::future::pending;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::pin::pin;
use std::process::ExitStatus;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, kill_process_group, test_kill_process_group};
use tokio::process::{Child, Command};
use tokio::time::sleep;

use super::{Foreground, ForwardedSignals};
use crate::cli::terminal::Terminal;

/// A running command, in a process group of its own with all that it starts.
pub(in crate::cli) struct Group {
    child: Child,
    pid: Option<Pid>,
}

/// How often it is looked whether a process group is gone, of which the system tells nothing.
const GROUP_LOOK: Duration = Duration::from_millis(20);

impl Group {
    /// Starts a command, which is lent the terminal where discfg has it for itself.
    pub(in crate::cli) fn spawn(
        mut command: std::process::Command,
        foreground: Option<&mut Foreground>,
    ) -> io::Result<Self> {
        command.process_group(0);
        let child = Command::from(command).spawn()?;
        let pid = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        let group = Self { child, pid };
        if let Some((foreground, pid)) = foreground.zip(pid) {
            foreground.lend_at_once(pid);
            // It may have been stopped for reading already.
            group.pass(Signal::CONT);
        }
        Ok(group)
    }

    /// Sends a signal to the command and all that it has started.
    pub(in crate::cli) fn pass(&self, signal: Signal) {
        if let Some(pid) = self.pid {
            // It may have ended meanwhile.
            let _ = kill_process_group(pid, signal);
            // Who is stopped heeds no signal.
            if [Signal::INT, Signal::TERM, Signal::HUP, Signal::QUIT].contains(&signal) {
                let _ = kill_process_group(pid, Signal::CONT);
            }
        }
    }

    /// Sends a signal to the command alone.
    pub(in crate::cli) fn notify(&self, signal: Signal) {
        if let Some(pid) = self.pid {
            let _ = kill_process(pid, signal);
        }
    }

    fn is_there(&self) -> bool {
        self.pid.is_some_and(|pid| test_kill_process_group(pid).is_ok())
    }

    /// Waits for the command's end.
    pub(in crate::cli) async fn ends(
        &mut self,
        foreground: Option<&mut Foreground>,
    ) -> io::Result<ExitStatus> {
        let pace = async {
            match foreground.zip(self.pid) {
                Some((foreground, pid)) => foreground.keep_pace(pid).await,
                None => pending().await,
            }
        };
        tokio::select! {
            status = self.child.wait() => status,
            () = pace => pending().await,
        }
    }

    /// Ends the command and all that it has started, by a signal and after `grace` by KILL. Gives what it ended with,
    /// and whether a further signal came that asks this process to end.
    pub(in crate::cli) async fn stop(
        &mut self,
        signal: Signal,
        grace: Duration,
        signals: &mut ForwardedSignals,
        terminal: &Terminal,
    ) -> io::Result<(ExitStatus, bool)> {
        let mut for_good = false;
        let mut killed = false;
        let mut grace_ends = pin!(sleep(grace));
        self.pass(signal);
        let mut status = None;
        loop {
            if let Some(status) = status
                && (killed || !self.is_there())
            {
                return Ok((status, for_good));
            }
            tokio::select! {
                ended = self.child.wait(), if status.is_none() => status = Some(ended?),
                () = sleep(GROUP_LOOK), if status.is_some() => {}
                signal = signals.next() => {
                    for_good |= signal != Signal::USR1 && signal != Signal::USR2;
                    self.pass(signal);
                }
                () = &mut grace_ends, if !killed => {
                    terminal.hint(&format!("the command did not stop within {grace:?}: killing it"));
                    self.pass(Signal::KILL);
                    killed = true;
                }
            }
        }
    }
}
