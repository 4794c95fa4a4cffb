//! Formats of data: JSON and YAML that keep the source text of numbers, and the names of environment variables.

mod env_name;
mod json;
mod yaml;

pub use env_name::{EnvName, EnvNameError};
pub use json::Json;
pub use yaml::to_yaml;
