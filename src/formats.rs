//! Formats of data: what keys and values are written in and read from, without loss; JSON and YAML keep the source
//! text of numbers.

mod csv;
mod data_format;
mod docker_env;
mod dotenv;
mod dotted_name;
mod env_name;
mod error;
mod file_parts;
mod fish;
mod github_env;
mod json;
mod json_field;
mod json_file;
mod key_dump;
mod key_tree;
mod kubernetes;
mod layout;
mod position;
mod properties;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod round_trip;
#[cfg(test)]
mod samples;
mod shell;
mod template;
mod template_bounds;
mod template_json;
mod text;
mod tfvars;
mod variable_lines;
mod yaml;
mod yaml_anchors;
mod yaml_document;
mod yaml_escape;
mod yaml_file;
mod yaml_node;

pub use data_format::{DataFormat, DataFormatError};
pub use env_name::{EnvName, EnvNameError};
pub use error::FormatError;
pub use file_parts::FileParts;
pub use json::JsonDocument;
pub use json_field::{JsonField, JsonFieldError};
pub use key_dump::{DumpFormat, FileFormat, FileFormatError};
pub use kubernetes::secret_names;
pub use layout::Layout;
pub use position::Position;
pub use template::{TemplateError, render};
pub use yaml::to_yaml;

use crate::model::{Key, Value};

/// Writes keys and values in a format. What the format can't hold is an error that names the key and the reason.
pub fn write(format: DataFormat, items: &[(Key, Value)], layout: &Layout) -> Result<Vec<u8>, FormatError> {
    match format {
        DataFormat::Json => json_file::write(items, layout),
        DataFormat::Yaml => yaml_file::write(items, layout),
        DataFormat::Dotenv => dotenv::write(items, layout),
        DataFormat::DockerEnv => docker_env::write(items, layout),
        DataFormat::Tfvars => tfvars::write(items, layout),
        DataFormat::Properties => properties::write(items, layout),
        DataFormat::Csv => csv::write(items, layout),
        DataFormat::Shell => shell::write(items, layout),
        DataFormat::Fish => fish::write(items, layout),
        DataFormat::GithubEnv => github_env::write(items, layout),
        DataFormat::K8sSecret | DataFormat::K8sConfigmap => kubernetes::write(format, items, layout),
    }
}

/// Reads the keys and values of a file, in order, without duplicate keys. Errors contain positions, and no values.
///
/// Names without a leading slash are keys below the layout's prefix. Full keys are taken as they are, wherever they
/// lie.
pub fn read(format: DataFormat, bytes: &[u8], layout: &Layout) -> Result<Vec<(Key, Value)>, FormatError> {
    match format {
        DataFormat::Json => json_file::read(bytes, layout),
        DataFormat::Yaml => yaml_file::read(bytes, layout),
        DataFormat::Dotenv => dotenv::read(bytes, layout),
        DataFormat::DockerEnv => docker_env::read(bytes, layout),
        DataFormat::Tfvars => tfvars::read(bytes, layout),
        DataFormat::Properties => properties::read(bytes, layout),
        DataFormat::Csv => csv::read(bytes, layout),
        DataFormat::Shell => shell::read(bytes, layout),
        DataFormat::Fish => fish::read(bytes, layout),
        DataFormat::GithubEnv => github_env::read(bytes, layout),
        DataFormat::K8sSecret | DataFormat::K8sConfigmap => kubernetes::read(format, bytes, layout),
    }
}
