//! The integration tests: one binary, so that they link once and share one emulator.

mod support;
mod support_cli;
mod support_emulator;
mod support_proxy;
