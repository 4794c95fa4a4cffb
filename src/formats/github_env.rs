//! What a step of GitHub Actions appends to the file that `$GITHUB_ENV` names.

use std::fmt::Write as _;

use super::text::utf8;
use super::variable_lines::{VariableLines, write_variables};
use super::{DataFormat, FormatError, Layout};
use crate::model::{Key, Value};

const FORMAT: DataFormat = DataFormat::GithubEnv;

pub(super) fn write(items: &[(Key, Value)], layout: &Layout) -> Result<Vec<u8>, FormatError> {
    write_variables(FORMAT, "", items, layout, |name, text, _, out| {
        let mut delimiter = String::from("DISCFG_EOF");
        // A value that holds the delimiter would end early, and what follows would set variables of its choice.
        for number in 1.. {
            if !text.contains(&delimiter) {
                break;
            }
            delimiter = format!("DISCFG_EOF_{number}_");
        }
        let _ = writeln!(out, "{name}<<{delimiter}\n{text}\n{delimiter}");
        Ok(())
    })
}

/// Reads both of the forms that GitHub's runner reads: `NAME=value`, and a value between delimiters.
pub(super) fn read(bytes: &[u8], layout: &Layout) -> Result<Vec<(Key, Value)>, FormatError> {
    let mut variables = VariableLines::new(FORMAT, utf8(FORMAT, bytes)?);
    while !variables.is_done() {
        if variables.line().is_empty() {
            variables.skip_line();
            continue;
        }
        let (name, at) = variables.name()?;
        if variables.rest().starts_with("<<") {
            variables.skip(2);
            let delimiter = variables.line();
            if delimiter.is_empty() {
                return Err(variables.fault("expected a delimiter"));
            }
            let named = variables.at();
            variables.skip_line();
            let rest = variables.rest();
            let mut length = 0;
            let closes = rest.split_inclusive('\n').find(|line| {
                let text = line.strip_suffix('\n').unwrap_or(line);
                let closes = text.strip_suffix('\r').unwrap_or(text) == delimiter;
                length += if closes { 0 } else { line.len() };
                closes
            });
            if closes.is_none() {
                let problem = "the delimiter is missing at the end";
                return Err(FormatError::syntax(FORMAT, problem, named));
            }
            let value = &rest[..length];
            let value = value.strip_suffix('\n').unwrap_or(value).to_owned();
            variables.skip(length);
            variables.skip_line();
            variables.add(layout, name, value, at)?;
        } else {
            variables.expect("=", "expected `=` or `<<` right after the name")?;
            let value = variables.line().to_owned();
            variables.skip_line();
            variables.add(layout, name, value, at)?;
        }
    }
    Ok(variables.into_items())
}
