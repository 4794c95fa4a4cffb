use std::panic::AssertUnwindSafe;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{ALLOW, CACHE_CONTROL, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::FutureExt as _;

use super::api::Api;
use super::error::Failure;
use super::request::{header, path};
use crate::model::ErrorKind;

const NOSNIFF: HeaderName = HeaderName::from_static("x-content-type-options");

/// Lets a request in whose path and headers mean one thing, and sees to it that whatever comes of it is an answer.
pub(super) async fn admit(State(api): State<Api>, mut request: Request, next: Next) -> Response {
    let sound = path::check(request.uri().path()).and_then(|()| header::check(request.headers()));
    let mut response = if let Err(refusal) = sound {
        Failure::from(refusal).into_response()
    } else {
        let until = api.until(request.extensions());
        request.extensions_mut().insert(until);
        let answered = AssertUnwindSafe(next.run(request)).catch_unwind().await;
        answered.unwrap_or_else(|_| {
            tracing::error!("the handler of a request panicked");
            Failure::new(
                ErrorKind::Internal,
                "internal",
                "the server failed; its log says why",
            )
            .into_response()
        })
    };
    if response.status() == StatusCode::METHOD_NOT_ALLOWED {
        let allowed = response.headers_mut().remove(ALLOW);
        response = Failure::no_method().into_response();
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
