//! What stands before the routes: whether a request may come in at all, and as whom.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use axum::Router;
use axum::body::Body;
use axum::http::header::{self, HeaderValue};
use axum::http::{HeaderMap, Method, Request, Response, StatusCode, Uri};
use axum::response::IntoResponse as _;
use hyper::body::Body as _;
use tokio::sync::Semaphore;
use tower::ServiceExt as _;

use super::Teller;
use super::answer::{Answer, Line, Places};
use super::buffers::Buffers;
use super::hosts::Hosts;
use super::pace::{Phase, Shared};
use super::waiting::{Client, WaitingPlaces, busy};
use crate::http::auth::caller::Caller;
use crate::http::auth::token::TokenDigest;
use crate::http::auth::token_reload::KnownTokens;
use crate::http::error::Failure;
use crate::http::request::context::Until;
use crate::http::request::header::wants_events;
use crate::http::request::waiting as asked_to_wait;
use crate::model::{Access, ErrorKind};

/// What tells how the server is, or what the API is like, and nothing of any config: no token is asked for it.
const OPEN: [&str; 3] = ["/healthz", "/readyz", "/openapi.json"];

/// What lets requests in.
pub(super) struct Gate {
    pub(super) router: Router,
    /// By which names the server is called, where that is checked.
    pub(super) hosts: Option<Hosts>,
    /// The tokens, where one is asked for.
    pub(super) tokens: Option<Arc<KnownTokens>>,
    /// The most that anyone may.
    pub(super) access: Access,
    /// The places for requests that are answered at once.
    pub(super) requests: Arc<Semaphore>,
    /// The places for those that wait for a change or stream.
    pub(super) waiting: WaitingPlaces,
    /// What is held for slow clients.
    pub(super) buffers: Buffers,
    /// The largest body.
    pub(super) body_bytes: usize,
    /// How long a request may take.
    pub(super) request_time: Duration,
    pub(super) tell: Option<Teller>,
}

/// The token that a request was let in by.
pub(super) struct Held {
    tokens: Arc<KnownTokens>,
    reading: u64,
    digest: TokenDigest,
    caller: Caller,
}

impl Held {
    /// Whether it is no longer one, or no longer opens what it did.
    pub(super) fn is_revoked(&mut self) -> bool {
        let reading = self.tokens.reading();
        if reading == self.reading {
            return false;
        }
        self.reading = reading;
        let now = self.tokens.now();
        now.holding(&self.digest)
            .is_none_or(|entry| entry.caller() != self.caller)
    }
}

/// Whom a request was let in as.
struct Admitted {
    caller: Option<Caller>,
    held: Option<Held>,
}

impl Gate {
    /// Answers a request.
    pub(super) async fn answer(
        &self,
        mut request: Request<Body>,
        peer: SocketAddr,
        shared: Shared,
    ) -> Response<Answer> {
        shared.set(Phase::Answer);
        let mut line = Line {
            tell: self.tell.clone(),
            method: request.method().clone(),
            uri: request.uri().clone(),
            peer,
            at: SystemTime::now(),
            begun: Instant::now(),
            status: None,
            bytes: 0,
            caller: None,
        };
        let (response, held, places) = match self.admit(&request) {
            Err(refused) => (*refused, None, Places::default()),
            Ok(Admitted { caller, held }) => {
                let client = match caller.as_ref().and_then(|caller| caller.by.clone()) {
                    Some(token) => Client::Token(token),
                    None => Client::Address(peer.ip()),
                };
                line.caller = caller.as_ref().and_then(|caller| caller.by.clone());
                if let Some(caller) = caller {
                    request.extensions_mut().insert(caller);
                }
                match self.served(request, client).await {
                    Ok((response, places)) => (response, held, places),
                    Err(failure) => (failure.into_response(), None, Places::default()),
                }
            }
        };
        line.status = Some(response.status().as_u16());
        response.map(|body| Answer::new(body, line, held, shared, places))
    }

    /// Serves a request once all of it is there. It has its place among the others until its answer is known: what a
    /// client then takes its time over is held apart.
    async fn served(
        &self,
        mut request: Request<Body>,
        client: Client,
    ) -> Result<(Response<Body>, Places), Failure> {
        let until = Until(tokio::time::Instant::now() + self.request_time);
        request.extensions_mut().insert(until);
        let (request, body) = self.buffers.receive(request, self.body_bytes, until).await?;
        let place = self.place(&request, client)?;
        let is_read = *request.method() == Method::GET;
        let Ok(response) = self.router.clone().oneshot(request).await;
        drop(body);
        // What goes on for as long as the client and the server do keeps its place.
        let Some(size) = response.body().size_hint().exact() else {
            return Ok((response, place));
        };
        let places = match self.buffers.share(usize::try_from(size).unwrap_or(usize::MAX)) {
            Ok(share) => Places::of_share(share),
            Err(failure) if is_read => return Err(failure),
            // It was done, and that has to be told.
            Err(_) => place,
        };
        Ok((response, places))
    }

    fn admit(&self, request: &Request<Body>) -> Result<Admitted, Box<Response<Body>>> {
        if let Some(hosts) = &self.hosts {
            hosts
                .check(request.uri(), request.headers())
                .map_err(Failure::into_response)?;
        }
        if request.uri().path() == "/readyz"
            && self.tokens.as_ref().is_some_and(|tokens| !tokens.is_current())
        {
            let told = "the token file can't be used; the tokens are those that it held before";
            return Err(Failure::new(ErrorKind::Unavailable, "tokens", told)
                .into_response()
                .into());
        }
        let (caller, held) = match &self.tokens {
            _ if OPEN.contains(&request.uri().path()) => (None, None),
            None => (Some(Caller::anyone()), None),
            Some(tokens) => {
                let (caller, held) = bearer(tokens, request.headers()).map_err(unknown)?;
                // What is answered at once was let in while the token held; what waits may outlast it.
                let lasts = waits(request.method(), request.uri(), request.headers());
                (Some(caller), lasts.then_some(held))
            }
        };
        let caller = caller.map(|caller| Caller {
            access: caller.access.min(self.access),
            ..caller
        });
        Ok(Admitted { caller, held })
    }

    /// A place among the requests that are served at the same time. Whether the server lives is told without one.
    fn place(&self, request: &Request<Body>, client: Client) -> Result<Places, Failure> {
        if request.uri().path() == "/healthz" {
            return Ok(Places::default());
        }
        if waits(request.method(), request.uri(), request.headers()) {
            return Ok(Places::of_waiting(self.waiting.take(client)?));
        }
        let place = Arc::clone(&self.requests).try_acquire_owned();
        place
            .map(Places::of_request)
            .map_err(|_| busy("at the same time"))
    }
}

/// Whether a request waits for a change or streams them.
fn waits(method: &Method, uri: &Uri, headers: &HeaderMap) -> bool {
    let streams = || wants_events(headers).unwrap_or_default();
    *method == Method::GET && (asked_to_wait::is_asked_for(uri) || streams())
}

/// Whom the request's token stands for.
fn bearer(tokens: &Arc<KnownTokens>, headers: &HeaderMap) -> Result<(Caller, Held), &'static str> {
    const NONE: &str = "a token is asked for: Authorization: Bearer dcfg_…";
    const UNKNOWN: &str = "the token is not one that this server knows";
    let mut given = headers.get_all(header::AUTHORIZATION).iter();
    let (given, None) = (given.next().ok_or(NONE)?, given.next()) else {
        return Err("the header Authorization may be given once");
    };
    let (scheme, word) = given
        .to_str()
        .ok()
        .and_then(|given| given.split_once(' '))
        .ok_or(NONE)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(NONE);
    }
    // Before the tokens: where they are read anew meanwhile, the answer looks again.
    let reading = tokens.reading();
    let now = tokens.now();
    let entry = now.find(word.trim()).ok_or(UNKNOWN)?;
    let held = Held {
        tokens: Arc::clone(tokens),
        reading,
        digest: entry.sha256,
        caller: entry.caller(),
    };
    Ok((entry.caller(), held))
}

fn unknown(told: &'static str) -> Response<Body> {
    let failure = Failure::with_status(StatusCode::UNAUTHORIZED, ErrorKind::Denied, "no-token", told);
    let mut response = failure.into_response();
    let challenge = HeaderValue::from_static("Bearer realm=\"discfg\"");
    response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_or_streams_is_told_from_what_is_answered_at_once() {
        let lasts = |method: Method, uri: &str, accept: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.extend(accept.map(|accept| (header::ACCEPT, accept.parse().unwrap())));
            waits(&method, &uri.parse().unwrap(), &headers)
        };
        assert!(lasts(Method::GET, "/v1/c/@config/heads?wait=25s", None));
        assert!(lasts(
            Method::GET,
            "/v1/c/@config/heads?after=1&wait=25s",
            Some("*/*")
        ));
        assert!(lasts(Method::GET, "/v1/c/@config/heads?w%61it=25s", None));
        for accept in [
            "text/event-stream",
            "Text/Event-Stream;q=0.5",
            "application/json, text/event-stream",
        ] {
            assert!(lasts(Method::GET, "/v1/c/db/changes", Some(accept)), "{accept}");
        }
        assert!(!lasts(
            Method::GET,
            "/v1/c/@config/heads?after=1&await=25s",
            Some("application/json")
        ));
        assert!(!lasts(Method::PUT, "/v1/c/@root/keys/a?wait=25s", None));
        assert!(!lasts(Method::GET, "/v1/c/@root/keys/wait=1", None));
    }
}
