use std::process::Stdio;

use tokio::process::Command;

use super::line::WatchLine;
use crate::cli::global::Format;
use crate::cli::terminal::Terminal;
use crate::model::Value;

/// The command that is run for each change.
pub(super) struct Hook {
    command: String,
    /// Whether stdout is its own, since nothing else is shown there.
    has_stdout: bool,
}

/// Linux takes no variable above 128 KiB (`MAX_ARG_STRLEN`).
const MOST_BYTES: usize = 100_000;

impl Hook {
    pub(super) fn new(command: String, format: Format) -> Self {
        Self {
            command,
            has_stdout: format == Format::Silent,
        }
    }

    /// Runs it to its end. What goes wrong is told and ends nothing.
    pub(super) async fn run(&self, line: &WatchLine<'_>, terminal: &Terminal) {
        let mut command = Command::new("sh");
        command.arg("-c").arg(&self.command).stdin(Stdio::null());
        // A watch that is broken off leaves nothing running.
        command.kill_on_drop(true);
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
        match command.status().await {
            Ok(status) if status.success() => {}
            Ok(status) => terminal.note(&format!("the command for {} {subject} failed: {status}", line.op)),
            Err(error) => terminal.note(&format!(
                "cannot run the command for {} {subject}: {error}",
                line.op
            )),
        }
    }
}

/// What the change doesn't have is none, so that nothing is taken over from around.
fn variables(line: &WatchLine<'_>) -> [(&'static str, Option<String>); 8] {
    [
        ("DISCFG_OP", Some(line.op.to_owned())),
        ("DISCFG_SECTION", Some(line.section.to_string())),
        ("DISCFG_KEY", line.key.map(ToString::to_string)),
        ("DISCFG_REVISION", Some(line.revision.to_string())),
        ("DISCFG_VERSION", line.version.map(|version| version.to_string())),
        ("DISCFG_BY", line.by.map(str::to_owned)),
        ("DISCFG_AT", line.at.map(|at| at.to_string())),
        ("DISCFG_VALUE", line.shown().and_then(variable)),
    ]
}

fn variable(value: &Value) -> Option<String> {
    let text = value.as_text()?;
    let fits = text.len() <= MOST_BYTES && !text.contains('\0');
    fits.then(|| text.to_owned())
}
