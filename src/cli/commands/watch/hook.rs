use std::ffi::OsStr;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::Signal;

use super::line::WatchLine;
use crate::cli::child::{Foreground, ForwardedSignals, Group, tied};
use crate::cli::global::Format;
use crate::cli::terminal::Terminal;
use crate::model::Value;

/// The command that is run for each change.
pub(super) struct Hook {
    command: String,
    /// Whether stdout is its own, since nothing else is shown there.
    has_stdout: bool,
    grace: Duration,
    /// The terminal, for a command that reads from it.
    foreground: Option<Foreground>,
    /// The one that runs.
    running: Option<Group>,
}

/// Linux takes no variable above 128 KiB (`MAX_ARG_STRLEN`).
const MOST_BYTES: usize = 100_000;

impl Hook {
    pub(super) fn new(command: String, format: Format, grace: Duration, terminal: &Terminal) -> Self {
        Self {
            command,
            has_stdout: format == Format::Silent,
            grace,
            foreground: Foreground::find(terminal),
            running: None,
        }
    }

    /// Runs it to its end. What goes wrong is told and ends nothing.
    pub(super) async fn run(&mut self, line: &WatchLine<'_>, terminal: &Terminal) {
        let shell = OsStr::new("sh");
        let mut command = tied(shell, shell, terminal.is_json());
        command.arg("-c").arg(&self.command).stdin(Stdio::null());
        if !self.has_stdout {
            command.stdout(terminal.beside());
        }
        for (name, value) in variables(line) {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        let subject = line
            .key
            .map_or_else(|| line.section.to_string(), ToString::to_string);
        let ended = match Group::spawn(command, None) {
            Ok(group) => self.running.insert(group).ends(self.foreground.as_mut()).await,
            Err(error) => Err(error),
        };
        self.running = None;
        match ended {
            Ok(status) if status.success() => {}
            Ok(status) => terminal.note(&format!("the command for {} {subject} failed: {status}", line.op)),
            Err(error) => terminal.note(&format!(
                "cannot run the command for {} {subject}: {error}",
                line.op
            )),
        }
    }

    /// Ends the one that runs, with all that it has started: a watch that ends leaves nothing running.
    pub(super) async fn stop(&mut self, signal: Signal, signals: &mut ForwardedSignals, terminal: &Terminal) {
        if let Some(mut group) = self.running.take() {
            // Where it can't be waited for, it has ended.
            let _ = group.stop(signal, self.grace, signals, terminal).await;
        }
    }
}

/// What the change doesn't have is none, so that nothing is taken over from around.
fn variables(line: &WatchLine<'_>) -> [(&'static str, Option<String>); 9] {
    [
        ("DISCFG_OP", Some(line.op.to_owned())),
        ("DISCFG_SECTION", Some(line.section.to_string())),
        ("DISCFG_KEY", line.key.map(ToString::to_string)),
        ("DISCFG_REVISION", Some(line.revision.to_string())),
        ("DISCFG_VERSION", line.version.map(|version| version.to_string())),
        ("DISCFG_BY", line.by.map(str::to_owned)),
        ("DISCFG_MESSAGE", line.message().map(str::to_owned)),
        ("DISCFG_AT", line.at.map(|at| at.to_string())),
        ("DISCFG_VALUE", line.shown().and_then(variable)),
    ]
}

fn variable(value: &Value) -> Option<String> {
    let text = value.as_text()?;
    let fits = text.len() <= MOST_BYTES && !text.contains('\0');
    fits.then(|| text.to_owned())
}
