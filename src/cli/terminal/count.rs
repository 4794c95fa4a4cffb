//! What is seen of work that counts up to a total: a bar on a terminal, a line each half minute elsewhere.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Terminal;

/// Work that is done by then is not drawn at all.
pub(in crate::cli) const PATIENCE: Duration = Duration::from_secs(1);
/// How often a log is told how far the work is.
pub(in crate::cli) const HEARTBEAT: Duration = Duration::from_secs(30);

/// How far some work is, on stderr.
pub(in crate::cli) struct Count {
    what: &'static str,
    total: u64,
    done: u64,
    bar: ProgressBar,
    drawn: bool,
    quiet: bool,
    started: Instant,
    last: Instant,
}

impl Count {
    /// Begins to count up to `total`; `what` says what is being done, such as `importing`.
    pub(in crate::cli) fn new(what: &'static str, total: usize, terminal: &Terminal) -> Self {
        let total = total as u64;
        let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::hidden());
        if let Ok(style) =
            ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} [{per_sec}, {eta} left]")
        {
            bar.set_style(style);
        }
        bar.set_message(what);
        Self {
            what,
            total,
            done: 0,
            bar,
            drawn: false,
            quiet: terminal.is_quiet(),
            started: Instant::now(),
            last: Instant::now(),
        }
    }

    /// Counts what was done since the last call.
    pub(in crate::cli) fn advance(&mut self, by: usize) {
        self.done += by as u64;
        self.bar.set_position(self.done);
        if self.quiet {
            return;
        }
        if io::stderr().is_terminal() {
            if !self.drawn && self.started.elapsed() >= PATIENCE {
                self.bar.set_draw_target(ProgressDrawTarget::stderr());
                self.drawn = true;
            }
        } else if self.last.elapsed() >= HEARTBEAT {
            self.last = Instant::now();
            // Where stderr is gone nobody watches, and the work is what counts.
            let _ = writeln!(
                io::stderr(),
                "{}: {} of {}, {}/s",
                self.what,
                self.done,
                self.total,
                self.rate()
            );
        }
    }

    /// Takes the bar away, and gives how many were done in a second.
    pub(in crate::cli) fn end(self) -> u64 {
        self.bar.finish_and_clear();
        self.rate()
    }

    fn rate(&self) -> u64 {
        let millis = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.done.saturating_mul(1000) / millis.max(1)
    }
}
