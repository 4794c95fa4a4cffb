use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use async_stream::stream;
use axum::body::{Body, Bytes};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use futures::StreamExt as _;
use serde::Serialize;
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::console::error::ConsoleError;
use crate::console::page_version::PageVersion;
use crate::console::visit::Visit;
use crate::model::{ConfigName, Revision, Section};

/// So often at least something is sent, so that a browser that is gone is noticed.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// How long the configs that can't be read are waited for before the others are compared.
const SETTLING: Duration = Duration::from_secs(2);

#[derive(Serialize)]
struct Moved {
    version: String,
    changed: BTreeMap<ConfigName, Vec<Section>>,
}

type Revisions = BTreeMap<Section, Revision>;

/// What has moved in some configs, as events: which sections, and what the page's version is then. Without configs it only says that a
/// page is visible.
///
/// It begins after the version that the browser has: the one of the last event or, before there was one, of the page.
pub(in crate::console) async fn stream(visit: Visit, headers: HeaderMap) -> Result<Response, ConsoleError> {
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    let after = last.or(visit.query.get("after")).map(String::from);
    let mut configs = BTreeSet::new();
    for name in visit.query.each("config") {
        configs.insert(visit.config(name)?.0.name.clone());
    }
    let news = visit.console.api.follow_heads(&configs);
    let mut news = news.ok_or_else(|| ConsoleError::unavailable("Too many pages are open."))?;
    let (sessions, session) = (Arc::clone(&visit.console.sessions), visit.session.clone());
    let caller = visit.caller().clone();
    let api = visit.console.api.clone();
    let events = stream! {
        let mut seen: BTreeMap<ConfigName, Revisions> = BTreeMap::new();
        let mut sent = after;
        let over = sessions.wait_for_end(&session);
        let stop = api.wait_for_stop();
        tokio::pin!(over, stop);
        let settled = Instant::now() + SETTLING;
        let mut is_first = true;
        let reason = loop {
            let wait = if is_first && !configs.is_empty() { settled } else { Instant::now() + HEARTBEAT };
            let next = tokio::select! {
                biased;
                () = &mut over => break "signed-out",
                () = &mut stop => break "stopping",
                next = timeout_at(wait, news.next()), if !configs.is_empty() => next,
                () = sleep_until(wait), if configs.is_empty() => {
                    yield Ok::<_, Infallible>(Bytes::from_static(b":\n\n"));
                    continue;
                }
            };
            let mut changed = BTreeMap::new();
            match next {
                Err(_) if is_first => {}
                Err(_) => {
                    yield Ok::<_, Infallible>(Bytes::from_static(b":\n\n"));
                    continue;
                }
                Ok(None) => break "stopping",
                Ok(Some((config, mut heads))) => {
                    heads.retain(|section, _| caller.covers(section));
                    let before = seen.insert(config.clone(), heads.clone()).unwrap_or_default();
                    let moved = heads.into_iter().filter(|(section, revision)| before.get(section) != Some(revision));
                    changed.insert(config, moved.map(|(section, _)| section).collect());
                    // The version is that of all configs.
                    if is_first && seen.len() < configs.len() {
                        continue;
                    }
                }
            }
            is_first = false;
            let mut version = PageVersion::default();
            for (config, heads) in &seen {
                version.add(config, heads.iter().map(|(section, revision)| (section, *revision)));
            }
            let version = version.word();
            // Who has none has just been given the page.
            let is_known = sent.as_ref().is_none_or(|sent| *sent == version);
            sent = Some(version.clone());
            if !is_known {
                let data = serde_json::to_string(&Moved { version: version.clone(), changed }).unwrap_or_default();
                yield Ok(Bytes::from(format!("event: heads\nid: {version}\ndata: {data}\n\n")));
            }
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
