//! The engines and what stands on them: conformance, faults, snapshots, watching, the library.

mod client;
mod client_live;
mod commit_faults;
mod commit_together;
mod conformance_dynamodb;
mod conformance_http;
mod conformance_local;
mod engine_http_faults;
mod formats_consumers;
mod ops;
mod snapshots;
mod watch_events;
mod watch_nudges;
