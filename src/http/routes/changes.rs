mod event_stream;

use std::sync::Arc;

use axum::Json;
use axum::response::{IntoResponse, Response};
use futures::stream::{self, BoxStream};
use futures::{StreamExt as _, TryStreamExt as _};

use crate::http::error::ApiError;
use crate::http::live::WaitOutcome;
use crate::http::openapi::{After, LastEventId, Limit, Reads, Wait};
use crate::http::request::context::RequestContext;
use crate::http::request::header;
use crate::http::request::view::EntryView;
use crate::model::{Change, Revision, Section};
use crate::store::{StoreError, followed};
use crate::wire;

/// Read a section's log after a revision, as whole revisions in order
///
/// With `wait`, the request waits for the next change, and returns an empty list when the time is over. With `Accept:
/// text/event-stream`, the server streams changes as they happen: events `set`, `delete`, `expire` and `resync`, with
/// the objects of `watch -f json` as their data, and a final `end` with the reason. The ID of an event is the revision
/// to continue after, for `Last-Event-ID`; without it and without `after`, a stream starts now.
#[utoipa::path(
    get,
    path = "/v1/{config}/{section}/changes",
    operation_id = "changes",
    params(After, Limit, Wait, LastEventId),
    responses(
        (status = 200, description = "Whole revisions in order, or a stream of events.", content((wire::ChangesAnswer = "application/json"), (String = "text/event-stream"))),
        (status = 406, description = "The server has no streams.", body = wire::Problem, content_type = "application/problem+json"),
        (status = 410, description = "The revision was compacted; `oldest` is the oldest available.", body = wire::Problem, content_type = "application/problem+json"),
        Reads
    )
)]
pub(in crate::http) async fn changes(mut context: RequestContext) -> Result<Response, ApiError> {
    let section = context.section()?;
    if context.class.streams.clone()? {
        return event_stream::open_stream(context, &section).await;
    }
    // It means nothing here, and a wrong one is wrong here, too.
    header::last_event_id(&context.headers)?;
    let view = EntryView::of_lines(&mut context)?;
    let after = context.query.take("after")?.unwrap_or(Revision::ZERO);
    let limit = context.query.limit(1000, 100)?;
    let wait = context.wait()?;
    context.query.end()?;
    let held = match wait {
        Some(wait) => {
            let place = (&context.config, &context.store);
            let waited = context
                .api
                .live()
                .wait_for_changes(place, &section, after, wait)
                .await?;
            context.renew_deadline();
            match waited {
                WaitOutcome::Come(revisions) => revisions,
                WaitOutcome::Over(_) => Some(Vec::new()),
                WaitOutcome::Unknown => None,
            }
        }
        None => None,
    };
    let lines = match held {
        Some(revisions) => flatten_revisions(revisions),
        None => context.store.changes(&section, after),
    };
    // discfg itself decides what a line means whose value was purged; others start over, as where the lines are gone.
    let lines = match view {
        EntryView::Stored => lines,
        EntryView::Masked | EntryView::Revealed => lines.map(|line| line.and_then(followed)).boxed(),
    };
    let page_bytes = context.api.settings().page_bytes;
    let part = context
        .deadline
        .in_time(async { Ok(read_part(lines, after, limit, page_bytes).await?) });
    Ok(Json(part.await?.render(section, view)).into_response())
}

fn flatten_revisions(revisions: Vec<Arc<[Change]>>) -> BoxStream<'static, Result<Change, StoreError>> {
    let revisions = stream::iter(revisions);
    let lines = revisions.flat_map(|lines| stream::iter(0..lines.len()).map(move |at| Ok(lines[at].clone())));
    lines.boxed()
}

/// Whole revisions of a section's log.
struct LogPart {
    /// The last of them, or the revision that they were to come after.
    after: Revision,
    /// Whether there are more.
    more: bool,
    /// Their lines.
    lines: Vec<Change>,
}

impl LogPart {
    /// What is answered.
    fn render(&self, section: Section, view: EntryView) -> wire::ChangesAnswer {
        wire::ChangesAnswer {
            action: "changes".into(),
            section,
            after: self.after,
            more: self.more,
            changes: self.lines.iter().map(|line| view.render_line(line)).collect(),
        }
    }
}

/// The revisions after `after`: as many as it takes to come to `limit` lines, or to the bytes of a page.
async fn read_part(
    mut lines: BoxStream<'_, Result<Change, StoreError>>,
    after: Revision,
    limit: usize,
    page_bytes: usize,
) -> Result<LogPart, StoreError> {
    let mut part = LogPart {
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
