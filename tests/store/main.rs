//! The engines and what stands on them: conformance, faults, snapshots, watching, the library.
//!
//! A test that needs the emulator is in a module whose name holds `on_dynamodb` or `on_aws`; the fast tier leaves it out.

mod client;
mod client_live;
mod client_types;
mod commit_faults_on_dynamodb;
mod commit_together_on_dynamodb;

mod conformance_behind_an_api;
mod conformance_local;
mod conformance_on_dynamodb;
mod engine_http_faults;
mod hostile_items;
mod layout_on_dynamodb;
mod local_clock;
mod local_file_deleted;
mod local_file_of_an_earlier_build;
mod ops;
mod purge_faults_on_dynamodb;
mod snapshots;
mod watch_events;
mod watch_nudges;
