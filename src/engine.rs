//! The engines: where a config's data lives.

pub mod dynamodb;
