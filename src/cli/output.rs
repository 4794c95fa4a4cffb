//! Results in the format that was asked for.

use serde::Serialize;

use super::failure::Failure;
use super::global::Format;
use super::terminal::Terminal;
use crate::formats::{JsonDocument, to_yaml};
use crate::model::ErrorKind;

/// Shows a result: its JSON shape, or the words of `human`, which a terminal shows within its width, and `raw`.
pub(super) fn show(
    terminal: &mut Terminal,
    format: Format,
    shape: &impl Serialize,
    human: impl FnOnce() -> String,
    raw: impl FnOnce() -> Vec<u8>,
) -> Result<(), Failure> {
    let json = || {
        serde_json::to_string(shape).map_err(|error| Failure::internal("the result has no JSON form", &error))
    };
    match format {
        Format::Silent => Ok(()),
        Format::Human => terminal.write_wrapped(&human()),
        Format::Raw => terminal.write(&raw()),
        Format::Json => terminal.write_document(&(json()? + "\n")),
        Format::Yaml => {
            let tree = JsonDocument::parse(&json()?).map_err(|error| {
                Failure::caused(ErrorKind::Invalid, "the result has no YAML form", &error)
            })?;
            terminal.write_document(&to_yaml(&tree))
        }
    }
}
