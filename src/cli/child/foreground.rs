//! The terminal, which one process group at a time can read from and is interrupted by.

use std::fs::File;
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
    device: File,
    /// Whether a command has it from its start on, rather than once it reads from it.
    at_once: bool,
    own: Pid,
    /// The group that has it instead of this process's.
    lent: Option<Pid>,
    children: unix::Signal,
    continued: unix::Signal,
}

/// A stop takes effect long before this has passed. Where nobody could continue it, the system doesn't stop a process.
const STOPS_WITHIN: Duration = Duration::from_millis(100);

impl Foreground {
    /// The terminal, if there is one. Where stdin or stdout is something else, another program of the job may need it: then a
    /// command gets it only when it asks for it.
    pub(in crate::cli) fn find(terminal: &Terminal) -> Option<Self> {
        let device = File::options().read(true).write(true).open("/dev/tty").ok()?;
        tcgetpgrp(&device).ok()?;
        // Who takes a terminal back is in its background, and would be stopped by that.
        let mut blocked = SigSet::empty();
        blocked.add(SIGTTOU);
        blocked.thread_block().ok()?;
        Some(Self {
            device,
            at_once: stdin().is_terminal() && terminal.is_screen(),
            own: getpgrp(),
            lent: None,
            children: signal(SignalKind::child()).ok()?,
            continued: signal(SignalKind::from_raw(Signal::CONT.as_raw())).ok()?,
        })
    }

    /// Lends it to a group that starts.
    pub(super) fn lend_at_once(&mut self, group: Pid) {
        if self.at_once {
            self.lend(group);
        }
    }

    /// Lends it to a group, where the job has it.
    fn lend(&mut self, group: Pid) -> bool {
        let now = tcgetpgrp(&self.device).ok();
        let is_lent = (now == Some(self.own) || now == self.lent) && tcsetpgrp(&self.device, group).is_ok();
        if is_lent {
            self.lent = Some(group);
        }
        is_lent
    }

    fn take_back(&mut self) {
        if let Some(lent) = self.lent.take()
            && tcgetpgrp(&self.device) == Ok(lent)
        {
            // Where the terminal is gone, there is nothing to have.
            let _ = tcsetpgrp(&self.device, self.own);
        }
    }

    /// Continues a command that was stopped because it asked for the terminal. Stops with one that was stopped otherwise, as
    /// by Ctrl-Z, and continues it when the job is continued. Never returns.
    pub(super) async fn keep_pace(&mut self, group: Pid) {
        loop {
            tokio::select! {
                _ = self.children.recv() => {
                    let look = WaitIdOptions::STOPPED | WaitIdOptions::NOHANG;
                    let Ok(Some(stopped)) = waitid(WaitId::Pid(group), look) else {
                        continue;
                    };
                    let signal = stopped.stopping_signal();
                    let asks = [Signal::TTIN, Signal::TTOU].map(Signal::as_raw);
                    let asks = signal.is_some_and(|signal| asks.contains(&signal));
                    let has_it = self.lent.is_some();
                    if asks && !has_it && self.lend(group) {
                        let _ = kill_process_group(group, Signal::CONT);
                        continue;
                    }
                    if !asks && !self.at_once && !has_it {
                        continue;
                    }
                    self.take_back();
                    let _ = kill_current_process_group(Signal::TSTP);
                    let _ = timeout(STOPS_WITHIN, self.continued.recv()).await;
                    self.lend(group);
                }
                _ = self.continued.recv() => self.lend_at_once(group),
            }
            let _ = kill_process_group(group, Signal::CONT);
        }
    }
}

impl Drop for Foreground {
    fn drop(&mut self) {
        self.take_back();
    }
}
