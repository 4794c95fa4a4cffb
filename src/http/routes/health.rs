use axum::Json;
use axum::extract::State;
use futures::future::try_join_all;
use serde::Serialize;
use tokio::time::timeout;

use crate::http::api::Api;
use crate::http::error::ApiError;
use crate::http::openapi::Fixed;
use crate::http::request::context::NoQuery;
use crate::ops::readable_heads;
use crate::store::Heads;
use crate::wire::Problem;

/// The health of the server.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::http) struct Health {
    /// `ok`
    status: &'static str,
}

const WELL: Health = Health { status: "ok" };

/// Whether the server is running
#[utoipa::path(
    get,
    path = "/healthz",
    operation_id = "healthz",
    responses((status = 200, description = "The server is running.", body = Health), Fixed)
)]
pub(in crate::http) async fn healthz(_: NoQuery) -> Json<Health> {
    Json(WELL)
}

/// Whether the backend of every config is available
#[utoipa::path(
    get,
    path = "/readyz",
    operation_id = "readyz",
    responses((status = 200, description = "All backends are available.", body = Health), Fixed, (status = 503, description = "A backend is unavailable, or there are too many concurrent requests: retry after Retry-After.", body = Problem, content_type = "application/problem+json"))
)]
pub(in crate::http) async fn readyz(_: NoQuery, State(api): State<Api>) -> Result<Json<Health>, ApiError> {
    let looks = api.stores().map(|store| readable_heads(store, &Heads::All));
    match timeout(api.settings().request_time, try_join_all(looks)).await {
        Ok(Ok(_)) => Ok(Json(WELL)),
        Ok(Err(error)) => Err(ApiError::not_ready(&error)),
        Err(_) => Err(ApiError::too_slow()),
    }
}
