//! What the HTTP API answers where it doesn't serve: status, headers, body.

mod answers;
mod callers;
mod requests;
mod servers;
mod stores;
