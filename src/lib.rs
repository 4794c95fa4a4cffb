//! Shared application configuration on AWS with nothing to host.

pub mod aws;
#[cfg(feature = "cli")]
pub mod cli;
pub mod engine;
pub mod formats;
pub mod model;
pub mod ops;
#[cfg(feature = "stack")]
pub mod stack;
pub mod store;
pub mod target;
pub mod wire;
