//! The two streams: stdout is the result and nothing else; all the rest is stderr.

mod closed;
pub(super) mod color;
pub(super) mod count;
pub(super) mod log;
pub(super) mod progress;
pub(super) mod prompt;
mod stderr;
pub(super) mod table;
pub(super) mod times;
pub(super) mod wait;
pub(super) mod wrap;

use std::fmt;
use std::fs::{self, File, Metadata};
use std::io::{self, IsTerminal as _, Write as _};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt as _;
use std::process::{ExitCode, Stdio};

use self::closed::check_stdout;
pub(super) use self::closed::keep_closed;
use self::color::Tone;
use self::log::{Plain, show_warnings};
use self::stderr::write_stderr;
use self::times::TimeStyle;
use self::wrap::wrapped;
use super::failure::Failure;
use super::global::{Format, Global};
use super::one_line::{escaped, one_line, printable_lines};
use crate::files;
use crate::model::{ErrorKind, printable};

/// The streams of the process.
#[derive(Debug)]
pub(super) struct Terminal {
    out: io::BufWriter<io::Stdout>,
    /// The result so far, where it doesn't go to stdout.
    diverted: Option<Vec<u8>>,
    quiet: bool,
    /// Whether failures are shown in JSON, too.
    json: bool,
    time: Option<TimeStyle>,
    /// Whoever read stdout went away. That is no error: `| head` has what it wants.
    closed: bool,
}

impl Terminal {
    pub(super) fn new(global: &Global) -> Self {
        Self {
            out: io::BufWriter::new(io::stdout()),
            diverted: None,
            quiet: global.quiet,
            json: global
                .format
                .is_some_and(|format| format.shown == Some(Format::Json)),
            time: global.time,
            closed: false,
        }
    }

    /// Writes a part of the result.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        if self.closed || bytes.is_empty() {
            return Ok(());
        }
        if let Some(diverted) = &mut self.diverted {
            diverted.extend_from_slice(bytes);
            return Ok(());
        }
        let written = check_stdout().and_then(|()| self.out.write_all(bytes));
        self.settle(written)
    }

    /// Keeps the result back from now on, as it is written where no terminal shows it.
    pub(super) fn divert(&mut self) {
        self.diverted = Some(Vec::new());
        console::set_colors_enabled(false);
    }

    /// What was kept back.
    pub(super) fn diverted(&mut self) -> Vec<u8> {
        self.diverted.take().unwrap_or_default()
    }

    /// Writes a line of the result.
    pub(super) fn line(&mut self, text: &str) -> Result<(), Failure> {
        self.write(text.as_bytes())?;
        self.write(b"\n")
    }

    /// Writes a part of the result that is JSON or YAML, which on a terminal does nothing but be seen.
    pub(super) fn write_document(&mut self, text: &str) -> Result<(), Failure> {
        if self.is_screen() {
            self.write(escaped(text).as_bytes())
        } else {
            self.write(text.as_bytes())
        }
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
            Err(error) => {
                let kind = if files::is_out_of_space(&error) {
                    ErrorKind::Invalid
                } else {
                    ErrorKind::Internal
                };
                Err(Failure::caused(kind, "cannot write the result to stdout", &error))
            }
        }
    }

    /// Writes to stderr what somebody acts on before they see the result, so it is a failure where nobody reads it.
    #[expect(clippy::unused_self, reason = "whoever writes to stderr holds the terminal")]
    pub(super) fn command(&self, bytes: &[u8]) -> Result<(), Failure> {
        if !bytes.is_empty() && is_null(io::stderr()) {
            let message = "cannot mask the secrets in the CI log: stderr is closed or /dev/null";
            return Err(Failure::new(ErrorKind::Invalid, message));
        }
        io::stderr().write_all(bytes).map_err(|error| {
            Failure::internal("cannot write the commands that mask secrets to stderr", &error)
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

    /// Says a line in a tone beside the result, of which further lines begin at the column `hang`.
    #[expect(clippy::unused_self, reason = "whoever writes to stderr holds the terminal")]
    pub(super) fn toned_note(&self, tone: Tone, text: &str, hang: usize) {
        say(&tone.paint_stderr(&printable(text)), hang);
    }

    /// Whether failures are shown in JSON, too.
    pub(super) fn is_json(&self) -> bool {
        self.json
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

    /// Says a line beside the result in a tone, unless it is to be quiet.
    pub(super) fn toned_hint(&self, tone: Tone, text: &str) {
        if !self.quiet {
            say(&tone.paint_stderr(&printable(text)), indent(text) + 2);
        }
    }

    /// Whether a terminal shows the result.
    pub(super) fn is_screen(&self) -> bool {
        self.diverted.is_none() && io::stdout().is_terminal()
    }

    /// The columns of the terminal that shows the result; none where stdout is none.
    pub(super) fn columns(&self) -> Option<usize> {
        let (_, columns) = console::Term::stdout().size_checked()?;
        (columns >= NARROWEST && self.is_screen()).then(|| columns.into())
    }

    /// How times are shown: as is asked for, else relative on a terminal.
    pub(super) fn time_style(&self) -> TimeStyle {
        match self.time {
            Some(style) => style,
            None if self.is_screen() => TimeStyle::Relative,
            None => TimeStyle::Iso,
        }
    }

    /// How times are to be shown, where that is asked for.
    pub(super) fn wanted_time_style(&self) -> Option<TimeStyle> {
        self.time
    }

    /// Writes a part of the result in lines that keep within the terminal's width.
    pub(super) fn write_wrapped(&mut self, text: &str) -> Result<(), Failure> {
        let text = &printable_lines(text);
        let Some(columns) = self.columns() else {
            return self.write(text.as_bytes());
        };
        for line in text.split_inclusive('\n') {
            self.write(wrapped(line, columns, hang(line, columns)).as_bytes())?;
        }
        Ok(())
    }

    /// Says why the command failed, unless the result has said it. Where results are JSON, the last line is, too.
    pub(super) fn fail(&self, failure: &Failure) {
        let red = console::Style::new().for_stderr().red().bold();
        for (line, hang) in failure_lines(failure, &red.apply_to("error:"), self.quiet) {
            say(&line, hang);
        }
        if self.json {
            write_json(failure);
        }
    }
}

/// What is said of a failure that begins with `mark`: each line with the column at which its further lines begin. It
/// may repeat what was read somewhere, so nothing in it does more than be read.
pub(super) fn failure_lines(
    failure: &Failure,
    mark: &impl fmt::Display,
    quiet: bool,
) -> Vec<(String, usize)> {
    if failure.message.is_empty() {
        return Vec::new();
    }
    let message = (format!("{mark} {}", one_line(&failure.message)), 2);
    let cause = failure.cause().map(|cause| (format!("  because: {cause}"), 4));
    let hints = failure.hints.iter().filter(|_| !quiet);
    let hints = hints.map(|hint| (format!("  hint: {}", one_line(hint)), 4));
    [message].into_iter().chain(cause).chain(hints).collect()
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

/// Where the further lines of a line begin: below the value of one that names it, such as `engine   local`.
fn hang(line: &str, columns: usize) -> usize {
    let indent = indent(line);
    let value = line[indent..].find("  ").map(|gap| {
        let gap = indent + gap;
        gap + line[gap..].len() - line[gap..].trim_start_matches(' ').len()
    });
    value.filter(|at| *at <= columns / 3).unwrap_or(indent + 2)
}

/// Writes a line to stderr; on a terminal, as many as it takes for its width.
fn say(text: &str, hang: usize) {
    match console::Term::stderr().size_checked() {
        Some((_, columns)) if columns >= NARROWEST && io::stderr().is_terminal() => {
            write_stderr(format_args!("{}\n", wrapped(text, columns.into(), hang)));
        }
        _ => write_stderr(format_args!("{text}\n")),
    }
}

/// Whether a stream goes to `/dev/null`, which Rust also opens in place of one that is closed.
fn is_null(stream: impl AsFd) -> bool {
    let stream = stream.as_fd().try_clone_to_owned().map(File::from);
    let device = |metadata: io::Result<Metadata>| metadata.map(|metadata| metadata.rdev()).ok();
    let stream = device(stream.and_then(|stream| stream.metadata()));
    stream.is_some() && stream == device(fs::metadata("/dev/null"))
}

/// Shows what clap has to say: help and version on stdout, errors on stderr, in JSON, too, where `json` says so.
pub(super) fn show_usage(error: &clap::Error, json: bool) -> ExitCode {
    let code = u8::try_from(error.exit_code()).unwrap_or(2);
    if !error.use_stderr() {
        let shown = check_stdout()
            .and_then(|()| error.print())
            .and_then(|()| io::stdout().flush());
        return match Terminal::new(&Global::default()).settle(shown) {
            Ok(()) => ExitCode::from(code),
            Err(failure) => show_failure(&failure, json),
        };
    }
    let text = error.render().to_string();
    if printable_lines(&text) == text {
        // If stderr can't be written either, there is nowhere to report it.
        let _ = error.print();
    } else {
        write_stderr(format_args!("{}", printable_lines(&text)));
    }
    if json {
        let paragraphs = text.split("\n\n").next().unwrap_or_default();
        write_json(&Failure::usage(paragraphs.trim_start_matches("error: ")));
    }
    ExitCode::from(code)
}

/// Says why a call failed that has come to no command, and gives the exit code.
pub(super) fn show_failure(failure: &Failure, json: bool) -> ExitCode {
    let terminal = Terminal {
        json,
        ..Terminal::new(&Global::default())
    };
    terminal.fail(failure);
    ExitCode::from(failure.exit_code())
}

/// Writes a failure for programs.
fn write_json(failure: &Failure) {
    let line = failure
        .document()
        .map(|document| serde_json::to_string(&document));
    if let Some(Ok(line)) = line {
        write_stderr(format_args!("{line}\n"));
    }
}
