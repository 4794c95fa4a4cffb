use axum::Json;
use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderValue, VARY};
use axum::response::{IntoResponse, Response};

use super::commit::{build_txn, run_commit, try_commit};
use crate::http::error::ApiError;
use crate::http::invalid_request::InvalidRequest;
use crate::http::openapi::{
    Bodies, CommitId, CommitMessage, Commits, Consistent, IfMatch, IfNoneMatch, IfTag, KeepTtl, Past, Reads,
    Reveal, Secret, TimeToLive, ValueBytes,
};
use crate::http::request::context::RequestContext;
use crate::http::request::header;
use crate::http::request::header::AnswerForm;
use crate::http::request::precondition;
use crate::http::request::precondition::Preconditions;
use crate::http::request::view::EntryView;
use crate::model::{
    self, Entry, ErrorKind, Key, Message, Mutation, Revision, Secrecy, Ttl, TtlChoice, Value, ValueError,
    ValueKind,
};
use crate::ops::entry_at;
use crate::store::{Committed, Consistency, StoreError};
use crate::wire::{AnyNode, KeyAnswer, Problem, ProblemCode};

/// Read a key
#[utoipa::path(
    get,
    path = "/v1/{config}/{section}/keys/{*rest}",
    operation_id = "get_key",
    params(Past, Consistent, Reveal, IfMatch, IfTag),
    responses(
        (
            status = 200,
            description = "The entry, or only its value if Accept is text/plain or application/octet-stream.",
            content((KeyAnswer = "application/json"), (String = "text/plain"), (ValueBytes = "application/octet-stream")),
            headers(("ETag" = String, description = "The entry's revision in quotes."))
        ),
        (status = 304, description = "The key is still at the revision in If-None-Match."),
        (status = 410, description = "The revision was compacted.", body = Problem, content_type = "application/problem+json"),
        (status = 412, description = "The key is not at the revision in If-Match.", body = Problem, content_type = "application/problem+json"), Reads)
)]
pub(in crate::http) async fn get(mut context: RequestContext) -> Result<Response, ApiError> {
    let key = context.key()?;
    let view = EntryView::of_entries(&mut context)?;
    let revision: Option<Revision> = context.query.take("revision")?;
    let read = take_consistency(&mut context)?;
    context.query.end()?;
    let conditions = Preconditions::read(&context.headers)?;
    let form = header::answer_form(&context.headers)?;
    let found = context
        .deadline
        .in_time(find_entry(&context, &key, revision, read.unwrap_or_default()))
        .await?;
    let now = found.as_ref().map(|entry| entry.revision);
    if !conditions.is_matched(now) {
        let detail = format!("key {key} is not at the revision in if-match");
        return Err(ApiError::new(
            ErrorKind::Conflict,
            ProblemCode::GuardFailed,
            detail,
        ));
    }
    if let Some(now) = now.filter(|_| conditions.is_named(now)) {
        return Ok(with_cache_headers(
            StatusCode::NOT_MODIFIED.into_response(),
            now,
            view,
        ));
    }
    let opening = async { Ok(view.open(&context, Vec::from_iter(found)).await?) };
    let opened = context.deadline.in_time(opening).await?;
    let Some(entry) = opened.first() else {
        return Err(match revision {
            Some(revision) => {
                let detail = format!("key {key} not found at revision {revision}");
                ApiError::new(ErrorKind::NotFound, ProblemCode::NoKey, detail)
            }
            None => StoreError::NotFound(key).into(),
        });
    };
    Ok(with_cache_headers(
        render_entry(entry, view, form)?,
        entry.revision,
        view,
    ))
}

/// Adds the headers for caches. A 304 has the same headers as a 200, because a cache updates its entry with them.
fn with_cache_headers(mut response: Response, revision: Revision, view: EntryView) -> Response {
    let headers = response.headers_mut();
    headers.insert(ETAG, etag(revision));
    headers.insert(VARY, HeaderValue::from_static("accept, authorization"));
    if view == EntryView::Masked {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    }
    response
}

/// Write a key
#[utoipa::path(
    put,
    path = "/v1/{config}/{section}/keys/{*rest}",
    operation_id = "put_key",
    params(TimeToLive, KeepTtl, Secret, CommitMessage, IfMatch, IfNoneMatch, CommitId),
    request_body(
        description = "The value. application/json is stored as JSON, text/plain as text. With any other type, a JSON object or array is stored as JSON, other UTF-8 as text, and the rest as bytes.",
        content((serde_json::Value = "application/json"), (String = "text/plain"), (ValueBytes = "application/octet-stream"))
    ),
    responses(
        (status = 200, description = "The key was updated.", body = KeyAnswer, headers(("ETag" = String, description = "The entry's revision in quotes."))),
        (status = 201, description = "The key was created.", body = KeyAnswer, headers(("ETag" = String, description = "The entry's revision in quotes."))), Commits)
)]
pub(in crate::http) async fn put(mut context: RequestContext, body: Body) -> Result<Response, ApiError> {
    let key = context.key()?;
    context.check_writes()?;
    let ttl: Option<Ttl> = context.query.take("ttl")?;
    let keep_ttl = context.query.flag("keep-ttl")?.unwrap_or_default();
    let secret = context.query.flag("secret")?;
    let message: Option<Message> = context.query.take("message")?;
    context.query.end()?;
    let ttl = match (ttl, keep_ttl) {
        (Some(_), true) => {
            let detail = "query parameters `ttl` and `keep-ttl` can't be combined";
            return Err(InvalidRequest::Query(detail.into()).into());
        }
        (Some(ttl), false) => TtlChoice::For(ttl),
        (None, true) => TtlChoice::Keep,
        (None, false) => TtlChoice::Never,
    };
    let conditions = Preconditions::read(&context.headers)?;
    let id = header::commit_id(&context.headers)?;
    let encoding = header::encoding(&context.headers)?;
    let max = Value::MAX_BYTES.min(context.api.settings().body_bytes);
    let body = context.body(body, max).await?;
    let value = Value::new(body, encoding).map_err(|error| match error {
        ValueError::TooLarge { size } => InvalidRequest::TooLarge { size, max },
        error => InvalidRequest::Body(error.to_string()),
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
    let commit = CommitHead { id, message };
    let committed = commit_if(&context, &conditions, commit, change).await?;
    let applied = committed.changes.into_iter().next();
    let (entry, previous) = applied.map_or((None, None), |applied| (applied.entry, applied.previous));
    let status = match previous {
        Some(_) => StatusCode::OK,
        None => StatusCode::CREATED,
    };
    let shape = KeyAnswer {
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

/// Delete a key
#[utoipa::path(
    delete,
    path = "/v1/{config}/{section}/keys/{*rest}",
    operation_id = "delete_key",
    params(CommitMessage, IfMatch, IfNoneMatch, CommitId),
    responses((status = 200, description = "The key was deleted.", body = KeyAnswer), Commits)
)]
pub(in crate::http) async fn delete(mut context: RequestContext) -> Result<Json<KeyAnswer>, ApiError> {
    let key = context.key()?;
    context.check_writes()?;
    let message: Option<Message> = context.query.take("message")?;
    context.query.end()?;
    let conditions = Preconditions::read(&context.headers)?;
    let id = header::commit_id(&context.headers)?;
    let commit = CommitHead { id, message };
    let change = Mutation::Delete { key: key.clone() };
    let committed = commit_if(&context, &conditions, commit, change).await?;
    let Some(applied) = committed.changes.into_iter().next() else {
        return Err(StoreError::NotFound(key).into());
    };
    Ok(Json(KeyAnswer {
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
    responses((status = 200, description = "The time to live was renewed.", body = KeyAnswer), Bodies, Reads)
)]
pub(in crate::http) async fn touch(mut context: RequestContext) -> Result<Json<KeyAnswer>, ApiError> {
    let key = context.key()?;
    context.check_writes()?;
    precondition::refuse(&context.headers)?;
    let view = EntryView::of_lines(&mut context)?;
    let ttl: Option<Ttl> = context.query.take("ttl")?;
    context.query.end()?;
    let entry = context
        .deadline
        .in_time(async { Ok(context.store.touch(&key, ttl).await?) })
        .await?;
    Ok(Json(KeyAnswer {
        action: "touch",
        node: view.render_node(&entry),
        prev_node: AnyNode::of(None),
    }))
}

/// How often a write is tried whose conditions list tags, while others write the key.
const TRIES: usize = 10;

/// What a request says of its commit beside the change.
struct CommitHead {
    id: Option<model::CommitId>,
    message: Option<Message>,
}

/// Commits the change of a key if the conditions permit it.
async fn commit_if(
    context: &RequestContext,
    conditions: &Preconditions,
    commit: CommitHead,
    change: Mutation,
) -> Result<Committed, ApiError> {
    let key = change.key().clone();
    let txn = build_txn(context, commit.id, vec![change]).with_message(commit.message);
    if conditions.is_empty() {
        return run_commit(context, txn, EntryView::Masked).await;
    }
    if let Some(guard) = conditions.as_guard(&key) {
        return run_commit(context, txn.guarded([guard]), EntryView::Masked).await;
    }
    // Not a read first: a commit that took place under this ID has to be found whatever the conditions say now.
    let mut guard = conditions.first_guess(&key);
    for _ in 0..TRIES {
        let made = try_commit(context, txn.clone().guarded([guard]), EntryView::Masked).await?;
        let conflict = match made {
            Err(StoreError::Conflict(conflict)) => conflict,
            made => return made.map_err(ApiError::from),
        };
        let found = conflict.current.as_ref().map(|entry| entry.revision);
        guard = match conditions.next_guess(&key, found) {
            Some(guard) => guard,
            None => return Err(ApiError::of_preconditions(&key, &conflict)),
        };
    }
    Err(StoreError::Busy(format!("key {key} is written all the time")).into())
}

/// The consistency in the query, if it has one.
pub(in crate::http) fn take_consistency(
    context: &mut RequestContext,
) -> Result<Option<Consistency>, InvalidRequest> {
    let given: Option<String> = context.query.take("consistency")?;
    match given.as_deref() {
        None => Ok(None),
        Some("strong") => Ok(Some(Consistency::Strong)),
        Some("eventual") => Ok(Some(Consistency::Eventual)),
        Some(other) => Err(InvalidRequest::Query(format!(
            "invalid value {other:?} of query parameter `consistency`: expected strong or eventual"
        ))),
    }
}

async fn find_entry(
    context: &RequestContext,
    key: &Key,
    revision: Option<Revision>,
    read: Consistency,
) -> Result<Option<Entry>, ApiError> {
    match revision {
        Some(revision) => entry_at(&*context.store, key, revision)
            .await
            .map_err(ApiError::of_ops),
        None => Ok(context.store.get(key, read).await?),
    }
}

fn render_entry(entry: &Entry, view: EntryView, form: AnswerForm) -> Result<Response, ApiError> {
    if form == AnswerForm::Node {
        return Ok(Json(KeyAnswer {
            action: "get",
            node: view.render_node(entry),
            prev_node: AnyNode::of(None),
        })
        .into_response());
    }
    if entry.secret && view == EntryView::Masked {
        let detail = format!(
            "key {} is a secret; request its value with reveal=true",
            entry.key
        );
        return Err(ApiError::denied(detail));
    }
    let is_text = form == AnswerForm::Text && entry.value.kind() != ValueKind::Bytes;
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
