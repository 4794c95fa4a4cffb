//! What each request passes on its way to its route, and its answer on its way back.

use std::panic::AssertUnwindSafe;

use axum::extract::{MatchedPath, Request, State};
use axum::http::StatusCode;
use axum::http::header::{ALLOW, CACHE_CONTROL, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::FutureExt as _;
use tokio::time::Instant;

use super::api::Api;
use super::error::ApiError;
use super::request::class::RequestClass;
use super::request::deadline::RequestDeadline;
use super::request::{header, path};
use crate::model::ErrorKind;
use crate::wire::ProblemCode;

/// The route of a request that has none.
const NO_ROUTE: &str = "none";
const NOSNIFF: HeaderName = HeaderName::from_static("x-content-type-options");

/// Lets a request in whose path and headers mean one thing, and makes an answer of whatever comes of it.
pub(super) async fn admit_request(State(api): State<Api>, mut request: Request, next: Next) -> Response {
    let sound =
        path::check(request.uri().path()).and_then(|()| header::check(request.method(), request.headers()));
    let mut response = if let Err(refusal) = sound {
        ApiError::from(refusal).into_response()
    } else {
        let deadline = RequestDeadline::of(request.extensions(), api.settings().request_time);
        request.extensions_mut().insert(deadline);
        let answered = AssertUnwindSafe(next.run(request)).catch_unwind().await;
        answered.unwrap_or_else(|_| {
            tracing::error!("a request handler panicked");
            ApiError::new(
                ErrorKind::Internal,
                ProblemCode::Internal,
                "internal error; see the server's log",
            )
            .into_response()
        })
    };
    if response.status() == StatusCode::METHOD_NOT_ALLOWED {
        let allowed = response.headers_mut().remove(ALLOW);
        response = ApiError::no_method().into_response();
        response
            .headers_mut()
            .extend(allowed.map(|allowed| (ALLOW, allowed)));
    }
    let headers = response.headers_mut();
    headers.insert(NOSNIFF, HeaderValue::from_static("nosniff"));
    headers
        .entry(CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Counts an answer, with its time unless it waited for a change.
pub(super) async fn measure_response(State(api): State<Api>, mut request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let path = request.extensions().get::<MatchedPath>().cloned();
    let RequestClass { waits, .. } = RequestClass::classify(&mut request);
    let began = Instant::now();
    let response = next.run(request).await;
    let route = path.as_ref().map_or(NO_ROUTE, MatchedPath::as_str);
    let took = (!waits).then(|| began.elapsed());
    let status = response.status().as_u16();
    api.metrics().count_response(method.as_str(), route, status, took);
    response
}
