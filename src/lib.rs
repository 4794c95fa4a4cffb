//! Shared application configuration on AWS with nothing to host.

pub mod aws;
pub mod engine;
pub mod formats;
pub mod model;
pub mod store;
pub mod target;
