//! The HTTP API: a router over stores, for `discfg serve`, for a Lambda function, or for a server of one's own.

mod admission;
mod api;
mod auth;
mod error;
mod live;
mod measured;
mod metrics;
mod openapi;
mod refusal;
mod request;
mod routes;
#[cfg(feature = "serve")]
mod server;
mod streaming;

pub use self::auth::caller::Caller;
pub use self::auth::token::{Token, TokenDigest, TokenEntry, Tokens};
pub use self::auth::token_file::{TokenFile, TokenFileError};
pub use api::{Api, ApiSettings};
#[cfg(feature = "serve")]
pub use server::{
    KnownTokens, Served, ServerOrigin, ServerOriginError, ServerSettings, Teller, Tls, TlsError, serve,
};
