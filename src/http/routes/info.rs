use axum::Json;

use super::snapshot::covered;
use crate::http::error::Failure;
use crate::http::openapi::Reads;
use crate::http::request::context::Asked;
use crate::ops::Overview;
use crate::wire::Info;

/// The config's sections, version and digest, as far as the caller may use them
#[utoipa::path(
    get,
    path = "/v1/{config}/@config/info",
    operation_id = "info",
    responses((status = 200, description = "The figures.", body = Info), Reads)
)]
pub(in crate::http) async fn info(asked: Asked) -> Result<Json<Info>, Failure> {
    asked.query.end()?;
    let reading = async { Ok((asked.store.status().await?, covered(&asked, Vec::new()).await?)) };
    let (status, (snapshot, bad)) = asked.until.in_time(reading).await?;
    // Which engine it is behind the server is the server's own business.
    let engine = "http".into();
    Ok(Json(Overview::of(snapshot, bad).info(
        asked.config.to_string(),
        engine,
        &status,
    )))
}
