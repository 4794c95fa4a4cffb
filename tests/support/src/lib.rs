//! What the tests stand on: the emulator, accounts in it, a proxy that makes faults, and the built binary.

pub(crate) mod account;
mod answer;
pub(crate) mod api;
pub(crate) mod api_server;
pub(crate) mod cli;
pub(crate) mod config;
pub(crate) mod emulator;
pub(crate) mod front;
pub(crate) mod gateway;
pub(crate) mod grants;
pub(crate) mod http1;
pub(crate) mod kms;
pub(crate) mod live_api;
pub(crate) mod node;
pub(crate) mod proxy;
pub(crate) mod running;
pub(crate) mod s3;
pub(crate) mod serving;
pub(crate) mod simulator;
pub(crate) mod sse;
pub(crate) mod stores;
pub(crate) mod tls;
