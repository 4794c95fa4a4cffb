//! What YAML writes escaped between double quotes.

/// Whether YAML wants a character escaped that JSON may hold as it is.
pub(super) fn is_escaped(c: char) -> bool {
    matches!(
        c,
        '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'
    )
}

/// The length of a text in bytes, as YAML writes it between double quotes.
pub(super) fn escaped_length(text: &str) -> usize {
    text.chars()
        .map(|c| match c {
            '"' | '\\' => 2,
            c if c.is_control() || is_escaped(c) => "\\u001a".len(),
            c => c.len_utf8(),
        })
        .sum()
}
