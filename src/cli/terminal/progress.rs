//! What is seen of a deployment while it runs: a row a resource on a terminal, a line an event elsewhere.

use std::collections::HashMap;
use std::io::{self, IsTerminal as _, Write as _};
use std::time::{Duration, Instant, SystemTime};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::model::printable;
use crate::stack::{ResourceChange, ResourceOutcome, StackEvent};

/// How often a log that shows nothing new is told that things go on.
const HEARTBEAT: Duration = Duration::from_secs(30);

/// Where a deployment is drawn, on stderr.
pub(in crate::cli) struct Board {
    rows: HashMap<String, ProgressRow>,
    /// Holds the rows together; none where lines are printed.
    drawn: Option<MultiProgress>,
    /// What a log is told that goes on, such as `deploying`.
    doing: &'static str,
    quiet: bool,
    started: Instant,
    last: Instant,
}

struct ProgressRow {
    bar: ProgressBar,
    /// When its work began, by CloudFormation's clock.
    begun: Option<SystemTime>,
}

impl ProgressRow {
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
    pub(in crate::cli) fn new(changes: &[ResourceChange], quiet: bool) -> Self {
        let resources: Vec<(&str, &str)> = changes
            .iter()
            .map(|change| (change.logical_id.as_str(), change.words.as_str()))
            .collect();
        Self::with_rows(&resources, "deploying", quiet)
    }

    /// For a deletion of these resources, each a logical id and what it is; where there are none, events are lines.
    pub(in crate::cli) fn deleting(resources: &[(&str, &str)], quiet: bool) -> Self {
        Self::with_rows(resources, "deleting", quiet)
    }

    fn with_rows(resources: &[(&str, &str)], doing: &'static str, quiet: bool) -> Self {
        let is_seen = io::stderr().is_terminal() && !quiet && !resources.is_empty();
        let drawn = is_seen.then(MultiProgress::new);
        let mut rows = HashMap::new();
        if let Some(drawn) = &drawn {
            let width = resources.iter().map(|(_, words)| words.len()).max();
            let width = width.unwrap_or_default();
            for (logical_id, words) in resources {
                let bar = drawn.add(ProgressBar::new_spinner());
                set_style(&bar, "      ");
                bar.set_prefix(format!("{words:width$}"));
                bar.set_message("waiting");
                bar.tick();
                rows.insert((*logical_id).to_owned(), ProgressRow { bar, begun: None });
            }
        }
        Self {
            rows,
            drawn,
            doing,
            quiet,
            started: Instant::now(),
            last: Instant::now(),
        }
    }

    pub(in crate::cli) fn show(&mut self, event: &StackEvent) {
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
                if event.phase.outcome == ResourceOutcome::Failed {
                    &reason
                } else {
                    ""
                }
            );
            match event.phase.outcome {
                ResourceOutcome::Complete | ResourceOutcome::Failed | ResourceOutcome::Skipped => {
                    row.finish_with_message(printable(&text).into_owned());
                }
                ResourceOutcome::InProgress => row.set_message(text),
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
    pub(in crate::cli) async fn heartbeat(&mut self) {
        tokio::time::sleep(HEARTBEAT.saturating_sub(self.last.elapsed())).await;
        self.last = Instant::now();
        if self.drawn.is_none() {
            self.line(&format!(
                "still {} after {} s",
                self.doing,
                self.started.elapsed().as_secs()
            ));
        }
    }

    pub(in crate::cli) fn end(&self) {
        self.rows
            .values()
            .map(|row| &row.bar)
            .filter(|bar| !bar.is_finished())
            .for_each(ProgressBar::abandon);
    }

    fn line(&self, text: &str) {
        if !self.quiet {
            // Where stderr is gone nobody watches, and the deployment is what counts.
            let _ = writeln!(io::stderr(), "{}", printable(text));
        }
    }
}
