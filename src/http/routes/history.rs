use axum::Json;
use futures::TryStreamExt as _;

use crate::http::error::Failure;
use crate::http::openapi::{Before, Limit, Reads};
use crate::http::request::context::Asked;
use crate::http::request::view::View;
use crate::model::{Change, Revision};
use crate::wire::KeyHistory;

/// The log of a key, newest first
#[utoipa::path(
    get,
    path = "/v1/{config}/{section}/history/{*rest}",
    operation_id = "history",
    params(Before, Limit),
    responses((status = 200, description = "The lines; none of a key that the log doesn't know.", body = KeyHistory), Reads)
)]
pub(in crate::http) async fn history(mut asked: Asked) -> Result<Json<KeyHistory>, Failure> {
    let key = asked.key()?;
    let view = View::of_lines(&mut asked)?;
    let before: Option<Revision> = asked.query.take("before")?;
    let limit = asked.query.limit(1000, 100)?;
    asked.query.end()?;
    let page_bytes = asked.api.settings().page_bytes;
    let reading = async {
        let (mut found, mut bytes, mut before_next) = (Vec::new(), 0, None);
        let mut lines = asked.store.history(&key, before);
        while let Some(line) = lines.try_next().await? {
            if found.len() >= limit || bytes >= page_bytes {
                before_next = found.last().map(|last: &Change| last.revision);
                break;
            }
            bytes += line.bytes();
            found.push(line);
        }
        Ok((found, before_next))
    };
    let (lines, before) = asked.deadline.in_time(reading).await?;
    Ok(Json(KeyHistory {
        action: "history".into(),
        key,
        changes: lines.iter().map(|line| view.line(line)).collect(),
        before,
    }))
}
