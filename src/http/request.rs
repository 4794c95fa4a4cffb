//! Requests, parsed before anything is looked up for them.

pub(super) mod body;
pub(super) mod context;
pub(super) mod cursor;
pub(super) mod header;
pub(super) mod no_query;
pub(super) mod path;
pub(super) mod query;
pub(super) mod view;
pub(super) mod waiting;
