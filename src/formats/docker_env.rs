//! What `docker run --env-file` reads: a value is the rest of its line, with nothing quoted and nothing escaped.

use super::text::utf8;
use super::variable_lines::{VariableLines, write_variables};
use super::{DataFormat, FormatError, Layout};
use crate::model::{Key, Value};

const FORMAT: DataFormat = DataFormat::DockerEnv;

/// Docker's scanner of lines takes none of this size, in bytes with its end.
const MAX_LINE: usize = 64 * 1024;

pub(super) fn write(items: &[(Key, Value)], layout: &Layout) -> Result<Vec<u8>, FormatError> {
    write_variables(FORMAT, "", items, layout, |name, text, _, out| {
        if text.contains('\n') || text.ends_with('\r') {
            return Err("it contains a line break; use dotenv or shell");
        }
        if name.as_str().len() + text.len() + 2 >= MAX_LINE {
            return Err("Docker does not read lines of 64 KiB or more");
        }
        out.push_str(name.as_str());
        out.push('=');
        out.push_str(text);
        out.push('\n');
        Ok(())
    })
}

pub(super) fn read(bytes: &[u8], layout: &Layout) -> Result<Vec<(Key, Value)>, FormatError> {
    let mut variables = VariableLines::new(FORMAT, utf8(FORMAT, bytes)?);
    while !variables.is_done() {
        if variables.skip_silence() {
            continue;
        }
        variables.skip_blanks();
        let (name, at) = variables.name()?;
        variables.expect(
            "=",
            "expected `=` after the name; a name without it would mean this machine's variable",
        )?;
        let value = variables.line().to_owned();
        variables.skip_line();
        variables.add(layout, name, value, at)?;
    }
    Ok(variables.into_items())
}
