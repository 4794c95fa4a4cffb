//! Lines that fish sources.

use super::text::utf8;
use super::variable_lines::{VariableLines, write_variables};
use super::{DataFormat, FormatError, Layout};
use crate::model::{Key, Value};

const FORMAT: DataFormat = DataFormat::Fish;
/// The variables that fish doesn't let be set (fish, "Special variables").
const OWN: &str = "_ FISH_VERSION PWD SHLVL";
const BEGIN: &str = "set -gx ";

pub(super) fn write(items: &[(Key, Value)], layout: &Layout) -> Result<Vec<u8>, FormatError> {
    write_variables(FORMAT, OWN, items, layout, |name, text, _, out| {
        if text.contains(is_fish_s_own) {
            return Err("it contains characters that fish uses for itself; use shell or docker-env");
        }
        out.push_str(BEGIN);
        out.push_str(name.as_str());
        out.push_str(" '");
        // Between single quotes a backslash escapes these two and nothing else.
        out.push_str(&text.replace('\\', "\\\\").replace('\'', "\\'"));
        out.push_str("'\n");
        Ok(())
    })
}

/// Whether fish encodes bytes that are no text, or signs of its grammar, by this character (fish, "common.h").
fn is_fish_s_own(c: char) -> bool {
    matches!(c, '\u{f600}'..='\u{f73f}' | '\u{fdd0}'..='\u{fdef}')
}

/// Reads what [`write`] writes: fish's own grammar is for fish to read.
pub(super) fn read(bytes: &[u8], layout: &Layout) -> Result<Vec<(Key, Value)>, FormatError> {
    let mut variables = VariableLines::new(FORMAT, utf8(FORMAT, bytes)?);
    while !variables.is_done() {
        if variables.skip_silence() {
            continue;
        }
        variables.skip_blanks();
        variables.expect(BEGIN, "expected `set -gx` and a name")?;
        let (name, at) = variables.name()?;
        variables.expect(" '", "expected a value in single quotes after the name")?;
        let (mut value, mut characters) = (String::new(), variables.rest().char_indices());
        let end = loop {
            match characters.next() {
                None => return Err(variables.fault("unclosed quote")),
                Some((offset, '\'')) => break offset,
                Some((_, '\\')) => match characters.next() {
                    Some((_, escaped @ ('\\' | '\''))) => value.push(escaped),
                    other => value.extend(['\\'].into_iter().chain(other.map(|(_, c)| c))),
                },
                Some((_, c)) => value.push(c),
            }
        };
        variables.skip(end + 1);
        if !variables.line().is_empty() {
            return Err(variables.fault("expected the end of the line after the value"));
        }
        variables.skip_line();
        variables.add(layout, name, value, at)?;
    }
    Ok(variables.into_items())
}
