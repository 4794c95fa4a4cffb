//! The HTTP API: a router over stores, for `discfg serve`, for a Lambda function, or for a server of one's own.

mod api;
mod auth;
mod error;
mod invalid_request;
mod live;
mod metrics;
mod middleware;
mod openapi;
mod request;
mod router;
mod routes;
#[cfg(feature = "serve")]
mod server;
mod settings;

pub use self::auth::caller::Caller;
pub use self::auth::token::{GeneratedToken, TokenDigest, TokenEntry, TokenSet};
pub use self::auth::token_file::{TokenFile, TokenFileError};
#[cfg(feature = "serve")]
pub use self::auth::token_reload::KnownTokens;
pub use api::Api;
#[cfg(feature = "serve")]
pub use server::{
    AccessLogEntry, AccessLogger, ServerOrigin, ServerOriginError, ServerSettings, Tls, TlsError, serve,
};
pub use settings::ApiSettings;
