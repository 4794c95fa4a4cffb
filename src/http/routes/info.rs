use axum::Json;

use super::snapshot::read_covered;
use crate::http::error::ApiError;
use crate::http::openapi::Reads;
use crate::http::request::context::RequestContext;
use crate::ops::Overview;
use crate::wire::InfoAnswer;

/// Read the config's sections, version and digest, limited to what the caller can access
#[utoipa::path(
    get,
    path = "/v1/{config}/@config/info",
    operation_id = "info",
    responses((status = 200, description = "The config's sections, version and digest.", body = InfoAnswer), Reads)
)]
pub(in crate::http) async fn info(context: RequestContext) -> Result<Json<InfoAnswer>, ApiError> {
    context.query.end()?;
    let reading = async {
        Ok((
            context.store.status().await?,
            read_covered(&context, Vec::new()).await?,
        ))
    };
    let (status, (snapshot, bad)) = context.deadline.in_time(reading).await?;
    // Which engine it is behind the server is the server's own business.
    let engine = "http".into();
    Ok(Json(Overview::of(snapshot, bad).info(
        context.config.to_string(),
        engine,
        &status,
    )))
}
