//! The log of a server, which goes to stderr: one line a request, and one for each event worth telling.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, SystemTime};

use clap::ValueEnum;
use serde::Serialize;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::prelude::*;

use super::stderr::write_stderr;
use crate::cli::one_line::escaped;
use crate::http::AccessLogEntry;
use crate::model::{Timestamp, printable};

/// How a log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum LogForm {
    /// One line of text per request
    Text,
    /// One JSON object per line
    Json,
    /// No requests; problems are logged as text
    Off,
}

/// How many lines wait for stderr to take them.
const WAITING: usize = 4096;
/// How long the last lines are waited for.
const LAST: Duration = Duration::from_secs(1);

enum Word {
    Line(String),
    End(SyncSender<()>),
}

/// The log. A thread of its own writes it: a reader that doesn't read holds no request up, it only misses lines, of
/// which the log then says how many.
#[derive(Clone)]
pub(in crate::cli) struct LogWriter {
    form: LogForm,
    words: SyncSender<Word>,
    missed: Arc<AtomicU64>,
}

impl LogWriter {
    /// Begins it, and takes in the events of discfg: warnings, and more where it is to be verbose. Those of other
    /// crates hold requests, and so values.
    pub(in crate::cli) fn begin(form: LogForm, verbose: u8) -> Self {
        let (words, taken) = sync_channel(WAITING);
        let log = Self {
            form,
            words,
            missed: Arc::default(),
        };
        let missed = Arc::clone(&log.missed);
        thread::spawn(move || write(&taken, &missed));
        let level = match verbose {
            0 => tracing::Level::WARN,
            1 => tracing::Level::DEBUG,
            _ => tracing::Level::TRACE,
        };
        let events = Events(log.clone()).with_filter(
            Targets::new()
                .with_target("discfg", level)
                // What people do with secrets is always logged.
                .with_target("discfg::audit", level.max(tracing::Level::INFO)),
        );
        // Where another has been set up, events go there.
        let _ = tracing_subscriber::registry().with(events).try_init();
        log
    }

    /// Tells of a request.
    pub(in crate::cli) fn served(&self, served: &AccessLogEntry<'_>) {
        match self.form {
            LogForm::Off => {}
            LogForm::Text => self.line(printable(&served.to_string()).into_owned()),
            LogForm::Json => self.line(json_line(served)),
        }
    }

    /// Waits until what was told is written, but not for a reader that doesn't read.
    pub(in crate::cli) fn end(&self) {
        let (sender, receiver) = sync_channel(1);
        if self.words.try_send(Word::End(sender)).is_ok() {
            let _ = receiver.recv_timeout(LAST);
        }
    }

    fn line(&self, line: String) {
        if self.words.try_send(Word::Line(line)).is_err() {
            self.missed.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn write(words: &Receiver<Word>, missed: &AtomicU64) {
    for word in words {
        match word {
            Word::Line(line) => write_stderr(format_args!("{line}\n")),
            Word::End(sender) => {
                let _ = sender.send(());
            }
        }
        match missed.swap(0, Ordering::Relaxed) {
            0 => {}
            lines => write_stderr(format_args!(
                "{lines} log lines dropped: the reader is too slow\n"
            )),
        }
    }
}

/// Events as lines of the log.
struct Events(LogWriter);

impl<S: Subscriber> Layer<S> for Events {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let at = Timestamp::from(SystemTime::now());
        self.0.line(failure_lines(
            self.0.form,
            at,
            *event.metadata().level(),
            fields.0,
        ));
    }
}

/// Shows discfg's own warnings on stderr, as the terminal shows errors.
pub(in crate::cli) fn show_warnings() {
    // Where another has been set up, events go there.
    let _ = tracing::subscriber::set_global_default(Warnings);
}

/// Takes in warnings, and costs a command that has none nothing.
struct Warnings;

impl Subscriber for Warnings {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= tracing::Level::WARN && metadata.target().starts_with("discfg")
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::WARN)
    }

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let hint = fields.0.remove("hint");
        let message = fields.0.remove("message").unwrap_or_default();
        let mut text = format!("warning: {message}");
        for (name, value) in fields.0 {
            // Writing to a String can't fail.
            let _ = write!(text, "; {name}: {value}");
        }
        let hint = hint.map_or_else(String::new, |hint| format!("  hint: {}\n", printable(&hint)));
        write_stderr(format_args!("{}\n{hint}", printable(&text)));
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

fn failure_lines(
    form: LogForm,
    at: Timestamp,
    level: tracing::Level,
    mut fields: BTreeMap<&'static str, String>,
) -> String {
    let level = level.as_str().to_ascii_lowercase();
    if form == LogForm::Json {
        fields.insert("at", at.to_string());
        fields.insert("level", level);
        return json_line(&fields);
    }
    let message = fields.remove("message").unwrap_or_default();
    let mut line = format!("{at} {level}: {message}");
    for (name, value) in fields {
        // Writing to a String can't fail.
        let _ = write!(line, "; {name}: {value}");
    }
    // What was met may hold anything; a line stays one.
    printable(&line).into_owned()
}

/// A line of JSON, which may be seen on a terminal.
fn json_line(shape: &impl Serialize) -> String {
    escaped(&serde_json::to_string(shape).unwrap_or_default()).into_owned()
}

/// Writes each event as one line, whatever is in it.
pub(in crate::cli) struct Plain<W>(pub(in crate::cli) W);

impl<W: io::Write> io::Write for Plain<W> {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        let line = text.strip_suffix('\n').unwrap_or(&text);
        let end = &text[line.len()..];
        write!(self.0, "{}{end}", printable(line))?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[derive(Default)]
struct Fields(BTreeMap<&'static str, String>);

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_one_line_whatever_is_in_it() {
        let at: Timestamp = "2026-11-25T12:00:00Z".parse().unwrap();
        let fields = || {
            [
                ("message", "a request failed".to_owned()),
                ("error", "no\nway\u{202e}".to_owned()),
            ]
            .into()
        };
        assert_eq!(
            failure_lines(LogForm::Text, at, tracing::Level::WARN, fields()),
            "2026-11-25T12:00:00Z warn: a request failed; error: no\\nway\\u{202e}"
        );
        assert_eq!(
            failure_lines(LogForm::Json, at, tracing::Level::WARN, fields()),
            r#"{"at":"2026-11-25T12:00:00Z","error":"no\nway\u202e","level":"warn","message":"a request failed"}"#
        );
    }
}
