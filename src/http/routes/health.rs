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

/// That all is well.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::http) struct Health {
    /// `ok`
    status: &'static str,
}

const WELL: Health = Health { status: "ok" };

/// Whether the server lives
#[utoipa::path(
    get,
    path = "/healthz",
    operation_id = "healthz",
    responses((status = 200, description = "It lives.", body = Health), Fixed)
)]
pub(in crate::http) async fn healthz(_: NoQuery) -> Json<Health> {
    Json(WELL)
}

/// Whether the data of every config can be reached
#[utoipa::path(
    get,
    path = "/readyz",
    operation_id = "readyz",
    responses((status = 200, description = "All is well.", body = Health), Fixed, (status = 503, description = "Some can't be, or the server has as many requests as it serves: try again after Retry-After.", body = Problem, content_type = "application/problem+json"))
)]
pub(in crate::http) async fn readyz(_: NoQuery, State(api): State<Api>) -> Result<Json<Health>, ApiError> {
    let looks = api.stores().map(|store| readable_heads(store, &Heads::All));
    match timeout(api.settings().request_time, try_join_all(looks)).await {
        Ok(Ok(_)) => Ok(Json(WELL)),
        Ok(Err(error)) => Err(ApiError::not_ready(&error)),
        Err(_) => Err(ApiError::too_slow()),
    }
}
