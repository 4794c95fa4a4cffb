mod event_stream;

use std::sync::Arc;

use axum::Json;
use axum::response::{IntoResponse, Response};
use futures::stream::{self, BoxStream};
use futures::{StreamExt as _, TryStreamExt as _};

use crate::http::error::Failure;
use crate::http::live::Waited;
use crate::http::openapi::{After, LastEventId, Limit, Reads, Wait};
use crate::http::request::context::Asked;
use crate::http::request::header;
use crate::http::request::view::View;
use crate::model::{Change, Revision, Section};
use crate::store::StoreError;
use crate::wire;

/// A section's log after a revision: whole revisions, in order
///
/// With `wait`, and nothing there yet, it is answered when something comes, or empty when the time is over. With
/// `Accept: text/event-stream` all that comes is told as it comes: events `set`, `delete`, `expire` and `resync`, with
/// what `watch -f json` tells as their data, and at last one `end` that says why. The id of an event is the revision to
/// go on after, which `Last-Event-ID` takes; without it and without `after` a stream begins now.
#[utoipa::path(
    get,
    path = "/v1/{config}/{section}/changes",
    operation_id = "changes",
    params(After, Limit, Wait, LastEventId),
    responses(
        (status = 200, description = "Whole revisions, in order, or events as they come.", content((wire::Changes = "application/json"), (String = "text/event-stream"))),
        (status = 406, description = "Events are asked for, and this server streams none.", body = wire::Problem, content_type = "application/problem+json"),
        (status = 410, description = "The log no longer goes back that far; the problem says how far.", body = wire::Problem, content_type = "application/problem+json"),
        Reads
    )
)]
pub(in crate::http) async fn changes(mut asked: Asked) -> Result<Response, Failure> {
    let section = asked.section()?;
    if asked.class.streams.clone()? {
        return event_stream::stream(asked, &section).await;
    }
    // It means nothing here, and a wrong one is wrong here, too.
    header::last_event_id(&asked.headers)?;
    let view = View::of_lines(&mut asked)?;
    let after = asked.query.take("after")?.unwrap_or(Revision::ZERO);
    let limit = asked.query.limit(1000, 100)?;
    let wait = asked.wait()?;
    asked.query.end()?;
    let held = match wait {
        Some(wait) => {
            let place = (&asked.config, &asked.store);
            let waited = asked.api.live().changes(place, &section, after, wait).await?;
            asked.renew_deadline();
            match waited {
                Waited::Come(revisions) => revisions,
                Waited::Over(_) => Some(Vec::new()),
                Waited::Unknown => None,
            }
        }
        None => None,
    };
    let lines = match held {
        Some(revisions) => lines_of(revisions),
        None => asked.store.changes(&section, after),
    };
    let page_bytes = asked.api.settings().page_bytes;
    let part = asked
        .deadline
        .in_time(async { Ok(part(lines, after, limit, page_bytes).await?) });
    Ok(Json(part.await?.shape(section, view)).into_response())
}

fn lines_of(revisions: Vec<Arc<[Change]>>) -> BoxStream<'static, Result<Change, StoreError>> {
    let revisions = stream::iter(revisions);
    let lines = revisions.flat_map(|lines| stream::iter(0..lines.len()).map(move |at| Ok(lines[at].clone())));
    lines.boxed()
}

/// Whole revisions of a section's log.
struct Part {
    /// The last of them, or the revision that they were to come after.
    after: Revision,
    /// Whether there are more.
    more: bool,
    /// Their lines.
    lines: Vec<Change>,
}

impl Part {
    /// What is answered.
    fn shape(&self, section: Section, view: View) -> wire::Changes {
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
async fn part(
    mut lines: BoxStream<'_, Result<Change, StoreError>>,
    after: Revision,
    limit: usize,
    page_bytes: usize,
) -> Result<Part, StoreError> {
    let mut part = Part {
        after,
        more: false,
        lines: Vec::new(),
    };
    let mut bytes = 0;
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
