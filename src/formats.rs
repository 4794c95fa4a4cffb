//! Formats of data: JSON and YAML that keep the source text of numbers.

mod json;
mod yaml;

pub use json::Json;
pub use yaml::to_yaml;
