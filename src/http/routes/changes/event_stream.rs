use axum::body::Body;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};

use crate::http::error::ApiError;
use crate::http::invalid_request::InvalidRequest;
use crate::http::live::StreamOpening;
use crate::http::request::context::RequestContext;
use crate::http::request::header;
use crate::model::{ErrorKind, Revision, Section};
use crate::store::Heads;
use crate::wire::ProblemCode;

/// Keeps a proxy from holding events back until there are many.
const NO_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");
/// The query parameters that only requests without a stream allow.
const NOT_OF_STREAMS: [&str; 3] = ["limit", "stored", "wait"];

/// Streams the changes of a section as they happen.
pub(in crate::http) async fn open_stream(
    mut context: RequestContext,
    section: &Section,
) -> Result<Response, ApiError> {
    if context.api.settings().streams == 0 {
        let detail = "this server has no streams; remove text/event-stream from Accept";
        return Err(ApiError::with_status(
            StatusCode::NOT_ACCEPTABLE,
            ErrorKind::Usage,
            ProblemCode::Header,
            detail,
        ));
    }
    let after: Option<Revision> = context.query.take("after")?;
    for name in NOT_OF_STREAMS {
        if context.query.take::<String>(name)?.is_some() {
            return Err(InvalidRequest::Query(format!(
                "query parameter `{name}` is not allowed for a stream"
            ))
            .into());
        }
    }
    context.query.end()?;
    // What a client saw last goes before what it began with.
    let resumed = header::last_event_id(&context.headers)?;
    let place = (&context.config, &context.store);
    let opening = async {
        let opened = context
            .api
            .live()
            .open_stream(place, section, resumed.or(after))
            .await;
        opened.map_err(ApiError::from)
    };
    let body = match context.deadline.in_time(opening).await? {
        StreamOpening::Stream(sent) => Body::from_stream(sent),
        StreamOpening::Ahead(head) => {
            let ahead =
                |named: String| format!("{named} is ahead of section {section}, which is at revision {head}");
            return Err(match (resumed, after) {
                (Some(id), _) => InvalidRequest::Header(ahead(format!("last-event-id {id}"))),
                (None, after) => {
                    let after = after.unwrap_or_default();
                    InvalidRequest::Query(ahead(format!("query parameter `after={after}`")))
                }
            }
            .into());
        }
        StreamOpening::Unknown => {
            let of = Heads::Of(vec![section.clone()]);
            context
                .deadline
                .in_time(async { Ok(context.store.heads(of).await?) })
                .await?;
            let detail = "cannot follow the section at the moment; retry after 1 s";
            return Err(ApiError::new(
                ErrorKind::Unavailable,
                ProblemCode::Unavailable,
                detail,
            ));
        }
    };
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        (NO_BUFFERING, HeaderValue::from_static("no")),
    ];
    Ok((headers, body).into_response())
}
