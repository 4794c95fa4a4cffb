//! What serves the routes. The table of them is the router's.

pub(super) mod changes;
pub(super) mod commit;
pub(super) mod datakeys;
pub(super) mod heads;
pub(super) mod health;
pub(super) mod history;
pub(super) mod info;
pub(super) mod keys;
pub(super) mod list;
pub(super) mod metrics;
pub(super) mod purge;
pub(super) mod snapshot;
pub(super) mod values;
