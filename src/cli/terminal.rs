//! The two streams: stdout is the result and nothing else; all the rest is stderr.

pub(super) mod count;
pub(super) mod log;
pub(super) mod progress;
pub(super) mod prompt;
mod stderr;
pub(super) mod wait;
pub(super) mod wrap;

use std::borrow::Cow;
use std::fmt;
use std::fs::{self, File, Metadata};
use std::io::{self, IsTerminal as _, Write as _};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt as _;
use std::process::{ExitCode, Stdio};

use self::log::{Plain, show_warnings};
use self::stderr::aside;
use self::wrap::wrapped;
use super::failure::Failure;
use super::global::Global;
use crate::model::{ErrorKind, printable};

/// The streams of the process.
#[derive(Debug)]
pub(super) struct Terminal {
    out: io::BufWriter<io::Stdout>,
    quiet: bool,
    /// Whoever read stdout went away. That is no error: `| head` has what it wants.
    closed: bool,
}

impl Terminal {
    pub(super) fn new(global: &Global) -> Self {
        Self {
            out: io::BufWriter::new(io::stdout()),
            quiet: global.quiet,
            closed: false,
        }
    }

    /// Writes a part of the result.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        if self.closed {
            return Ok(());
        }
        let written = self.out.write_all(bytes);
        self.settle(written)
    }

    /// Writes a line of the result.
    pub(super) fn line(&mut self, text: &str) -> Result<(), Failure> {
        self.write(text.as_bytes())?;
        self.write(b"\n")
    }

    /// Whether nobody reads any more, so that nothing more need be made.
    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }

    /// Sends off what was written so far.
    pub(super) fn flush(&mut self) -> Result<(), Failure> {
        if self.closed {
            return Ok(());
        }
        let flushed = self.out.flush();
        self.settle(flushed)
    }

    fn settle(&mut self, result: io::Result<()>) -> Result<(), Failure> {
        match result {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.closed = true;
                Ok(())
            }
            Err(error) => Err(Failure::internal("the result can't be written to stdout", &error)),
        }
    }

    /// Writes to stderr what somebody acts on before they see the result, so it is a failure where nobody reads it.
    #[expect(clippy::unused_self, reason = "whoever writes to stderr holds the terminal")]
    pub(super) fn command(&self, bytes: &[u8]) -> Result<(), Failure> {
        if !bytes.is_empty() && is_null(io::stderr()) {
            let message = "stderr is closed or /dev/null, so the CI runner would not mask the secrets";
            return Err(Failure::new(ErrorKind::Invalid, message));
        }
        io::stderr().write_all(bytes).map_err(|error| {
            Failure::internal("commands to the CI runner can't be written to stderr", &error)
        })
    }

    /// Says something beside the result.
    #[expect(clippy::unused_self, reason = "whoever writes to stderr holds the terminal")]
    pub(super) fn note(&self, text: &str) {
        say(&printable(text), indent(text) + 2);
    }

    /// Says something beside the result, unless it is to be quiet.
    pub(super) fn hint(&self, text: &str) {
        if !self.quiet {
            say(&printable(text), indent(text) + 2);
        }
    }

    /// Says something beside the result of which further lines begin at the column `hang`.
    #[expect(clippy::unused_self, reason = "whoever writes to stderr holds the terminal")]
    pub(super) fn note_hanging(&self, text: &str, hang: usize) {
        say(&printable(text), hang);
    }

    /// Whether progress and hints are unwanted.
    pub(super) fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Where a command that is run beside the result may write what it has to say.
    #[expect(clippy::unused_self, reason = "whoever writes to stderr holds the terminal")]
    pub(super) fn beside(&self) -> Stdio {
        io::stderr().into()
    }

    /// Says why the command failed, unless the result has said it.
    pub(super) fn fail(&self, failure: &Failure) {
        let red = console::Style::new().for_stderr().red().bold();
        for (line, hang) in told(failure, &red.apply_to("error:"), self.quiet) {
            say(&line, hang);
        }
    }
}

/// What is said of a failure that begins with `mark`: each line with the column at which its further lines begin. It may
/// repeat what was read somewhere, so nothing in it does more than be read.
pub(super) fn told(failure: &Failure, mark: &impl fmt::Display, quiet: bool) -> Vec<(String, usize)> {
    if failure.message.is_empty() {
        return Vec::new();
    }
    let message = (format!("{mark} {}", one_line(&failure.message)), 2);
    let causes = failure.causes.iter();
    let causes = causes.map(|cause| (format!("  because: {}", one_line(cause)), 4));
    let hints = failure.hints.iter().filter(|_| !quiet);
    let hints = hints.map(|hint| (format!("  hint: {}", one_line(hint)), 4));
    [message].into_iter().chain(causes).chain(hints).collect()
}

/// The text as one line that does nothing but be read. What has several, such as the SDK's words on where it looked for
/// credentials, is joined.
pub(super) fn one_line(text: &str) -> Cow<'_, str> {
    if !text.contains('\n') {
        return printable(text);
    }
    let mut joined = String::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if !joined.is_empty() {
            joined.push_str(if joined.ends_with(':') { " " } else { "; " });
        }
        joined.push_str(&printable(line));
    }
    Cow::Owned(joined)
}

/// Shows discfg's own events on stderr: warnings, and as many more as `--verbose` asks for. Those of the SDKs hold
/// requests, and so values.
pub(super) fn show_events(verbose: u8) {
    use tracing_subscriber::prelude::*;
    let level = match verbose {
        0 => return show_warnings(),
        1 => tracing::Level::DEBUG,
        _ => tracing::Level::TRACE,
    };
    let filter = tracing_subscriber::filter::Targets::new().with_target("discfg", level);
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(|| Plain(io::stderr()))
        .with_ansi(false)
        .without_time();
    tracing_subscriber::registry()
        .with(lines.with_filter(filter))
        .init();
}

/// The fewest columns that text is laid out for. A terminal that doesn't know its width may say none.
const NARROWEST: u16 = 30;

fn indent(text: &str) -> usize {
    text.len() - text.trim_start_matches(' ').len()
}

/// Writes a line to stderr; on a terminal, as many as it takes for its width.
fn say(text: &str, hang: usize) {
    match console::Term::stderr().size_checked() {
        Some((_, columns)) if columns >= NARROWEST && io::stderr().is_terminal() => {
            aside(format_args!("{}\n", wrapped(text, columns.into(), hang)));
        }
        _ => aside(format_args!("{text}\n")),
    }
}

/// Whether a stream goes to `/dev/null`, which Rust also opens in place of one that is closed.
fn is_null(stream: impl AsFd) -> bool {
    let stream = stream.as_fd().try_clone_to_owned().map(File::from);
    let device = |metadata: io::Result<Metadata>| metadata.map(|metadata| metadata.rdev()).ok();
    let stream = device(stream.and_then(|stream| stream.metadata()));
    stream.is_some() && stream == device(fs::metadata("/dev/null"))
}

/// Shows what clap has to say: help and version on stdout, errors on stderr.
pub(super) fn show_usage(error: &clap::Error) -> ExitCode {
    let code = u8::try_from(error.exit_code()).unwrap_or(2);
    // Nobody is left to be told where even that can't be written.
    let _ = error.print();
    ExitCode::from(code)
}
