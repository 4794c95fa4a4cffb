//! Java's properties, in the escapes that every Java reads whatever its charset.

use std::fmt::Write as _;

use super::dotted_name::{dotted_names, path_of};
use super::layout::ParsedItems;
use super::position::At;
use super::text::{text_of, utf8};
use super::{DataFormat, FormatError, Layout};
use crate::model::{Encoding, Key, Value};

const FORMAT: DataFormat = DataFormat::Properties;

/// Names have `.` for `/`.
pub(super) fn write(items: &[(Key, Value)], layout: &Layout) -> Result<Vec<u8>, FormatError> {
    let names = dotted_names(FORMAT, items, layout)?;
    let mut out = String::new();
    for (name, (key, value)) in names.iter().zip(items) {
        // The one character of a key that would end a name.
        out.push_str(&name.replace(':', "\\:"));
        out.push('=');
        let text = text_of(FORMAT, key, value)?;
        for (number, c) in text.chars().enumerate() {
            match c {
                ' ' if number == 0 => out.push_str("\\ "),
                '\\' => out.push_str("\\\\"),
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                '\u{c}' => out.push_str("\\f"),
                ' '..='~' => out.push(c),
                _ => {
                    for unit in c.encode_utf16(&mut [0; 2]) {
                        let _ = write!(out, "\\u{unit:04X}");
                    }
                }
            }
        }
        out.push('\n');
    }
    Ok(out.into_bytes())
}

/// Reads properties as Java does, except that the text is UTF-8 and no name may be there twice. A `.` in a name parts
/// segments.
pub(super) fn read(bytes: &[u8], layout: &Layout) -> Result<Vec<(Key, Value)>, FormatError> {
    let text = utf8(FORMAT, bytes)?;
    let mut found = ParsedItems::new();
    let mut offset = 0;
    while offset < text.len() {
        let rest = &text[offset..];
        let blanks = rest.len() - rest.trim_start_matches([' ', '\t', '\u{c}', '\r', '\n']).len();
        let start = offset + blanks;
        let line = &text[start..];
        if line.starts_with(['#', '!']) {
            offset = start + line.find(['\n', '\r']).unwrap_or(line.len());
            continue;
        }
        let length = logical_length(line);
        offset = start + length;
        let line = &line[..length];
        if !line.is_empty() {
            let (name, value) = line.split_at(name_length(line));
            let value = value.trim_start_matches(BLANKS);
            let value = value.strip_prefix(['=', ':']).unwrap_or(value);
            let value = value.trim_start_matches(BLANKS);
            let at = At::Byte(text, start);
            let unreadable =
                |()| FormatError::syntax(FORMAT, "expected four hexadecimal digits after \\u", at);
            let name = unescape(name).map_err(unreadable)?;
            let value = unescape(value).map_err(unreadable)?;
            found.add(&layout.prefix, &path_of(&name), value, Encoding::Detect, at)?;
        }
    }
    Ok(found.into_items())
}

const BLANKS: [char; 3] = [' ', '\t', '\u{c}'];

/// How long a line is with those that continue it, without its end.
fn logical_length(text: &str) -> usize {
    let mut characters = text.char_indices();
    while let Some((offset, c)) = characters.next() {
        match c {
            '\n' | '\r' => return offset,
            '\\' => {
                if let Some((_, '\r')) = characters.next()
                    && characters.as_str().starts_with('\n')
                {
                    characters.next();
                }
            }
            _ => {}
        }
    }
    text.len()
}

fn name_length(line: &str) -> usize {
    let mut escaped = false;
    for (offset, c) in line.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '=' | ':' | ' ' | '\t' | '\u{c}' => return offset,
            _ => {}
        }
    }
    line.len()
}

fn unescape(text: &str) -> Result<String, ()> {
    let mut units: Vec<u16> = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        let mut push = |c: char| units.extend_from_slice(c.encode_utf16(&mut [0; 2]));
        if c != '\\' {
            push(c);
            continue;
        }
        let Some(escaped) = rest.chars().next() else {
            break;
        };
        rest = &rest[escaped.len_utf8()..];
        match escaped {
            'n' => push('\n'),
            'r' => push('\r'),
            't' => push('\t'),
            'f' => push('\u{c}'),
            'u' => {
                let digits = rest
                    .get(..4)
                    .filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
                let digits = digits.ok_or(())?;
                units.push(u16::from_str_radix(digits, 16).map_err(drop)?);
                rest = &rest[4..];
            }
            '\n' | '\r' => {
                let next = if escaped == '\r' {
                    rest.strip_prefix('\n').unwrap_or(rest)
                } else {
                    rest
                };
                rest = next.trim_start_matches(BLANKS);
            }
            other => push(other),
        }
    }
    String::from_utf16(&units).map_err(drop)
}
