use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;

use super::access_log::AccessLogger;
use super::activity::ServerActivity;
use super::known_hosts::ServerOrigin;
use super::tls::Tls;
use crate::http::auth::browser_session::BrowserSessions;
use crate::http::auth::token_reload::KnownTokens;
use crate::model::Access;

/// How a server behaves, and what it allows.
#[derive(Clone)]
pub struct ServerSettings {
    /// How many connections may be open. Beyond, one is answered 503 at once and closed; over TLS, closed.
    pub connections: usize,
    /// How many requests are served at the same time, from their body's last byte to their answer's first, those that
    /// wait for changes aside. Beyond, one is answered 503.
    pub requests: usize,
    /// How many bytes of bodies that haven't come whole, and of answers that haven't been taken, are held for all clients
    /// together, on top of 32 KB for each. Beyond, a request is answered 503.
    pub buffered: usize,
    /// How many requests may wait for changes, or stream them, at the same time; of one client (token, else address) half as
    /// many. Beyond, one is answered 503.
    pub waiting: usize,
    /// How long a handshake, or the head of a request, may take from its first byte (on a new connection, from its
    /// beginning) to its last.
    pub head_time: Duration,
    /// How long a connection is kept without a request.
    pub idle_time: Duration,
    /// How long a client may take nothing of its answer.
    pub stall_time: Duration,
    /// How long requests may go on once the server is to stop.
    pub grace: Duration,
    /// How many headers a request may have. Beyond, it is answered 431.
    pub headers: usize,
    /// How many bytes the head of a request may have. Beyond, it is answered 431.
    pub head_bytes: usize,
    /// The most that anyone may do, whatever their token says.
    pub access: Access,
    /// Whether requests are refused whose `Host` isn't the server's, or whose `Origin` is another's. Without tokens
    /// that alone keeps web pages out.
    pub checks_host: bool,
    /// The origins that the server has besides `localhost` and its address, such as that of a proxy before it.
    pub hosts: Vec<ServerOrigin>,
    /// Whether those are all: the server has no other names.
    pub only_hosts: bool,
    /// The certificate; without one, HTTP is spoken in the clear.
    pub tls: Option<Tls>,
    /// The tokens, one of which each request must bear, `/healthz`, `/readyz` and `/openapi.json` aside; without, none
    /// is needed.
    pub tokens: Option<Arc<KnownTokens>>,
    /// What is done with each request when it is over.
    pub access_logger: Option<AccessLogger>,
    /// What counts the requests that are open.
    pub activity: Option<ServerActivity>,
    /// The pages for browsers, if there are any.
    pub pages: Option<BrowserPages>,
}

/// Where a request for a page came from, among its extensions.
#[derive(Debug, Clone, Copy)]
pub struct PeerAddress(pub SocketAddr);

/// Pages for browsers, which are at all paths that aren't the API's.
#[derive(Clone)]
pub struct BrowserPages {
    /// Their routes. Each request that belongs to a session has a [`BrowserSession`](super::super::BrowserSession) among its extensions.
    pub router: Router,
    /// The sessions of the browsers. The API takes none: it takes tokens.
    pub sessions: Arc<BrowserSessions>,
    /// Whether there is no API beside them.
    pub without_api: bool,
}

impl Default for ServerSettings {
    /// For who is alone on a machine: no token, no TLS, but only by the server's own names. 4,096 connections, 256
    /// requests and 1,024 that wait, 128 MB for slow clients; 10 seconds for a head of at most 100 headers and 16 KB, 75
    /// seconds of rest, 20 seconds for a client that takes nothing, 25 seconds to stop.
    fn default() -> Self {
        Self {
            connections: 4096,
            requests: 256,
            buffered: 128 * 1024 * 1024,
            waiting: 1024,
            head_time: Duration::from_secs(10),
            idle_time: Duration::from_secs(75),
            stall_time: Duration::from_secs(20),
            grace: Duration::from_secs(25),
            headers: 100,
            head_bytes: 16 * 1024,
            access: Access::Write,
            checks_host: true,
            hosts: Vec::new(),
            only_hosts: false,
            tls: None,
            tokens: None,
            access_logger: None,
            activity: None,
            pages: None,
        }
    }
}
