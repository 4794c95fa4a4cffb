use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use async_stream::stream;
use axum::body::{Body, Bytes};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use futures::StreamExt as _;
use futures::stream::select_all;
use serde::Serialize;
use tokio::time::timeout;

use crate::console::error::ConsoleError;
use crate::console::visit::Visit;
use crate::model::{ConfigName, Revision, Section};

/// So often at least something is sent, so that a browser that is gone is noticed.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// The most configs of one page.
const MAX_CONFIGS: usize = 64;

#[derive(Serialize)]
struct Moved {
    version: u64,
    changed: BTreeMap<ConfigName, Vec<Section>>,
}

type Revisions = BTreeMap<Section, Revision>;

/// What has moved in some configs, as events: which sections, and what the page's version is then.
///
/// It begins after the version that the browser has: the one of the last event or, before there was one, of the page.
pub(in crate::console) async fn stream(visit: Visit, headers: HeaderMap) -> Result<Response, ConsoleError> {
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    let after = match last.and_then(|id| id.parse().ok()) {
        Some(last) => Some(last),
        None => visit.query.parsed::<u64>("after")?,
    };
    let names: Vec<&str> = visit.query.each("config").collect();
    if names.len() > MAX_CONFIGS {
        return Err(ConsoleError::invalid(format!(
            "At most {MAX_CONFIGS} configs can be followed."
        )));
    }
    let mut news = Vec::new();
    for name in names {
        let (config, _) = visit.config(name)?;
        let name = config.name.clone();
        let heads = visit.console.api.follow_heads(&name);
        let heads = heads.ok_or_else(|| ConsoleError::unavailable("Too many pages are open."))?;
        news.push(heads.map(move |heads| (name.clone(), heads)).boxed());
    }
    let (sessions, session) = (Arc::clone(&visit.console.sessions), visit.session.clone());
    let caller = visit.caller().clone();
    let configs = news.len();
    let mut news = select_all(news);
    let events = stream! {
        let mut seen: BTreeMap<ConfigName, Revisions> = BTreeMap::new();
        let mut sent = after;
        let over = sessions.wait_for_end(&session);
        tokio::pin!(over);
        let reason = loop {
            let next = tokio::select! {
                biased;
                () = &mut over => break "signed-out",
                next = timeout(HEARTBEAT, news.next()) => next,
            };
            let (config, mut heads) = match next {
                Err(_) => {
                    yield Ok::<_, Infallible>(Bytes::from_static(b":\n\n"));
                    continue;
                }
                Ok(None) => break "stopping",
                Ok(Some(news)) => news,
            };
            heads.retain(|section, _| caller.covers(section));
            let before = seen.insert(config.clone(), heads.clone()).unwrap_or_default();
            // The version is that of all the configs.
            if seen.len() < configs {
                continue;
            }
            let revisions = seen.values().flat_map(BTreeMap::values);
            let version = revisions.map(|revision| revision.get()).sum();
            if sent.is_some_and(|sent| version <= sent) {
                continue;
            }
            let is_first = sent.is_none();
            sent = Some(version);
            if is_first {
                continue;
            }
            let moved = heads.into_iter().filter(|(section, revision)| before.get(section) != Some(revision));
            let changed = BTreeMap::from([(config, moved.map(|(section, _)| section).collect())]);
            let data = serde_json::to_string(&Moved { version, changed }).unwrap_or_default();
            yield Ok(Bytes::from(format!("event: heads\nid: {version}\ndata: {data}\n\n")));
        };
        yield Ok(Bytes::from(format!("event: end\ndata: {{\"reason\":\"{reason}\"}}\n\n")));
    };
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        (
            HeaderName::from_static("cache-control"),
            HeaderValue::from_static("no-store"),
        ),
        (
            HeaderName::from_static("x-accel-buffering"),
            HeaderValue::from_static("no"),
        ),
        (
            HeaderName::from_static("x-content-type-options"),
            HeaderValue::from_static("nosniff"),
        ),
    ];
    Ok((headers, Body::from_stream(events)).into_response())
}
