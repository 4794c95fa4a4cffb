use axum::Json;
use futures::TryStreamExt as _;

use crate::http::error::ApiError;
use crate::http::openapi::{Before, Limit, Reads};
use crate::http::request::context::RequestContext;
use crate::http::request::view::EntryView;
use crate::model::{Change, Revision};
use crate::wire::KeyHistoryAnswer;

/// Read the log of a key or of a whole section, newest first
#[utoipa::path(
    get,
    path = "/v1/{config}/{section}/history/{*rest}",
    operation_id = "history",
    params(Before, Limit),
    responses((status = 200, description = "The log lines, or none if the log has none for the key. A page of a section ends with a whole revision.", body = KeyHistoryAnswer), Reads)
)]
pub(in crate::http) async fn history(
    mut context: RequestContext,
) -> Result<Json<KeyHistoryAnswer>, ApiError> {
    let (section, key) = (context.section()?, context.key_if_named()?);
    let view = EntryView::of_lines(&mut context)?;
    let before: Option<Revision> = context.query.take("before")?;
    let limit = context.query.limit(1000, 100)?;
    context.query.end()?;
    let page_bytes = context.api.settings().page_bytes;
    let reading = async {
        let (mut found, mut bytes, mut before_next) = (Vec::new(), 0, None);
        let mut lines = match &key {
            Some(key) => context.store.history(key, before),
            None => context.store.section_history(&section, before),
        };
        while let Some(line) = lines.try_next().await? {
            let last = found.last().map(|last: &Change| last.revision);
            if (found.len() >= limit || bytes >= page_bytes) && last != Some(line.revision) {
                before_next = last;
                break;
            }
            bytes += line.bytes();
            found.push(line);
        }
        Ok((found, before_next))
    };
    let (lines, before) = context.deadline.in_time(reading).await?;
    Ok(Json(KeyHistoryAnswer {
        action: "history".into(),
        key,
        changes: lines.iter().map(|line| view.render_line(line)).collect(),
        before,
    }))
}
