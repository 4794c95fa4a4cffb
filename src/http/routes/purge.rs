use axum::Json;

use crate::http::error::ApiError;
use crate::http::openapi::{Bodies, Reads};
use crate::http::request::context::RequestContext;
use crate::http::request::precondition;
use crate::wire::{Problem, PurgeAnswer};

/// Remove a key's old values from the log
///
/// The value of the current entry stays, and no revision is added. Lines of the log without their values have `purged`.
/// Reading such a value fails with 404 and the code `purged`, and `changes` with 410. Backups, exports and copies made
/// before are not changed.
#[utoipa::path(
    post,
    path = "/v1/{config}/{section}/purge/{*rest}",
    operation_id = "purge_key",
    responses(
        (status = 200, description = "The old values were removed, or there were none.", body = PurgeAnswer),
        (status = 409, description = "The key changed too recently (`purge-too-soon`): retry after `wait` seconds.", body = Problem, content_type = "application/problem+json"),
        Bodies,
        Reads
    )
)]
pub(in crate::http) async fn purge(context: RequestContext) -> Result<Json<PurgeAnswer>, ApiError> {
    let key = context.key()?;
    context.check_writes()?;
    precondition::refuse(&context.headers)?;
    context.query.end()?;
    let purged = context
        .deadline
        .in_time(async { Ok(context.store.purge(&key).await?) })
        .await?;
    // Those who are behind would get the values from there.
    let feeds = &context.api.live().feeds;
    feeds.forget(&context.config, &key.section());
    let result = if purged.lines == 0 { "unchanged" } else { "purged" };
    Ok(Json(PurgeAnswer {
        action: "purge".into(),
        key,
        result: result.into(),
        lines: purged.lines,
        kept: purged.kept,
    }))
}
