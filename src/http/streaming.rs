use axum::body::Body;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};

use super::error::Failure;
use super::live::{NotOpened, Opened};
use super::refusal::Refusal;
use super::request::header;
use crate::http::request::context::Asked;
use crate::model::{ErrorKind, Revision, Section};
use crate::store::Heads;

/// Keeps a proxy from holding events back until there are many.
const NO_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");
/// What other requests for changes take.
const NOT_OF_STREAMS: [&str; 3] = ["limit", "stored", "wait"];

/// Tells what happens in a section as it comes.
pub(super) async fn stream(mut asked: Asked, section: &Section) -> Result<Response, Failure> {
    if asked.api.settings().streams == 0 {
        let told = "this server streams nothing; ask without text/event-stream in accept";
        return Err(Failure::with_status(
            StatusCode::NOT_ACCEPTABLE,
            ErrorKind::Usage,
            "header",
            told,
        ));
    }
    let after: Option<Revision> = asked.query.take("after")?;
    for name in NOT_OF_STREAMS {
        if asked.query.take::<String>(name)?.is_some() {
            return Err(Refusal::Query(format!("the query parameter {name} is not for a stream")).into());
        }
    }
    asked.query.end()?;
    // What a client saw last goes before what it began with.
    let resumed = header::last_event_id(&asked.headers)?;
    let place = (&asked.config, &asked.store);
    let opening = async {
        let opened = asked.api.live().stream(place, section, resumed.or(after)).await;
        opened.map_err(Failure::from)
    };
    let body = match asked.until.in_time(opening).await? {
        Opened::Stream(sent) => Body::from_stream(sent),
        Opened::Ahead(head) => {
            let told = |named: String| {
                format!("{named} is ahead of the section {section}, which is at revision {head}")
            };
            return Err(match (resumed, after) {
                (Some(id), _) => Refusal::Header(told(format!("last-event-id {id}"))),
                (None, after) => {
                    let after = after.unwrap_or_default();
                    Refusal::Query(told(format!("the query parameter after={after}")))
                }
            }
            .into());
        }
        Opened::Unknown => {
            let of = Heads::Of(vec![section.clone()]);
            asked
                .until
                .in_time(async { Ok(asked.store.heads(of).await?) })
                .await?;
            let told = "the section couldn't be followed a moment ago; try again";
            return Err(Failure::new(ErrorKind::Unavailable, "unavailable", told));
        }
    };
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        (NO_BUFFERING, HeaderValue::from_static("no")),
    ];
    Ok((headers, body).into_response())
}

impl From<NotOpened> for Failure {
    fn from(not: NotOpened) -> Self {
        match not {
            NotOpened::Turned(turned) => turned.into(),
            NotOpened::Store(error) => error.into(),
        }
    }
}
