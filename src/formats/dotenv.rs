//! `.env` files. Their readers differ; the rules here are python-dotenv's, and of several ways to write a value the one
//! is taken that most other readers read alike.

use super::text::utf8;
use super::variable_lines::{VariableLines, write_variables};
use super::{DataFormat, FormatError, Layout};
use crate::model::{Key, Value};

const FORMAT: DataFormat = DataFormat::Dotenv;

pub(super) fn write(items: &[(Key, Value)], layout: &Layout) -> Result<Vec<u8>, FormatError> {
    write_variables(FORMAT, "", items, layout, |name, text, _, out| {
        let value = written(text)?;
        out.push_str(name.as_str());
        out.push('=');
        out.push_str(&value);
        out.push('\n');
        Ok(())
    })
}

fn written(text: &str) -> Result<String, &'static str> {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || "_./:@%+,=-".contains(c);
    if text.chars().all(is_bare) {
        return Ok(text.to_owned());
    }
    if text.contains("${") {
        return Err("readers expand `${`, even in quotes; use shell or docker-env");
    }
    if text.ends_with('\\') {
        // The quote that followed it would not close.
        let quotable = text.contains(['\r', '\n', '#', '\'', '"', '`', '$']);
        return if quotable || text.trim() != text {
            Err("it needs quotes and ends with a backslash, which readers misread; use shell")
        } else {
            Ok(text.to_owned())
        };
    }
    if text.contains('\r') {
        if text.contains(['$', '`']) {
            return Err("it contains both a carriage return and `$`, which readers would expand; use shell");
        }
        let escaped = text
            .replace('\\', "\\\\")
            .replace('"', "\\\"")
            .replace('\r', "\\r")
            .replace('\n', "\\n");
        return Ok(format!("\"{escaped}\""));
    }
    if text.contains('\'') && !text.contains(['"', '\\', '$', '`']) {
        return Ok(format!("\"{text}\""));
    }
    let mut quoted = String::from("'");
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        // A backslash escapes nothing else between single quotes.
        if c == '\'' || (c == '\\' && matches!(rest.peek(), Some('\\' | '\''))) {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted.push('\'');
    Ok(quoted)
}

/// Reads `NAME=value` lines. Nothing is expanded: `${` outside single quotes is an error, and a `$` alone is itself.
pub(super) fn read(bytes: &[u8], layout: &Layout) -> Result<Vec<(Key, Value)>, FormatError> {
    let mut variables = VariableLines::new(FORMAT, utf8(FORMAT, bytes)?);
    while !variables.is_done() {
        if variables.skip_silence() {
            continue;
        }
        variables.skip_blanks();
        if variables.rest().starts_with("export ") {
            variables.skip("export ".len());
            variables.skip_blanks();
        }
        let (name, at) = variables.name()?;
        variables.skip_blanks();
        variables.expect("=", "expected `=` after the name")?;
        let line = variables.line();
        let blanks = line.len() - line.trim_start_matches(|c| is_blank(c) && c != '\r').len();
        let is_after_blank = blanks > 0;
        variables.skip(blanks);
        let value = match variables.rest().chars().next() {
            Some(quote @ ('\'' | '"')) => {
                let value = quoted(&mut variables, quote)?;
                variables.skip_blanks();
                if !variables.skip_silence() {
                    return Err(
                        variables.fault("expected the end of the line or a comment after the closing quote")
                    );
                }
                value
            }
            Some('`') => return Err(variables.fault("backticks are not supported: use single quotes")),
            _ => bare(&mut variables, is_after_blank)?,
        };
        variables.add(layout, name, value, at)?;
    }
    Ok(variables.into_items())
}

fn quoted(variables: &mut VariableLines<'_>, quote: char) -> Result<String, FormatError> {
    let opened = variables.at();
    let rest = &variables.rest()[1..];
    let mut value = String::new();
    let mut characters = rest.char_indices();
    while let Some((offset, c)) = characters.next() {
        match c {
            c if c == quote => {
                variables.skip(1 + offset + 1);
                return Ok(value);
            }
            '\\' => {
                let Some((_, escaped)) = characters.next() else {
                    break;
                };
                match (quote, escaped) {
                    (_, '\\' | '\'') | ('"', '"') => value.push(escaped),
                    ('"', 'a') => value.push('\u{7}'),
                    ('"', 'b') => value.push('\u{8}'),
                    ('"', 'f') => value.push('\u{c}'),
                    ('"', 'n') => value.push('\n'),
                    ('"', 'r') => value.push('\r'),
                    ('"', 't') => value.push('\t'),
                    ('"', 'v') => value.push('\u{b}'),
                    _ => value.extend(['\\', escaped]),
                }
            }
            '$' if quote == '"' && rest[offset..].starts_with("${") => {
                variables.skip(1 + offset);
                return Err(variables.fault(EXPANDED));
            }
            c => value.push(c),
        }
    }
    let problem = "unclosed quote";
    Err(FormatError::syntax(FORMAT, problem, opened))
}

const EXPANDED: &str = "`${` is not expanded: put the value in single quotes to keep it as it is";

/// What Python takes for white space: four controls more than Unicode says.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{1c}'..='\u{1f}')
}

/// A `#` begins a comment after a blank only: right after the `=` it is part of the value.
fn bare(variables: &mut VariableLines<'_>, is_after_blank: bool) -> Result<String, FormatError> {
    let line = variables.line();
    let mut end = line.len();
    for (offset, c) in line.char_indices() {
        let before = line[..offset].chars().next_back();
        if c == '#' && before.map_or(is_after_blank, is_blank) {
            end = offset;
            break;
        }
    }
    let value = line[..end].trim_end_matches(is_blank);
    for (sign, problem) in [
        ("${", EXPANDED),
        ("\r", "a carriage return must be written as \\r in double quotes"),
    ] {
        if let Some(offset) = value.find(sign) {
            variables.skip(offset);
            return Err(variables.fault(problem));
        }
    }
    variables.skip_line();
    Ok(value.to_owned())
}
