use std::io::Write as _;
use std::{fmt, io};

/// Writes to stderr. Where nobody reads it the exit code still tells, so that is no failure (`eprintln!` panics).
pub(super) fn write_stderr(text: fmt::Arguments<'_>) {
    let _ = io::stderr().write_fmt(text);
}
