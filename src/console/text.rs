//! Text of unknown origin, and times.

use std::time::SystemTime;

use maud::{Markup, html};

use crate::model::{Timestamp, is_unprintable, relative_time};

/// A text as data: apart from the direction of what is around it, and with its invisible characters shown.
pub(super) fn data(text: &str) -> Markup {
    html! { bdi { (with_marks(text, false)) } }
}

/// The text with what isn't seen, or changes the direction of what is, shown by its code point. Line ends stay where they are
/// wanted.
pub(super) fn with_marks(text: &str, keeps_lines: bool) -> Markup {
    let is_marked = |c: char| is_hidden(c) && !(c == '\t' || keeps_lines && c == '\n');
    html! {
        @for piece in text.split_inclusive(is_marked) {
            @match piece.chars().next_back().filter(|c| is_marked(*c)) {
                Some(mark) => {
                    (piece.strip_suffix(mark).unwrap_or_default())
                    span.esc { @if mark == '\n' { "↵" } @else { (format!("U+{:04X}", u32::from(mark))) } }
                }
                None => (piece),
            }
        }
    }
}

fn is_hidden(c: char) -> bool {
    is_unprintable(c)
        || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

/// The first characters of a text, and whether there are more.
pub(super) fn cut(text: &str, characters: usize) -> (&str, bool) {
    match text.char_indices().nth(characters) {
        Some((end, _)) => (&text[..end], true),
        None => (text, false),
    }
}

/// A moment as its distance from now.
pub(super) fn ago(moment: Timestamp) -> Markup {
    html! { time datetime=(moment) title=(moment) { (relative_time(moment, now())) } }
}

/// When something will be over.
pub(super) fn countdown(moment: Timestamp) -> Markup {
    html! {
        time data-expires=(moment.epoch()) datetime=(moment) title=(moment) {
            "expires " (relative_time(moment, now()))
        }
    }
}

/// The moment that it is.
pub(super) fn now() -> Timestamp {
    SystemTime::now().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text_and_what_hides_is_shown() {
        let shown = |text| data(text).into_string();
        assert_eq!(shown("<b>&"), "<bdi>&lt;b&gt;&amp;</bdi>");
        assert_eq!(
            shown("a\u{202e}b\nc\u{200b}"),
            "<bdi>a<span class=\"esc\">U+202E</span>b<span class=\"esc\">↵</span>c<span class=\"esc\">U+200B</span></bdi>"
        );
        assert_eq!(
            with_marks("a\nb\tc\u{7}", true).into_string(),
            "a\nb\tc<span class=\"esc\">U+0007</span>"
        );
        assert_eq!(cut("äbc", 2), ("äb", true));
        assert_eq!(cut("äbc", 3), ("äbc", false));
    }
}
