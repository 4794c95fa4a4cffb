use std::borrow::Cow;

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
