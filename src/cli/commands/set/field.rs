//! `--field`: sets one field of a JSON value, and leaves the rest as it was written.

use std::time::Duration;

use tokio::time::sleep;

use crate::cli::failure::Failure;
use crate::cli::field::{document, field_not_found, unreadable};
use crate::formats::{JsonDocument, JsonField};
use crate::model::{Backoff, Encoding, ErrorKind, Guard, Jitter, Key, Mutation, Value, ValueKind};
use crate::store::{Committed, Consistency, Store, StoreError, StoreExt as _, Txn};

/// How often it is tried while others write the key, unless the caller gave a guard.
const TRIES: u32 = 10;
const BACKOFF: Backoff = Backoff::new(Duration::from_millis(10), Duration::from_millis(500));

/// Commits `txn`, which sets one key to what is given for the field, with the whole value in its place. It is guarded by
/// the revision that was read.
pub(super) async fn update_field(
    field: &JsonField,
    encoding: Encoding,
    txn: Txn,
    store: &dyn Store,
) -> Result<Committed, FieldStop> {
    let [
        Mutation::Set {
            key, value: given, ..
        },
    ] = &txn.changes[..]
    else {
        return Err(FieldStop::Failure(Failure::usage(
            "--field sets a field of a single key",
        )));
    };
    let update = FieldUpdate {
        key,
        field,
        encoding,
        given,
    };
    let mut failed = 0;
    loop {
        let entry = store.get(key, Consistency::Strong).await?;
        let revealed = store.reveal(Vec::from_iter(entry)).await?;
        let Some(entry) = revealed.into_iter().next() else {
            return Err(StoreError::NotFound(key.clone()).into());
        };
        let whole = update.whole(&entry.value)?;
        let unchanged = Guard::Revision(key.clone(), entry.revision);
        let mut write = txn.clone().guarded([unchanged]);
        for change in &mut write.changes {
            if let Mutation::Set { value, .. } = change {
                *value = whole.clone();
            }
        }
        match store.write(write).await {
            Err(StoreError::Conflict(_)) if txn.guards.is_empty() && failed + 1 < TRIES => {}
            committed => return Ok(committed?),
        }
        sleep(Jitter::HalfShorter.draw(BACKOFF.pause(failed))).await;
        failed += 1;
    }
}

/// What is given for a field.
struct FieldUpdate<'a> {
    key: &'a Key,
    field: &'a JsonField,
    encoding: Encoding,
    given: &'a Value,
}

impl FieldUpdate<'_> {
    /// The value with the field set.
    fn whole(&self, value: &Value) -> Result<Value, Failure> {
        let key = self.key;
        let document = document(key, value)?;
        let unreadable = |error| unreadable(key, &error);
        let there = self.field.find(document).map_err(unreadable)?;
        let source = self.source(there)?;
        match self.field.replace(document, &source).map_err(unreadable)? {
            Some(whole) => Ok(Value::new(whole, Encoding::Json)?),
            None => Err(field_not_found(key, self.field)
                .hint("only the last name of a field can be new: set what holds it first, with --json")),
        }
    }

    /// What is given, as JSON of the type that the field has.
    fn source(&self, there: Option<&str>) -> Result<String, Failure> {
        let given = self.given;
        let wanted = match (self.encoding, there) {
            (Encoding::Json, _) => JsonType::Any,
            (Encoding::Text, _) => JsonType::String,
            (_, Some(there)) => JsonType::of(there),
            (_, None) => JsonType::Any,
        };
        let misfit = |expected: &str| {
            let message = format!(
                "the value does not fit field {} of key {}: expected {expected}",
                self.field, self.key
            );
            Failure::new(ErrorKind::Invalid, message).hint("--json stores any JSON, --text a string")
        };
        let text = given.as_text().ok_or_else(|| misfit("text"))?;
        let is_json = || JsonDocument::parse(text).is_ok();
        // A field without a type takes what a key would.
        let takes_text = self.encoding != Encoding::Json
            && match wanted {
                JsonType::String => true,
                JsonType::Any => given.kind() != ValueKind::Json,
                _ => false,
            };
        if takes_text {
            return serde_json::to_string(text)
                .map_err(|error| Failure::internal("the value has no JSON form", &error));
        }
        if !is_json() || wanted != JsonType::Any && JsonType::of(text.trim()) != wanted {
            return Err(misfit(wanted.named()));
        }
        Ok(text.trim().to_owned())
    }
}

/// Why a field was not set.
pub(super) enum FieldStop {
    Store(StoreError),
    Failure(Failure),
}

impl From<StoreError> for FieldStop {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Failure> for FieldStop {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

/// The type of a JSON value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum JsonType {
    Object,
    Array,
    String,
    Number,
    Boolean,
    /// Of a field that is new, or null.
    Any,
}

impl JsonType {
    fn of(source: &str) -> Self {
        match source.as_bytes().first() {
            Some(b'{') => Self::Object,
            Some(b'[') => Self::Array,
            Some(b'"') => Self::String,
            Some(b't' | b'f') => Self::Boolean,
            Some(b'n') => Self::Any,
            _ => Self::Number,
        }
    }

    fn named(self) -> &'static str {
        match self {
            Self::Object => "an object",
            Self::Array => "an array",
            Self::String => "a string",
            Self::Number => "a number",
            Self::Boolean => "true or false",
            Self::Any => "JSON",
        }
    }
}
