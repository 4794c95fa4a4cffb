use axum::Json;
use futures::TryStreamExt as _;

use super::asked::Asked;
use super::error::Failure;
use super::openapi::{After, Limit, Reads};
use super::view::View;
use crate::model::{Change, Revision, Section};
use crate::store::StoreError;
use crate::wire;

/// A section's log after a revision: whole revisions, in order
#[utoipa::path(
    get,
    path = "/v1/{config}/changes/{section}",
    operation_id = "changes",
    params(After, Limit),
    responses(
        (status = 200, description = "Whole revisions, in order.", body = wire::Changes),
        (status = 410, description = "The log no longer goes back that far; the problem says how far.", body = wire::Problem, content_type = "application/problem+json"), Reads)
)]
pub(super) async fn changes(mut asked: Asked) -> Result<Json<wire::Changes>, Failure> {
    let section = asked.section()?;
    let view = View::of_lines(&mut asked)?;
    let after = asked.query.take("after")?.unwrap_or(Revision::ZERO);
    let limit = asked.query.limit(1000, 100)?;
    asked.query.end()?;
    let part = asked
        .until
        .in_time(async { Ok(part(&asked, &section, after, limit).await?) });
    let part = part.await?;
    Ok(Json(part.shape(section, view)))
}

/// Whole revisions of a section's log.
pub(super) struct Part {
    /// The last of them, or the revision that they were to come after.
    pub(super) after: Revision,
    /// Whether there are more.
    pub(super) more: bool,
    /// Their lines.
    pub(super) lines: Vec<Change>,
}

impl Part {
    /// What is answered.
    pub(super) fn shape(&self, section: Section, view: View) -> wire::Changes {
        wire::Changes {
            action: "changes".into(),
            section,
            after: self.after,
            more: self.more,
            changes: self.lines.iter().map(|line| view.line(line)).collect(),
        }
    }
}

/// The revisions after `after`: as many as it takes to come to `limit` lines, or to the bytes of a page.
pub(super) async fn part(
    asked: &Asked,
    section: &Section,
    after: Revision,
    limit: usize,
) -> Result<Part, StoreError> {
    let page_bytes = asked.api.settings().page_bytes;
    let mut part = Part {
        after,
        more: false,
        lines: Vec::new(),
    };
    let (mut lines, mut bytes) = (asked.store.changes(section, after), 0);
    while let Some(line) = lines.try_next().await? {
        let full = part.lines.len() >= limit || bytes >= page_bytes;
        if full && line.revision != part.after {
            part.more = true;
            break;
        }
        bytes += line.bytes();
        part.after = line.revision;
        part.lines.push(line);
    }
    Ok(part)
}
