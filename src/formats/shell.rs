//! Lines that a POSIX shell sources.

use super::text::utf8;
use super::variable_lines::{VariableLines, write_variables};
use super::{DataFormat, FormatError, Layout};
use crate::model::{Key, Value};

const FORMAT: DataFormat = DataFormat::Shell;

pub(super) fn write(items: &[(Key, Value)], layout: &Layout) -> Result<Vec<u8>, FormatError> {
    write_variables(FORMAT, items, layout, |name, text, _, out| {
        out.push_str("export ");
        out.push_str(name.as_str());
        out.push_str("='");
        // Nothing is special between single quotes, and so nothing can be escaped there.
        out.push_str(&text.replace('\'', "'\\''"));
        out.push_str("'\n");
        Ok(())
    })
}

/// Reads what [`write`] writes, also without `export`: a shell's own grammar is for a shell to read.
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
        variables.expect("=", "expected `=` right after the name")?;
        let mut value = String::new();
        loop {
            if variables.rest().starts_with("\\'") {
                variables.skip(2);
                value.push('\'');
            } else if let Some(rest) = variables.rest().strip_prefix('\'') {
                let Some(end) = rest.find('\'') else {
                    return Err(variables.fault("unclosed quote"));
                };
                value.push_str(&rest[..end]);
                variables.skip(1 + end + 1);
            } else {
                break;
            }
        }
        if !variables.line().is_empty() {
            return Err(variables.fault("expected a value in single quotes, such as 'it'\\''s'"));
        }
        variables.skip_line();
        variables.add(layout, name, value, at)?;
    }
    Ok(variables.into_items())
}
