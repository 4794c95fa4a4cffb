//! What stands before the routes: whether a request may come in at all, and as whom.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use axum::Router;
use axum::body::Body;
use axum::http::header::{self, HeaderValue};
use axum::http::{Method, Request, Response, StatusCode, Uri};
use axum::response::IntoResponse as _;
use hyper::body::Body as _;
use tokio::sync::Semaphore;
use tower::ServiceExt as _;

use super::access_log::{AccessLogger, PendingLogEntry};
use super::activity::ServerActivity;
use super::answer_body::{AnswerBody, AnswerPermits};
use super::bearer_token::BearerToken;
use super::buffer_budget::BufferBudget;
use super::known_hosts::KnownHosts;
use super::pace::{ConnectionPhase, SharedPhase};
use super::settings::{BrowserPages, PeerAddress};
use super::waiting_places::{ClientId, WaitingPlaces, busy};
use crate::http::auth::browser_session::BrowserSession;
use crate::http::auth::caller::Caller;
use crate::http::auth::token_reload::KnownTokens;
use crate::http::error::ApiError;
use crate::http::invalid_request::InvalidRequest;
use crate::http::request::class::RequestClass;
use crate::http::request::deadline::RequestDeadline;
use crate::model::{Access, ErrorKind};
use crate::wire::ProblemCode;

/// The paths that need no token: what they answer is about the server and the API, and about no config.
const OPEN: [&str; 3] = ["/healthz", "/readyz", "/openapi.json"];
/// The page that lasts.
const LIVE: &str = "/live";
/// The largest body of who is in no session: small bodies are not counted towards what is held.
const STRANGERS_BYTES: usize = 32 * 1024;
/// The path of the API that is in no config, and needs a token.
const METRICS: &str = "/metrics";

/// The gate before the routes.
pub(super) struct Gate {
    pub(super) router: Router,
    /// By which names the server is called, where that is checked.
    pub(super) hosts: Option<KnownHosts>,
    /// The tokens, where a request needs one.
    pub(super) tokens: Option<Arc<KnownTokens>>,
    /// The most that anyone may.
    pub(super) access: Access,
    /// The places for requests that are answered at once.
    pub(super) requests: Arc<Semaphore>,
    /// The number of places among them.
    pub(super) request_limit: usize,
    /// The places for those that wait for a change or stream.
    pub(super) waiting: WaitingPlaces,
    /// What is held for slow clients.
    pub(super) buffers: BufferBudget,
    /// The largest body.
    pub(super) body_bytes: usize,
    /// How long a request may take.
    pub(super) request_time: Duration,
    /// What is done with each request when it is over.
    pub(super) access_logger: Option<AccessLogger>,
    /// What counts the requests that are open.
    pub(super) activity: Option<ServerActivity>,
    /// The pages for browsers, if there are any.
    pub(super) pages: Option<BrowserPages>,
}

/// A request that was let in, as its caller.
struct AdmittedRequest {
    caller: Option<Caller>,
    session: Option<BrowserSession>,
    /// The token that a request which lasts was let in by.
    token: Option<BearerToken>,
}

impl Gate {
    /// Answers a request.
    pub(super) async fn answer(
        &self,
        mut request: Request<Body>,
        peer: SocketAddr,
        shared: SharedPhase,
    ) -> Response<AnswerBody> {
        shared.set(ConnectionPhase::Answer);
        let mut log_entry = PendingLogEntry {
            logger: self.access_logger.clone(),
            method: request.method().clone(),
            uri: request.uri().clone(),
            peer,
            at: SystemTime::now(),
            begun: Instant::now(),
            status: None,
            bytes: 0,
            caller: None,
        };
        let lasts = lasts(&mut request) || self.pages.is_some() && request.uri().path() == LIVE;
        let (response, token, permits) = match self.admit(&request, lasts) {
            Err(refused) => (*refused, None, AnswerPermits::default()),
            Ok(AdmittedRequest {
                caller,
                session,
                token,
            }) => {
                let client = match caller.as_ref().and_then(|caller| caller.by.clone()) {
                    Some(name) => ClientId::Token(name),
                    None => ClientId::Address(peer.ip()),
                };
                log_entry.caller = caller.as_ref().and_then(|caller| caller.by.clone());
                if let Some(caller) = caller {
                    request.extensions_mut().insert(caller);
                }
                request.extensions_mut().insert(PeerAddress(peer));
                // What strangers send keeps no console open.
                let activity = self.activity.as_ref().filter(|_| session.is_some());
                let open = activity.map(ServerActivity::begin_request);
                if let Some(session) = session {
                    request.extensions_mut().insert(session);
                }
                match self.serve(request, client, lasts).await {
                    Ok((response, permits)) => (response, token, permits.while_open(open)),
                    Err(failure) => (failure.into_response(), None, AnswerPermits::default()),
                }
            }
        };
        log_entry.status = Some(response.status().as_u16());
        response.map(|body| AnswerBody::new(body, log_entry, token, shared, permits))
    }

    /// Serves a request once all of it is there. It has its place among the others until its answer is known: what a
    /// client then takes its time over is held apart.
    async fn serve(
        &self,
        mut request: Request<Body>,
        client: ClientId,
        lasts: bool,
    ) -> Result<(Response<Body>, AnswerPermits), ApiError> {
        let deadline = RequestDeadline::after(self.request_time);
        request.extensions_mut().insert(deadline);
        let max = if self.is_stranger(&request) {
            STRANGERS_BYTES
        } else {
            self.body_bytes
        };
        let (request, body) = self.buffers.receive(request, max, deadline).await?;
        // The API's routes bound their bodies themselves.
        let size = request.body().size_hint().exact().unwrap_or_default();
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        if size > max && self.pages_of(request.uri()).is_some() {
            return Err(InvalidRequest::TooLarge { size, max }.into());
        }
        let place = self.take_place(request.uri(), client, lasts)?;
        let is_read = *request.method() == Method::GET;
        let router = match self.pages_of(request.uri()) {
            Some(pages) => &pages.router,
            None => &self.router,
        };
        let Ok(response) = router.clone().oneshot(request).await;
        drop(body);
        // What goes on for as long as the client and the server do keeps its place.
        let Some(size) = response.body().size_hint().exact() else {
            return Ok((response, place));
        };
        let permits = match self.buffers.share(usize::try_from(size).unwrap_or(usize::MAX)) {
            Ok(share) => AnswerPermits::of_share(share),
            Err(failure) if is_read => return Err(failure),
            // The request was carried out, and the client has to know.
            Err(_) => place,
        };
        Ok((response, permits))
    }

    fn admit(&self, request: &Request<Body>, lasts: bool) -> Result<AdmittedRequest, Box<Response<Body>>> {
        if let Some(hosts) = &self.hosts {
            hosts
                .check(request.uri(), request.headers())
                .map_err(ApiError::into_response)?;
        }
        if let Some(pages) = self.pages_of(request.uri()) {
            let session = pages.sessions.find(request.headers(), self.access);
            return Ok(AdmittedRequest {
                caller: session.as_ref().map(|session| session.caller.clone()),
                session,
                // A page that lasts looks at its session itself.
                token: None,
            });
        }
        if request.uri().path() == "/readyz"
            && self.tokens.as_ref().is_some_and(|tokens| !tokens.is_current())
        {
            let detail = "cannot read the token file; the previous tokens stay in use";
            return Err(ApiError::new(ErrorKind::Unavailable, ProblemCode::Tokens, detail)
                .into_response()
                .into());
        }
        let (caller, token) = match &self.tokens {
            _ if OPEN.contains(&request.uri().path()) => (None, None),
            None => (Some(Caller::anyone()), None),
            Some(tokens) => {
                let token = BearerToken::of(tokens, request.headers()).map_err(refuse_token)?;
                let caller = token.caller().clone();
                // What is answered at once was let in while the token held; what waits may outlast it.
                (Some(caller), lasts.then_some(token))
            }
        };
        let caller = caller.map(|caller| Caller {
            access: caller.access.min(self.access),
            ..caller
        });
        Ok(AdmittedRequest {
            caller,
            session: None,
            token,
        })
    }

    /// Whether nobody is known to send a request for a page. What strangers send takes nothing of what is held for all clients.
    fn is_stranger(&self, request: &Request<Body>) -> bool {
        // A console without an API is one person's: nobody else is held up there.
        let pages = self.pages_of(request.uri()).filter(|pages| !pages.without_api);
        pages.is_some() && request.extensions().get::<BrowserSession>().is_none()
    }

    /// The pages, where the path is one of theirs.
    fn pages_of(&self, uri: &Uri) -> Option<&BrowserPages> {
        let pages = self.pages.as_ref()?;
        (pages.without_api || !is_of_api(uri.path())).then_some(pages)
    }

    /// Takes a place among the requests that are served at the same time. `/healthz` needs none.
    fn take_place(&self, uri: &Uri, client: ClientId, lasts: bool) -> Result<AnswerPermits, ApiError> {
        if uri.path() == "/healthz" {
            return Ok(AnswerPermits::default());
        }
        if lasts {
            return Ok(AnswerPermits::of_waiting(self.waiting.take(client)?));
        }
        let place = Arc::clone(&self.requests).try_acquire_owned();
        place
            .map(AnswerPermits::of_request)
            .map_err(|_| busy("concurrent", self.request_limit))
    }
}

/// Whether a request may last, since it waits for a change or streams them. It is found out here, before the router
/// sees the request: a place among those that last, and the token to look at again, are needed before.
fn lasts(request: &mut Request<Body>) -> bool {
    let RequestClass { waits, streams } = RequestClass::classify(request);
    *request.method() == Method::GET && (waits || streams == Ok(true))
}

/// Whether a path is the API's.
fn is_of_api(path: &str) -> bool {
    path.starts_with("/v1/") || path == "/v1" || path == METRICS || OPEN.contains(&path)
}

fn refuse_token(detail: &'static str) -> Response<Body> {
    let failure = ApiError::with_status(
        StatusCode::UNAUTHORIZED,
        ErrorKind::Denied,
        ProblemCode::NoToken,
        detail,
    );
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
            let mut request = Request::new(Body::empty());
            *request.method_mut() = method;
            *request.uri_mut() = uri.parse().unwrap();
            let accept = accept.map(|accept| (header::ACCEPT, accept.parse().unwrap()));
            request.headers_mut().extend(accept);
            super::lasts(&mut request)
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
