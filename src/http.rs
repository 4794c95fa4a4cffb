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

#[cfg(feature = "serve")]
pub use self::auth::browser_session::{BrowserSession, BrowserSessions, LaunchRefusal};
pub use self::auth::caller::Caller;
pub use self::auth::token::{GeneratedToken, TokenDigest, TokenEntry, TokenSet};
pub use self::auth::token_file::{TokenFile, TokenFileError};
#[cfg(feature = "serve")]
pub use self::auth::token_reload::KnownTokens;
pub use api::Api;
#[cfg(feature = "console")]
pub(crate) use error::ApiError;
#[cfg(feature = "console")]
pub(crate) use request::header::is_same_origin;
#[cfg(feature = "serve")]
pub use server::{
    AccessLogEntry, AccessLogger, BrowserPages, PeerAddress, ServerActivity, ServerOrigin, ServerOriginError,
    ServerSettings, Tls, TlsError, serve,
};
pub use settings::ApiSettings;
