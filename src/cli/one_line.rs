use std::borrow::Cow;

use console::AnsiCodeIterator;

use crate::model::printable;

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
