//! The HTTP API: a router over stores, for `discfg serve`, for a Lambda function, or for a server of one's own.

mod api;
mod caller;

pub use api::{Api, ApiSettings};
pub use caller::Caller;
