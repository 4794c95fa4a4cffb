//! A value on one line, for people.

use crate::model::Value;

/// The value with its control characters escaped; of a secret only that it is one.
pub(super) fn value_line(value: &Value, secret: bool) -> String {
    match value.as_text() {
        _ if secret => "(secret)".into(),
        Some(text) => text
            .escape_debug()
            .to_string()
            .replace("\\\"", "\"")
            .replace("\\'", "'"),
        None => format!("({} bytes)", value.len()),
    }
}
