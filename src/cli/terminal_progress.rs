//! What is seen of a deployment while it runs: a row a resource on a terminal, a line an event elsewhere.

use std::collections::HashMap;
use std::io::{self, IsTerminal as _, Write as _};
use std::time::{Duration, Instant, SystemTime};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::stack::{Outcome, ResourceChange, StackEvent};

/// How often a log that shows nothing new is told that things go on.
const HEARTBEAT: Duration = Duration::from_secs(30);

/// Where a deployment is drawn, on stderr.
pub(super) struct Board {
    rows: HashMap<String, Row>,
    /// Holds the rows together; none where lines are printed.
    drawn: Option<MultiProgress>,
    quiet: bool,
    started: Instant,
    last: Instant,
}

struct Row {
    bar: ProgressBar,
    /// When its work began, by CloudFormation's clock.
    begun: Option<SystemTime>,
}

impl Row {
    /// Sets how long the work has taken, without the wait for other resources and the pause between polls.
    fn reckon(&mut self, at: SystemTime) {
        if self.begun.is_none() {
            set_style(&self.bar, "{spinner} {elapsed:>4}");
            self.bar.enable_steady_tick(Duration::from_millis(120));
        }
        let begun = *self.begun.get_or_insert(at);
        let taken = at.duration_since(begun).unwrap_or_default();
        // The handle that comes back is the same bar.
        let _ = self.bar.clone().with_elapsed(taken);
    }
}

/// The message comes last, since a reason may be longer than the terminal is wide.
fn set_style(bar: &ProgressBar, start: &str) {
    if let Ok(style) = ProgressStyle::with_template(&format!("{start}  {{prefix}}  {{wide_msg}}")) {
        bar.set_style(style);
    }
}

impl Board {
    pub(super) fn new(changes: &[ResourceChange], quiet: bool) -> Self {
        let drawn = (io::stderr().is_terminal() && !quiet).then(MultiProgress::new);
        let mut rows = HashMap::new();
        if let Some(drawn) = &drawn {
            let width = changes.iter().map(|change| change.words.len()).max();
            let width = width.unwrap_or_default();
            for change in changes {
                let bar = drawn.add(ProgressBar::new_spinner());
                set_style(&bar, "      ");
                bar.set_prefix(format!("{:width$}", change.words));
                bar.set_message("waiting");
                bar.tick();
                rows.insert(change.logical_id.clone(), Row { bar, begun: None });
            }
        }
        Self {
            rows,
            drawn,
            quiet,
            started: Instant::now(),
            last: Instant::now(),
        }
    }

    pub(super) fn show(&mut self, event: &StackEvent) {
        self.last = Instant::now();
        let reason = event
            .reason
            .as_deref()
            .map(|reason| format!(": {reason}"))
            .unwrap_or_default();
        if let Some(row) = self.rows.get_mut(&event.logical_id) {
            row.reckon(event.at);
            let row = &row.bar;
            let text = format!(
                "{}{}",
                event.phase,
                if event.phase.outcome == Outcome::Failed {
                    &reason
                } else {
                    ""
                }
            );
            match event.phase.outcome {
                Outcome::Complete | Outcome::Failed => row.finish_with_message(text),
                _ => row.set_message(text),
            }
        } else if self.drawn.is_none() {
            self.line(&format!(
                "{:<24} {} ({}){reason}",
                event.phase.to_string(),
                event.words,
                event.logical_id
            ));
        }
    }

    /// Ends after half a minute without news, having said that the deployment goes on.
    pub(super) async fn heartbeat(&mut self) {
        tokio::time::sleep(HEARTBEAT.saturating_sub(self.last.elapsed())).await;
        self.last = Instant::now();
        if self.drawn.is_none() {
            self.line(&format!(
                "still deploying after {} s",
                self.started.elapsed().as_secs()
            ));
        }
    }

    pub(super) fn end(&self) {
        self.rows
            .values()
            .map(|row| &row.bar)
            .filter(|bar| !bar.is_finished())
            .for_each(ProgressBar::abandon);
    }

    fn line(&self, text: &str) {
        if !self.quiet {
            // Where stderr is gone nobody watches, and the deployment is what counts.
            let _ = writeln!(io::stderr(), "{text}");
        }
    }
}
