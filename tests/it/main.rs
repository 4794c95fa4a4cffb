//! The integration tests: one binary, so that they link once and share one emulator.

mod cli_ancestor;
mod cli_init;
mod conformance_dynamodb;
mod conformance_local;
mod readme;
mod scripted_cloudformation;
mod stack;
mod support;
mod support_cli;
mod support_emulator;
mod support_proxy;
mod template;
