use axum::Json;
use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::http::error::ApiError;
use crate::http::invalid_request::InvalidRequest;
use crate::http::openapi::{Bodies, Reads};
use crate::http::request::context::RequestContext;
use crate::http::request::header::check_json;
use crate::http::request::precondition;
use crate::model::Key;
use crate::store::{DataKey, StoreError};
use crate::wire::{KeySubject, PlainKey, Problem, WrappedKey};

/// A body holds one key, and one data key that is wrapped.
const BODY_BYTES: usize = 128 * 1024;

/// Generate a data key, for a client that encrypts secrets itself
#[utoipa::path(
    post,
    path = "/v1/{config}/@datakeys/generate/{section}",
    operation_id = "generate_data_key",
    request_body(content = KeySubject, content_type = "application/json", description = "The secret that the key is for."),
    responses(
        (status = 200, description = "A new data key.", body = PlainKey),
        (status = 413, description = "The body is too large.", body = Problem, content_type = "application/problem+json"), Bodies, Reads)
)]
pub(in crate::http) async fn generate(
    context: RequestContext,
    body: Body,
) -> Result<Json<PlainKey>, ApiError> {
    context.data_key_section()?;
    context.check_writes()?;
    context.query.end()?;
    precondition::refuse(&context.headers)?;
    check_json(&context.headers)?;
    let KeySubject { key } = context.json(body, BODY_BYTES).await?;
    check_key(&context, &key)?;
    let made = async { Ok(context.store.data_keys().generate(&key).await?) };
    let (plain, wrapped) = context.deadline.in_time(made).await?;
    Ok(Json(render_key(&plain, &wrapped)))
}

/// Decrypt a data key, for a client that decrypts secrets itself
#[utoipa::path(
    post,
    path = "/v1/{config}/@datakeys/unwrap/{section}",
    operation_id = "unwrap_data_key",
    request_body(content = WrappedKey, content_type = "application/json", description = "The encrypted data key."),
    responses(
        (status = 200, description = "The data key.", body = PlainKey),
        (status = 413, description = "The body is too large.", body = Problem, content_type = "application/problem+json"), Bodies, Reads)
)]
pub(in crate::http) async fn unwrap(context: RequestContext, body: Body) -> Result<Json<PlainKey>, ApiError> {
    context.data_key_section()?;
    if !context.caller.decrypts {
        return Err(ApiError::denied("this caller can't decrypt secrets"));
    }
    context.query.end()?;
    precondition::refuse(&context.headers)?;
    check_json(&context.headers)?;
    let WrappedKey { wrapped, key } = context.json(body, BODY_BYTES).await?;
    check_key(&context, &key)?;
    let wrapped = STANDARD
        .decode(wrapped)
        .map_err(|_| InvalidRequest::Body("field `wrapped` is not valid base64".into()))?;
    let unwrapping = async {
        let unwrapped = context.store.data_keys().unwrap(&wrapped, &key).await;
        unwrapped.map_err(|error| match error {
            // Here it was sent, not stored.
            StoreError::Corrupt { .. } => {
                InvalidRequest::Body("field `wrapped` is not a data key of this config".into()).into()
            }
            error => ApiError::from(error),
        })
    };
    let plain = context.deadline.in_time(unwrapping).await?;
    Ok(Json(render_key(&plain, &wrapped)))
}

/// Refuses a key outside the section in the path.
fn check_key(context: &RequestContext, key: &Key) -> Result<(), ApiError> {
    let (of, named) = (key.section(), context.data_key_section()?);
    if of == named {
        return Ok(());
    }
    let detail = format!("key {key} belongs to section {of}, but the URL is for section {named}");
    Err(InvalidRequest::Body(detail).into())
}

fn render_key(plain: &DataKey, wrapped: &[u8]) -> PlainKey {
    PlainKey {
        plain: STANDARD.encode(plain.bytes()),
        wrapped: STANDARD.encode(wrapped),
    }
}
