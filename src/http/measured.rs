use axum::extract::{Extension, MatchedPath, Request, State};
use axum::http::header::{CONTENT_TYPE, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use prometheus_client::encoding::prometheus_text;
use tokio::time::Instant;

use super::api::Api;
use super::error::Failure;
use super::openapi::Fixed;
use super::request::waiting;
use crate::http::auth::caller::Caller;
use crate::http::request::no_query::NoQuery;
use crate::model::ErrorKind;
use crate::wire::Problem;

/// The route of a request that has none.
const NO_ROUTE: &str = "none";

/// Counts what is answered.
pub(super) async fn measure(State(api): State<Api>, request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let path = request.extensions().get::<MatchedPath>().cloned();
    let waits = waiting::is_asked_for(request.uri());
    let began = Instant::now();
    let response = next.run(request).await;
    let route = path.as_ref().map_or(NO_ROUTE, MatchedPath::as_str);
    let took = (!waits).then(|| began.elapsed());
    let status = response.status().as_u16();
    api.metrics().answered(method.as_str(), route, status, took);
    response
}

/// What goes on, in the text format of Prometheus. For callers of all configs and sections
#[utoipa::path(
    get,
    path = "/metrics",
    operation_id = "metrics",
    responses(
        (status = 200, description = "The figures.", content_type = "text/plain", body = String),
        (status = 401, description = "No token came with it, or one that the server doesn't know.", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "They are not for this caller.", body = Problem, content_type = "application/problem+json"),
        Fixed,
        (status = 503, description = "The server has as many requests as it serves: try again after Retry-After.", body = Problem, content_type = "application/problem+json")
    )
)]
pub(super) async fn metrics(
    _: NoQuery,
    State(api): State<Api>,
    caller: Option<Extension<Caller>>,
) -> Result<Response, Failure> {
    let sees_all = |caller: &Caller| caller.configs.is_none() && caller.sections.is_none();
    if !caller.is_some_and(|Extension(caller)| sees_all(&caller)) {
        let told = "the metrics tell of all configs and sections, which are not for this caller";
        return Err(Failure::denied(told));
    }
    let text = api.metrics().text(&api.live().feeds.followed());
    let text =
        text.map_err(|_| Failure::new(ErrorKind::Internal, "internal", "the metrics can't be told"))?;
    let content_type = HeaderValue::from_static(prometheus_text::CONTENT_TYPE);
    Ok(([(CONTENT_TYPE, content_type)], text).into_response())
}
