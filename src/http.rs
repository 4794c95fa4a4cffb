//! The HTTP API: a router over stores, for `discfg serve`, for a Lambda function, or for a server of one's own.

mod admission;
mod api;
mod asked;
mod body;
mod caller;
mod changes;
mod commit;
mod cursor;
mod datakeys;
mod error;
mod header;
mod heads;
mod health;
mod history;
mod info;
mod keys;
mod list;
mod live;
mod measured;
mod metrics;
mod openapi;
mod path;
mod query;
mod refusal;
mod snapshot;
mod streaming;
mod view;
mod waiting;

pub use api::{Api, ApiSettings};
pub use caller::Caller;
