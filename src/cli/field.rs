//! Fields of JSON values.

use crate::cli::failure::Failure;
use crate::formats::JsonField;
use crate::model::{Encoding, ErrorKind, Key, Value, ValueKind};

/// The document that a value is. Fails for text and bytes, which have no fields.
pub(super) fn document<'v>(key: &Key, value: &'v Value) -> Result<&'v str, Failure> {
    match (value.kind(), value.as_text()) {
        (ValueKind::Json, Some(text)) => Ok(text),
        (kind, _) => {
            let message = format!("key {key} has no fields: its value is {kind}, not JSON");
            Err(Failure::new(ErrorKind::Invalid, message)
                .hint(format!("`discfg set {key} --json VALUE` stores JSON")))
        }
    }
}

/// A field as a value: a string as text, anything else as JSON. None if it isn't there.
pub(super) fn field_value(key: &Key, value: &Value, field: &JsonField) -> Result<Option<Value>, Failure> {
    let Some(source) = field
        .find(document(key, value)?)
        .map_err(|error| unreadable(key, &error))?
    else {
        return Ok(None);
    };
    let string: Option<String> = serde_json::from_str(source).ok();
    Ok(Some(match string {
        Some(text) => Value::text(text)?,
        None => Value::new(source, Encoding::Json)?,
    }))
}

pub(super) fn unreadable(key: &Key, error: &serde_json::Error) -> Failure {
    Failure::caused(
        ErrorKind::Invalid,
        format!("cannot read the JSON value of key {key}"),
        error,
    )
}

/// Says that a field doesn't exist.
pub(super) fn field_not_found(key: &Key, field: &JsonField) -> Failure {
    Failure::new(
        ErrorKind::NotFound,
        format!("field {field} of key {key} not found"),
    )
}
