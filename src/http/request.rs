//! Requests, parsed before anything is looked up for them.

mod body_fault;
pub(super) mod class;
pub(super) mod context;
pub(super) mod cursor;
pub(super) mod deadline;
pub(super) mod header;
pub(super) mod path;
pub(super) mod precondition;
pub(super) mod query;
pub(super) mod view;
pub(super) mod wait_time;
