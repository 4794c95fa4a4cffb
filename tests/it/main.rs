//! The integration tests: one binary, so that they link once and share one emulator.

mod cli_ancestor;
mod cli_bad_input;
mod cli_bad_surroundings;
mod cli_export;
mod cli_formats;
mod cli_guards;
mod cli_identity;
mod cli_init;
mod cli_listing;
mod cli_local;
mod cli_plain;
mod cli_trust;
mod commit_faults;
mod conformance_dynamodb;
mod conformance_local;
mod formats_consumers;
mod readme;
mod scripted_cloudformation;
mod stack;
mod support;
mod support_cli;
mod support_emulator;
mod support_proxy;
mod template;
mod tls_roots;
