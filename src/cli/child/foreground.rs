//! The terminal, which one process group at a time can read from and is interrupted by.

use std::io::IsTerminal as _;
use std::time::Duration;

use nix::sys::signal::{SigSet, Signal::SIGTTOU};
use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, getpgrp, kill_current_process_group, kill_process_group, waitid,
};
use rustix::stdio::stdin;
use rustix::termios::{tcgetpgrp, tcsetpgrp};
use tokio::signal::unix::{self, SignalKind, signal};
use tokio::time::timeout;

use crate::cli::terminal::Terminal;

/// The terminal of a shell's job that consists of discfg and a command that it runs in a process group of its own.
pub(in crate::cli) struct Foreground {
    own: Pid,
    /// The group that has it instead of this process's.
    lent: Option<Pid>,
    children: unix::Signal,
    continued: unix::Signal,
}

/// A stop takes effect long before this has passed. Where nobody could continue it, the system doesn't stop a process.
const STOPS_WITHIN: Duration = Duration::from_millis(100);

impl Foreground {
    /// The terminal; none where stdin or stdout is something else, since another program of the job may need it.
    pub(in crate::cli) fn find(terminal: &Terminal) -> Option<Self> {
        if !stdin().is_terminal() || !terminal.is_screen() {
            return None;
        }
        tcgetpgrp(stdin()).ok()?;
        // Who takes a terminal back is in its background, and would be stopped by that.
        let mut blocked = SigSet::empty();
        blocked.add(SIGTTOU);
        blocked.thread_block().ok()?;
        Some(Self {
            own: getpgrp(),
            lent: None,
            children: signal(SignalKind::child()).ok()?,
            continued: signal(SignalKind::from_raw(Signal::CONT.as_raw())).ok()?,
        })
    }

    /// Lends it to a group, where the job has it.
    pub(super) fn lend(&mut self, group: Pid) {
        let now = tcgetpgrp(stdin()).ok();
        if (now == Some(self.own) || now == self.lent) && tcsetpgrp(stdin(), group).is_ok() {
            self.lent = Some(group);
        }
    }

    fn take_back(&mut self) {
        if let Some(lent) = self.lent.take()
            && tcgetpgrp(stdin()) == Ok(lent)
        {
            // Where the terminal is gone, there is nothing to have.
            let _ = tcsetpgrp(stdin(), self.own);
        }
    }

    /// Stops with a command that was stopped, as by Ctrl-Z, and continues it when the job is continued. Never returns.
    pub(super) async fn keep_pace(&mut self, group: Pid) {
        loop {
            tokio::select! {
                _ = self.children.recv() => {
                    let look = WaitIdOptions::STOPPED | WaitIdOptions::NOHANG;
                    if !matches!(waitid(WaitId::Pid(group), look), Ok(Some(_))) {
                        continue;
                    }
                    self.take_back();
                    let _ = kill_current_process_group(Signal::TSTP);
                    let _ = timeout(STOPS_WITHIN, self.continued.recv()).await;
                }
                _ = self.continued.recv() => {}
            }
            self.lend(group);
            let _ = kill_process_group(group, Signal::CONT);
        }
    }
}

impl Drop for Foreground {
    fn drop(&mut self) {
        self.take_back();
    }
}
