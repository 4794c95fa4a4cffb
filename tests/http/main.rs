//! The HTTP API: the router, and `serve` as a process.
//!
//! A test that needs the emulator is in a module whose name holds `on_dynamodb` or `on_aws`; the fast tier leaves it out.

mod caller;
mod console;
mod console_on_dynamodb;
mod console_pages;
mod flat_values;
mod guards;
mod keys;
mod listing;
mod openapi;
mod purge;
mod refusals;
mod serve;
mod serve_access;
mod serve_crash;
mod serve_limits;
mod serve_memory;
mod serve_on_dynamodb;
mod serve_on_dynamodb_faults;
mod stream;
mod stream_bounds;
mod unreadable;
mod values;
mod wait;
