use axum::Json;
use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderValue, VARY};
use axum::response::{IntoResponse, Response};

use super::commit::{made, txn};
use crate::http::error::Failure;
use crate::http::openapi::{
    CommitId, Commits, Consistent, IfMatch, IfNoneMatch, IfTag, KeepTtl, Past, Reads, Reveal, Secret,
    TimeToLive,
};
use crate::http::refusal::Refusal;
use crate::http::request::context::Asked;
use crate::http::request::header;
use crate::http::request::header::Form;
use crate::http::request::view::View;
use crate::model::{
    Entry, ErrorKind, Key, Mutation, Revision, Secrecy, Ttl, TtlChoice, Value, ValueError, ValueKind,
};
use crate::ops::entry_at;
use crate::store::{Consistency, StoreError};
use crate::wire::{AnyNode, Envelope, Problem};

/// Read a key
#[utoipa::path(
    get,
    path = "/v1/{config}/{section}/keys/{*rest}",
    operation_id = "get_key",
    params(Past, Consistent, Reveal, IfMatch, IfTag),
    responses(
        (
            status = 200,
            description = "The entry, or its value alone where Accept asks for text/plain or application/octet-stream.",
            content((Envelope = "application/json"), (String = "text/plain"), (String = "application/octet-stream")),
            headers(("ETag" = String, description = "The entry's revision in quotes."))
        ),
        (status = 304, description = "It is at the revision still that If-None-Match names."),
        (status = 410, description = "The log no longer goes back to that revision.", body = Problem, content_type = "application/problem+json"),
        (status = 412, description = "It is not at the revision that If-Match names.", body = Problem, content_type = "application/problem+json"), Reads)
)]
pub(in crate::http) async fn get(mut asked: Asked) -> Result<Response, Failure> {
    let key = asked.key()?;
    let view = View::of_entries(&mut asked)?;
    let revision: Option<Revision> = asked.query.take("revision")?;
    let read = consistency(&mut asked)?;
    asked.query.end()?;
    let (if_match, if_none_match) = (
        header::if_match(&asked.headers)?,
        header::if_none_match(&asked.headers)?,
    );
    let form = header::form(&asked.headers)?;
    let found = asked
        .until
        .in_time(found(&asked, &key, revision, read.unwrap_or_default()))
        .await?;
    let now = found.as_ref().map(|entry| entry.revision);
    if if_match.is_some_and(|tag| !tag.is(now)) {
        let told = format!("the key {key} is not at the revision that if-match names");
        return Err(Failure::new(ErrorKind::Conflict, "guard-failed", told));
    }
    if let Some(now) = now.filter(|_| if_none_match.is_some_and(|tag| tag.is(now))) {
        return Ok(for_caches(StatusCode::NOT_MODIFIED.into_response(), now, view));
    }
    let opening = async { Ok(view.opened(&asked, Vec::from_iter(found)).await?) };
    let opened = asked.until.in_time(opening).await?;
    let Some(entry) = opened.first() else {
        return Err(match revision {
            Some(revision) => {
                let told = format!("the key {key} was not there at revision {revision}");
                Failure::new(ErrorKind::NotFound, "no-key", told)
            }
            None => StoreError::NotFound(key).into(),
        });
    };
    Ok(for_caches(shown(entry, view, form)?, entry.revision, view))
}

/// The same with what it tells caches. An answer that nothing has changed tells the same, since a cache takes that over
/// into what it holds.
fn for_caches(mut response: Response, revision: Revision, view: View) -> Response {
    let headers = response.headers_mut();
    headers.insert(ETAG, etag(revision));
    headers.insert(VARY, HeaderValue::from_static("accept, authorization"));
    if view == View::Masked {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    }
    response
}

/// Write a key
#[utoipa::path(
    put,
    path = "/v1/{config}/{section}/keys/{*rest}",
    operation_id = "put_key",
    params(TimeToLive, KeepTtl, Secret, IfMatch, IfNoneMatch, CommitId),
    request_body(
        description = "The value as it is. As application/json it is JSON, as text/plain it is text, and else an object or array is JSON, any other UTF-8 text, and the rest bytes.",
        content((serde_json::Value = "application/json"), (String = "text/plain"), (String = "application/octet-stream"))
    ),
    responses(
        (status = 200, description = "The key was there, and has the value now.", body = Envelope, headers(("ETag" = String, description = "The entry's revision in quotes."))),
        (status = 201, description = "The key is new.", body = Envelope, headers(("ETag" = String, description = "The entry's revision in quotes."))), Commits)
)]
pub(in crate::http) async fn put(mut asked: Asked, body: Body) -> Result<Response, Failure> {
    let key = asked.key()?;
    asked.writes()?;
    let ttl: Option<Ttl> = asked.query.take("ttl")?;
    let keep_ttl = asked.query.flag("keep-ttl")?.unwrap_or_default();
    let secret = asked.query.flag("secret")?;
    asked.query.end()?;
    let ttl = match (ttl, keep_ttl) {
        (Some(_), true) => {
            let told = "the query parameters ttl and keep-ttl are not for one request";
            return Err(Refusal::Query(told.into()).into());
        }
        (Some(ttl), false) => TtlChoice::For(ttl),
        (None, true) => TtlChoice::Keep,
        (None, false) => TtlChoice::Never,
    };
    let guards = header::guards(&asked.headers, &key)?;
    let id = header::commit_id(&asked.headers)?;
    let encoding = header::encoding(&asked.headers)?;
    let max = Value::MAX_BYTES.min(asked.api.settings().body_bytes);
    let body = asked.body(body, max).await?;
    let value = Value::new(body, encoding).map_err(|error| match error {
        ValueError::TooLarge { size } => Refusal::TooLarge { size, max },
        error => Refusal::Body(error.to_string()),
    })?;
    let change = Mutation::Set {
        key,
        value,
        secret: match secret {
            None => Secrecy::Keep,
            Some(true) => Secrecy::Secret,
            Some(false) => Secrecy::Plain,
        },
        ttl,
    };
    let txn = txn(&asked, id, vec![change]).guarded(guards);
    let committed = made(&asked, txn, View::Masked).await?;
    let applied = committed.changes.into_iter().next();
    let (entry, previous) = applied.map_or((None, None), |applied| (applied.entry, applied.previous));
    let status = match previous {
        Some(_) => StatusCode::OK,
        None => StatusCode::CREATED,
    };
    let shape = Envelope {
        action: "set",
        node: AnyNode::of(entry.as_ref()),
        prev_node: AnyNode::of(previous.as_ref()),
    };
    let mut response = (status, Json(shape)).into_response();
    if let Some(entry) = entry {
        response.headers_mut().insert(ETAG, etag(entry.revision));
    }
    Ok(response)
}

/// Remove a key
#[utoipa::path(
    delete,
    path = "/v1/{config}/{section}/keys/{*rest}",
    operation_id = "delete_key",
    params(IfMatch, CommitId),
    responses((status = 200, description = "It is gone.", body = Envelope), Commits)
)]
pub(in crate::http) async fn delete(asked: Asked) -> Result<Json<Envelope>, Failure> {
    let key = asked.key()?;
    asked.writes()?;
    asked.query.end()?;
    let guards = header::guards(&asked.headers, &key)?;
    let id = header::commit_id(&asked.headers)?;
    let txn = txn(&asked, id, vec![Mutation::Delete { key: key.clone() }]).guarded(guards);
    let committed = made(&asked, txn, View::Masked).await?;
    let Some(applied) = committed.changes.into_iter().next() else {
        return Err(StoreError::NotFound(key).into());
    };
    Ok(Json(Envelope {
        action: "delete",
        node: AnyNode::gone(&key, applied.change.revision),
        prev_node: AnyNode::of(applied.previous.as_ref()),
    }))
}

/// Renew a key's time to live
#[utoipa::path(
    post,
    path = "/v1/{config}/{section}/touch/{*rest}",
    operation_id = "touch_key",
    params(TimeToLive),
    responses((status = 200, description = "It lives on.", body = Envelope), Reads)
)]
pub(in crate::http) async fn touch(mut asked: Asked) -> Result<Json<Envelope>, Failure> {
    let key = asked.key()?;
    asked.writes()?;
    let view = View::of_lines(&mut asked)?;
    let ttl: Option<Ttl> = asked.query.take("ttl")?;
    asked.query.end()?;
    let entry = asked
        .until
        .in_time(async { Ok(asked.store.touch(&key, ttl).await?) })
        .await?;
    Ok(Json(Envelope {
        action: "touch",
        node: view.node(&entry),
        prev_node: AnyNode::of(None),
    }))
}

/// How fresh the answer must be, where the query says it.
pub(in crate::http) fn consistency(asked: &mut Asked) -> Result<Option<Consistency>, Refusal> {
    let given: Option<String> = asked.query.take("consistency")?;
    match given.as_deref() {
        None => Ok(None),
        Some("strong") => Ok(Some(Consistency::Strong)),
        Some("eventual") => Ok(Some(Consistency::Eventual)),
        Some(other) => Err(Refusal::Query(format!(
            "the query parameter consistency is {other:?}; expected strong or eventual"
        ))),
    }
}

async fn found(
    asked: &Asked,
    key: &Key,
    revision: Option<Revision>,
    read: Consistency,
) -> Result<Option<Entry>, Failure> {
    match revision {
        Some(revision) => entry_at(&*asked.store, key, revision)
            .await
            .map_err(Failure::of_ops),
        None => Ok(asked.store.get(key, read).await?),
    }
}

fn shown(entry: &Entry, view: View, form: Form) -> Result<Response, Failure> {
    if form == Form::Node {
        return Ok(Json(Envelope {
            action: "get",
            node: view.node(entry),
            prev_node: AnyNode::of(None),
        })
        .into_response());
    }
    if entry.secret && view == View::Masked {
        let told = format!(
            "the key {} is a secret; reveal=true asks for its value",
            entry.key
        );
        return Err(Failure::denied(told));
    }
    let is_text = form == Form::Text && entry.value.kind() != ValueKind::Bytes;
    let of_type = if is_text {
        "text/plain; charset=utf-8"
    } else {
        "application/octet-stream"
    };
    let bytes = Bytes::copy_from_slice(entry.value.bytes());
    Ok(([(CONTENT_TYPE, of_type)], bytes).into_response())
}

fn etag(revision: Revision) -> HeaderValue {
    HeaderValue::from_str(&format!("\"{revision}\"")).unwrap_or(HeaderValue::from_static("\"\""))
}
