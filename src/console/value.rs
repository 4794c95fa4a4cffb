//! Values: short in a list, and whole.

use std::borrow::Cow;

use maud::{Markup, html};

use super::text::{cut, data, with_marks};
use crate::formats::JsonDocument;
use crate::model::{Entry, Grouped, LoggedValue, Value, ValueKind};

/// How many characters of a value a list shows.
const SHORT: usize = 120;
/// How many characters of a JSON value a list can unfold.
const FOLDED: usize = 600;

/// The value of an entry in a list: JSON folded, of a secret only that it is one.
pub(super) fn in_list(entry: &Entry) -> Markup {
    match (entry.secret, entry.value.as_text()) {
        (true, _) => secret(),
        (false, None) => bytes(&entry.value),
        (false, Some(text)) if entry.value.kind() == ValueKind::Json => json_in_list(text),
        (false, Some(text)) => html! { code.text { (short(text)) } },
    }
}

/// The same on one line, with nothing to unfold.
pub(super) fn in_cell(entry: &Entry) -> Markup {
    match (entry.secret, entry.value.as_text()) {
        (true, _) => secret(),
        (false, None) => bytes(&entry.value),
        (false, Some("")) => html! { span.absent { "empty" } },
        (false, Some(text)) if entry.value.kind() == ValueKind::Json => {
            html! { code.text { (short(&one_line_json(text))) } }
        }
        (false, Some(text)) => html! { code.text { (short(text)) } },
    }
}

fn json_in_list(text: &str) -> Markup {
    let pretty = pretty_json(text);
    // What is one line anyway needs no unfolding.
    if !pretty.contains('\n') {
        return html! { code.text { (short(text)) } };
    }
    let (folded, is_cut) = cut(&pretty, FOLDED);
    html! {
        details.json {
            summary { code { (short(&one_line_json(text))) } }
            pre { (with_marks(folded, true)) @if is_cut { "\n…" } }
        }
    }
}

/// The beginning of a text.
pub(super) fn short(text: &str) -> Markup {
    let (begin, is_cut) = cut(text, SHORT);
    html! { (data(begin)) @if is_cut { span.more { "… " (Grouped(text.len())) " B" } } }
}

/// A value as a whole.
pub(super) fn whole(value: &Value) -> Markup {
    match value.as_text() {
        None => html! {
            p { (bytes(value)) }
            pre.value tabindex="0" { (hex_dump(value.bytes())) }
            @if value.len() > DUMPED { p.hint { "The first " (DUMPED) " bytes. Print all of them with " code { "discfg get KEY -f raw" } "." } }
        },
        Some("") => html! { p.hint { "The value is empty." } },
        Some(text) => html! { pre.value tabindex="0" { (with_marks(&shown_text(value, text), true)) } },
    }
}

/// The text that is shown of a value: JSON with a line for each member, its numbers as they were written.
pub(super) fn shown_text<'t>(value: &Value, text: &'t str) -> Cow<'t, str> {
    if value.kind() == ValueKind::Json {
        pretty_json(text)
    } else {
        Cow::Borrowed(text)
    }
}

fn pretty_json(text: &str) -> Cow<'_, str> {
    match JsonDocument::parse(text) {
        Ok(document) => format!("{document:#}").into(),
        Err(_) => text.into(),
    }
}

fn one_line_json(text: &str) -> Cow<'_, str> {
    match JsonDocument::parse(text) {
        Ok(document) => document.to_string().into(),
        Err(_) => text.into(),
    }
}

pub(super) fn secret() -> Markup {
    html! { span.secret { "secret" } }
}

pub(super) fn bytes(value: &Value) -> Markup {
    html! { span.bytes { "bytes, " (Grouped(value.len())) " B" } }
}

/// A value of the log; none where there was nothing.
pub(super) fn logged(value: Option<(&LoggedValue, bool)>) -> Markup {
    match value {
        None => html! { span.absent { "absent" } },
        Some((LoggedValue::Purged, _)) => html! { span.purged { "purged" } },
        Some((LoggedValue::Value(_), true)) => secret(),
        Some((LoggedValue::Value(value), false)) => match value.as_text() {
            None => bytes(value),
            Some(text) => html! { code.text { (short(text)) } },
        },
    }
}

/// How many bytes a dump shows.
const DUMPED: usize = 512;

fn hex_dump(bytes: &[u8]) -> String {
    let lines = bytes[..bytes.len().min(DUMPED)].chunks(16).enumerate();
    let lines = lines.map(|(line, bytes)| {
        let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let letter = |byte: &u8| {
            if byte.is_ascii_graphic() || *byte == b' ' {
                char::from(*byte)
            } else {
                '.'
            }
        };
        let letters: String = bytes.iter().map(letter).collect();
        format!("{:04x}  {:<47}  {letters}", line * 16, digits.join(" "))
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Encoding;

    fn value(bytes: &[u8], encoding: Encoding) -> Value {
        Value::new(bytes, encoding).unwrap()
    }

    #[test]
    fn numbers_of_json_stay_as_they_were_written() {
        let json = value(br#"{"a":1.10,"b":[12345678901234567890]}"#, Encoding::Json);
        let text = shown_text(&json, json.as_text().unwrap()).into_owned();
        assert_eq!(
            text,
            "{\n  \"a\": 1.10,\n  \"b\": [\n    12345678901234567890\n  ]\n}"
        );
    }

    #[test]
    fn a_list_shows_the_beginning_of_a_long_value() {
        let shown = short(&"<".repeat(200)).into_string();
        assert_eq!(shown.matches("&lt;").count(), SHORT);
        assert!(shown.ends_with("… 200 B</span>"), "{shown}");
    }

    #[test]
    fn bytes_are_dumped_as_digits_and_letters() {
        let dump = hex_dump(b"\xff\x00<script>alert");
        assert_eq!(
            dump,
            "0000  ff 00 3c 73 63 72 69 70 74 3e 61 6c 65 72 74     ..<script>alert"
        );
    }
}
