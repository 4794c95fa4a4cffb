//! The HTTP API: the router, and `serve` as a process.

mod caller;
mod guards;
mod keys;
mod listing;
mod openapi;
mod refusals;
mod schemathesis;
mod serve;
mod serve_access;
mod serve_crash;
mod serve_dynamodb;
mod serve_dynamodb_faults;
mod serve_limits;
mod stream;
mod stream_bounds;
mod values;
mod wait;
