//! Text of unknown origin, for people and for what reads their terminals and logs.

use std::borrow::Cow;
use std::fmt::Write as _;

/// The text with what could be more than text escaped as Rust escapes it: control characters but tabs, with which it could
/// begin a line of its own or steer a terminal; those that change the direction of text; and `##[`, with which a runner of
/// CI jobs begins a command anywhere in a line.
pub(crate) fn printable(text: &str) -> Cow<'_, str> {
    let is_escaped = |c: char| c != '\t' && is_unprintable(c);
    if !text.contains(is_escaped) && !text.contains(COMMAND) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for (at, c) in text.char_indices() {
        if is_escaped(c) {
            out.extend(c.escape_debug());
        } else if text[at..].starts_with(COMMAND) {
            // Writing to a String can't fail.
            let _ = write!(out, "{}", c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// The beginning of a command in the older syntax of GitHub's runner.
const COMMAND: &str = "##[";

/// Whether a character does something where it is printed.
pub(crate) fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_does_something_is_escaped() {
        assert!(matches!(printable("Grüße, \"a\" 'b' \\n"), Cow::Borrowed(_)));
        assert_eq!(printable("a\n::stop-commands::b"), "a\\n::stop-commands::b");
        assert_eq!(
            printable("\u{1b}]0;x\u{7}\r\t\0\u{9b}"),
            "\\u{1b}]0;x\\u{7}\\r\t\\0\\u{9b}"
        );
        assert_eq!(printable("a\u{202e}b\u{2028}"), "a\\u{202e}b\\u{2028}");
        // All of the property Bidi_Control.
        for c in
            "\u{61c}\u{200e}\u{200f}\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2066}\u{2067}\u{2068}\u{2069}"
                .chars()
        {
            assert_eq!(printable(&c.to_string()), c.escape_unicode().to_string());
        }
        assert_eq!(printable("x ###[add-mask]e"), "x #\\u{23}#[add-mask]e");
    }

    proptest! {
        #[test]
        fn it_is_one_line_and_stays_so(text in "[a#\\[\n\u{1b}\u{202e}ü:]{0,12}") {
            let once = printable(&text).into_owned();
            prop_assert!(!once.contains(is_unprintable) && !once.contains(COMMAND));
            prop_assert_eq!(printable(&once), once.as_str());
        }
    }
}
