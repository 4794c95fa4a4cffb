use std::borrow::Cow;
use std::fmt::Write as _;

use console::AnsiCodeIterator;

use crate::formats::DataFormat;
use crate::model::{is_unprintable, printable};

/// Returns the text as one line without control characters. Several lines, such as the SDK's words on where it looked
/// for credentials, are joined.
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

/// Lines for people, each without control characters but those of colors.
pub(super) fn printable_lines(text: &str) -> String {
    let mut lines = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let (line, end) = line.strip_suffix('\n').map_or((line, ""), |line| (line, "\n"));
        for (part, is_code) in AnsiCodeIterator::new(line) {
            if is_code && part.starts_with('\u{1b}') && part.ends_with('m') {
                lines.push_str(part);
            } else {
                lines.push_str(&printable(part));
            }
        }
        lines.push_str(end);
    }
    lines
}

/// A file for people: the same as `printable_lines`, but still a file of its format where that has escapes.
pub(super) fn printable_file(text: &str, format: Option<DataFormat>) -> Cow<'_, str> {
    match format {
        Some(
            DataFormat::Json
            | DataFormat::Yaml
            | DataFormat::Tfvars
            | DataFormat::Properties
            | DataFormat::K8sSecret
            | DataFormat::K8sConfigmap,
        ) => escaped(text),
        _ => Cow::Owned(printable_lines(text)),
    }
}

/// A JSON document, or one in a format with its escapes, that does nothing on a terminal. They hold control characters and
/// the like in quoted strings alone, but for those that are white space.
pub(super) fn escaped(text: &str) -> Cow<'_, str> {
    let is_kept = |c| matches!(c, '\n' | '\t') || !is_unprintable(c);
    if text.chars().all(is_kept) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            c if is_kept(c) => out.push(c),
            '\r' => {}
            // All of them have four digits. Writing to a String can't fail.
            c => drop(write!(out, "\\u{:04x}", u32::from(c))),
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_keep_their_ends_and_colors_and_nothing_else() {
        for plain in ["", "a\n\nb", "a\tb\n", "\u{1b}[31mred\u{1b}[0m\n"] {
            assert_eq!(printable_lines(plain), plain);
        }
        assert_eq!(
            printable_lines("a\u{1b}[2Jb\u{1b}]0;x\u{7}\r\u{9b}1m\u{202e}\u{2028}\n"),
            "a\\u{1b}[2Jb\\u{1b}]0;x\\u{7}\\r\\u{9b}1m\\u{202e}\\u{2028}\n"
        );
    }
}
