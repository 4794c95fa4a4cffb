//! Stores of other AWS services that keys are imported from. Requests are signed with the caller's credentials.

mod app_config;
mod error;
mod parameter_store;
mod remote_source;
mod secrets_manager;
mod service;

pub(crate) use app_config::{AppConfigContent, read_app_config};
pub(crate) use error::SourceError;
pub(crate) use parameter_store::read_parameters;
pub(crate) use remote_source::{AppConfigProfile, RemoteSource, RemoteSourceError, SecretGlob};
pub(crate) use secrets_manager::read_secrets;
