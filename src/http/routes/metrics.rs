use axum::extract::{Extension, State};
use axum::http::header::{CONTENT_TYPE, HeaderValue};
use axum::response::{IntoResponse as _, Response};
use prometheus_client::encoding::prometheus_text;

use crate::http::api::Api;
use crate::http::auth::caller::Caller;
use crate::http::error::ApiError;
use crate::http::openapi::Fixed;
use crate::http::request::context::NoQuery;
use crate::model::ErrorKind;
use crate::wire::{Problem, ProblemCode};

/// Metrics in the Prometheus text format, for callers with access to all configs and sections
#[utoipa::path(
    get,
    path = "/metrics",
    operation_id = "metrics",
    responses(
        (status = 200, description = "The metrics.", content_type = "text/plain", body = String),
        (status = 401, description = "The token is missing or unknown.", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The caller can't access all configs and sections.", body = Problem, content_type = "application/problem+json"),
        Fixed,
        (status = 503, description = "Too many concurrent requests: retry after Retry-After.", body = Problem, content_type = "application/problem+json")
    )
)]
pub(in crate::http) async fn metrics(
    _: NoQuery,
    State(api): State<Api>,
    caller: Option<Extension<Caller>>,
) -> Result<Response, ApiError> {
    let sees_all = |caller: &Caller| caller.configs.is_none() && caller.sections.is_none();
    if !caller.is_some_and(|Extension(caller)| sees_all(&caller)) {
        let detail = "the metrics cover all configs and sections, and this caller can't access all of them";
        return Err(ApiError::denied(detail));
    }
    let text = api.metrics().render(&api.live().feeds.followed());
    let text = text.map_err(|_| {
        ApiError::new(
            ErrorKind::Internal,
            ProblemCode::Internal,
            "cannot encode the metrics",
        )
    })?;
    let content_type = HeaderValue::from_static(prometheus_text::CONTENT_TYPE);
    Ok(([(CONTENT_TYPE, content_type)], text).into_response())
}
