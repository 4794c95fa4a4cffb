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
mod no_query;
mod openapi;
mod path;
mod query;
mod refusal;
mod routes;
#[cfg(feature = "serve")]
mod server;
mod snapshot;
mod streaming;
mod token;
mod token_file;
mod view;
mod waiting;

pub use api::{Api, ApiSettings};
pub use caller::Caller;
#[cfg(feature = "serve")]
pub use server::{
    KnownTokens, Served, ServerOrigin, ServerOriginError, ServerSettings, Teller, Tls, TlsError, serve,
};
pub use token::{Token, TokenDigest, TokenEntry, Tokens};
pub use token_file::{TokenFile, TokenFileError};
