//! Formats of data: what keys and values are written in and read from, without loss; JSON and YAML keep the source
//! text of numbers.

mod csv;
mod data_format;
mod env_name;
mod error;
mod json;
mod json_file;
mod layout;
mod position;
#[cfg(test)]
mod samples;
mod text;
mod tree;
mod yaml;

pub use data_format::{DataFormat, DataFormatError};
pub use env_name::{EnvName, EnvNameError};
pub use error::FormatError;
pub use json::Json;
pub use layout::Layout;
pub use position::Position;
pub use yaml::to_yaml;

use crate::model::{Key, Value};

/// Writes keys and values in a format. What the format can't hold is an error that names the key and the reason.
pub fn write(format: DataFormat, items: &[(Key, Value)], layout: &Layout) -> Result<Vec<u8>, FormatError> {
    match format {
        DataFormat::Json => json_file::write(items, layout),
        DataFormat::Csv => csv::write(items, layout),
        _ => Err(FormatError::syntax(
            format,
            "the format is still to come",
            Position::line(1),
        )),
    }
}

/// Reads the keys and values that a file holds, in its order, no key twice. Errors say where, and quote no value.
///
/// Names without a leading slash are keys below the layout's prefix. Full keys are taken as they are, wherever they
/// lie.
pub fn read(format: DataFormat, bytes: &[u8], layout: &Layout) -> Result<Vec<(Key, Value)>, FormatError> {
    match format {
        DataFormat::Json => json_file::read(bytes, layout),
        DataFormat::Csv => csv::read(bytes, layout),
        _ => Err(FormatError::syntax(
            format,
            "the format is still to come",
            Position::line(1),
        )),
    }
}
