//! What the tests stand on: the emulator, accounts in it, a proxy that makes faults, and the built binary.

#![allow(
    missing_docs,
    clippy::missing_panics_doc,
    clippy::must_use_candidate,
    clippy::new_without_default,
    clippy::return_self_not_must_use,
    reason = "the tests of this workspace are its only users"
)]

pub mod account;
mod answer;
pub mod api;
pub mod api_server;
pub mod browser;
pub mod calls;
pub mod cli;
pub mod config;
pub mod console;
pub mod counts;
pub mod emulator;
pub mod front;
pub mod gateway;
pub mod grants;
pub mod http1;
pub mod kms;
pub mod live_api;
pub mod markdown;
pub mod node;
pub mod proxy;
pub mod running;
pub mod s3;
pub mod serving;
pub mod simulator;
pub mod sse;
pub mod stores;
pub mod tls;
pub mod transcript;
pub mod volatile;
pub mod web_identity;
pub mod yaml;
