use axum::Json;
use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::http::error::Failure;
use crate::http::openapi::Reads;
use crate::http::refusal::Refusal;
use crate::http::request::context::Asked;
use crate::http::request::header::check_json;
use crate::model::Key;
use crate::store::{DataKey, StoreError};
use crate::wire::{KeySubject, PlainKey, Problem, WrappedKey};

/// A body holds one key, and one data key that is wrapped.
const BODY_BYTES: usize = 128 * 1024;

/// Make a data key, for a client that encrypts secrets itself
#[utoipa::path(
    post,
    path = "/v1/{config}/@datakeys/generate/{section}",
    operation_id = "generate_data_key",
    request_body(content = KeySubject, content_type = "application/json", description = "The secret that it is for."),
    responses(
        (status = 200, description = "A new data key.", body = PlainKey),
        (status = 413, description = "The body is over its limit.", body = Problem, content_type = "application/problem+json"), Reads)
)]
pub(in crate::http) async fn generate(asked: Asked, body: Body) -> Result<Json<PlainKey>, Failure> {
    asked.section_of_data_keys()?;
    asked.writes()?;
    asked.query.end()?;
    check_json(&asked.headers)?;
    let KeySubject { key } = asked.json(body, BODY_BYTES).await?;
    named(&asked, &key)?;
    let made = async { Ok(asked.store.data_keys().generate(&key).await?) };
    let (plain, wrapped) = asked.deadline.in_time(made).await?;
    Ok(Json(shape(&plain, &wrapped)))
}

/// Unwrap a data key, for a client that decrypts secrets itself
#[utoipa::path(
    post,
    path = "/v1/{config}/@datakeys/unwrap/{section}",
    operation_id = "unwrap_data_key",
    request_body(content = WrappedKey, content_type = "application/json", description = "The data key as it is stored."),
    responses(
        (status = 200, description = "The data key.", body = PlainKey),
        (status = 413, description = "The body is over its limit.", body = Problem, content_type = "application/problem+json"), Reads)
)]
pub(in crate::http) async fn unwrap(asked: Asked, body: Body) -> Result<Json<PlainKey>, Failure> {
    asked.section_of_data_keys()?;
    if !asked.caller.decrypts {
        return Err(Failure::denied("this caller may not have secrets decrypted"));
    }
    asked.query.end()?;
    check_json(&asked.headers)?;
    let WrappedKey { wrapped, key } = asked.json(body, BODY_BYTES).await?;
    named(&asked, &key)?;
    let wrapped = STANDARD
        .decode(wrapped)
        .map_err(|_| Refusal::Body("wrapped is no base64 text".into()))?;
    let unwrapping = async {
        let unwrapped = asked.store.data_keys().unwrap(&wrapped, &key).await;
        unwrapped.map_err(|error| match error {
            // Here it was sent, not stored.
            StoreError::Corrupt { .. } => {
                Refusal::Body("wrapped is no data key of this config".into()).into()
            }
            error => Failure::from(error),
        })
    };
    let plain = asked.deadline.in_time(unwrapping).await?;
    Ok(Json(shape(&plain, &wrapped)))
}

/// Refuses a key that is not of the section that the path names.
fn named(asked: &Asked, key: &Key) -> Result<(), Failure> {
    let (of, named) = (key.section(), asked.section_of_data_keys()?);
    if of == named {
        return Ok(());
    }
    let told = format!("the key {key} is of the section {of}; the path names {named}");
    Err(Refusal::Body(told).into())
}

fn shape(plain: &DataKey, wrapped: &[u8]) -> PlainKey {
    PlainKey {
        plain: STANDARD.encode(plain.bytes()),
        wrapped: STANDARD.encode(wrapped),
    }
}
