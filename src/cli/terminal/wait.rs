//! What is seen of work whose end can't be told ahead: a spinner on a terminal, a line each half minute elsewhere.

use std::future::Future;
use std::io::{self, IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use tokio::time::timeout;

use super::Terminal;
use super::count::{HEARTBEAT, PATIENCE};

/// How often the spinner moves.
const TICK: Duration = Duration::from_millis(120);

/// Does the work; `what` says what is being done, such as `reading`.
pub(in crate::cli) fn with_progress<F: Future>(
    what: &str,
    terminal: &Terminal,
    work: F,
) -> impl Future<Output = F::Output> {
    // What reads a whole config is large, and would be held here as often as it is passed on.
    let mut work = Box::pin(work);
    async move {
        if terminal.is_quiet() {
            return work.await;
        }
        let started = Instant::now();
        if let Ok(done) = timeout(PATIENCE, &mut work).await {
            return done;
        }
        if io::stderr().is_terminal() {
            let bar = ProgressBar::new_spinner().with_elapsed(started.elapsed());
            if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {elapsed}") {
                bar.set_style(style);
            }
            bar.set_message(what.to_owned());
            bar.enable_steady_tick(TICK);
            let done = work.await;
            bar.finish_and_clear();
            return done;
        }
        loop {
            if let Ok(done) = timeout(HEARTBEAT, &mut work).await {
                return done;
            }
            // Where stderr is gone nobody watches, and the work is what counts.
            let _ = writeln!(io::stderr(), "{what}: {} s", started.elapsed().as_secs());
        }
    }
}
