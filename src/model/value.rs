use std::fmt;
use std::str;

use serde::{Deserialize, Serialize};

use super::Grouped;

/// What the bytes of a value are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum ValueKind {
    /// A JSON document, as it was written.
    Json,
    /// UTF-8 text.
    Text,
    /// Any bytes.
    Bytes,
}

impl ValueKind {
    /// The word for it in JSON and in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Text => "text",
            Self::Bytes => "bytes",
        }
    }
}

impl fmt::Display for ValueKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// How the kind of given bytes is decided.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Encoding {
    /// An object or array is `json`, other UTF-8 is `text`, the rest is `bytes`.
    #[default]
    Detect,
    /// JSON, scalars too; anything else is an error.
    Json,
    /// UTF-8 text, whatever it holds; anything else is an error.
    Text,
}

/// Bytes as given, with a kind: at most 190,000 bytes. An empty value is a value.
///
/// `Debug` shows kind and length, never the content: a value may be a secret.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Value {
    kind: ValueKind,
    bytes: Vec<u8>,
}

/// Why bytes are no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ValueError {
    /// Over the limit.
    #[error("value too large: {} bytes; the limit is {}", Grouped(*.size), Grouped(Value::MAX_BYTES))]
    TooLarge {
        /// Its size in bytes.
        size: usize,
    },
    /// JSON was asked for, and it isn't.
    #[error("invalid JSON value at line {line}, column {column}: {problem}")]
    Json {
        /// What is wrong, without quoting the value.
        problem: &'static str,
        /// The line of the fault, from 1.
        line: usize,
        /// The column of the fault, from 1.
        column: usize,
    },
    /// Text was asked for, and it isn't UTF-8.
    #[error("the value is not valid UTF-8 (at byte {position})")]
    Text {
        /// The number of bytes before the fault.
        position: usize,
    },
    /// What was given has no form in JSON.
    #[error("cannot convert the value to JSON: {0}")]
    Unwritable(String),
}

impl Value {
    /// The largest value, in bytes. A change line holds the new value and the one before within DynamoDB's item
    /// limit of 400 KB (DynamoDB quotas, "Item size").
    pub const MAX_BYTES: usize = 190_000;

    /// The value of that text, whatever it holds.
    ///
    /// ```
    /// use discfg::model::{Value, ValueKind};
    ///
    /// assert_eq!(Value::text("[1]")?.kind(), ValueKind::Text);
    /// assert_eq!(Value::json(&[1])?.as_text(), Some("[1]"));
    /// assert_eq!(Value::bytes_of(b"[1]")?.kind(), ValueKind::Bytes);
    /// # Ok::<(), discfg::model::ValueError>(())
    /// ```
    pub fn text(text: impl Into<String>) -> Result<Self, ValueError> {
        Self::new(text.into(), Encoding::Text)
    }

    /// The value that is this as JSON.
    pub fn json<T: Serialize + ?Sized>(content: &T) -> Result<Self, ValueError> {
        let bytes = serde_json::to_vec(content).map_err(|error| ValueError::Unwritable(error.to_string()))?;
        if bytes.len() > Self::MAX_BYTES {
            return Err(ValueError::TooLarge { size: bytes.len() });
        }
        Ok(Self {
            kind: ValueKind::Json,
            bytes,
        })
    }

    /// The value of these bytes, whatever they are.
    pub fn bytes_of(bytes: impl Into<Vec<u8>>) -> Result<Self, ValueError> {
        Self::from_stored(ValueKind::Bytes, bytes.into())
    }

    /// The value of these bytes, its kind decided by `encoding`.
    pub fn new(bytes: impl Into<Vec<u8>>, encoding: Encoding) -> Result<Self, ValueError> {
        let bytes = bytes.into();
        if bytes.len() > Self::MAX_BYTES {
            return Err(ValueError::TooLarge { size: bytes.len() });
        }
        let kind = match encoding {
            Encoding::Json => check_json(&bytes).map(|()| ValueKind::Json)?,
            Encoding::Text => text_of(&bytes).map(|_| ValueKind::Text)?,
            Encoding::Detect if is_json_container(&bytes) => ValueKind::Json,
            Encoding::Detect if str::from_utf8(&bytes).is_ok() => ValueKind::Text,
            Encoding::Detect => ValueKind::Bytes,
        };
        Ok(Self { kind, bytes })
    }

    /// The value as it was stored, its kind known. Any bytes may have been put there past discfg, so they are checked
    /// as those of a new value are: formats write JSON as it is.
    pub fn from_stored(kind: ValueKind, bytes: Vec<u8>) -> Result<Self, ValueError> {
        if bytes.len() > Self::MAX_BYTES {
            return Err(ValueError::TooLarge { size: bytes.len() });
        }
        match kind {
            ValueKind::Json => check_json(&bytes)?,
            ValueKind::Text => {
                text_of(&bytes)?;
            }
            ValueKind::Bytes => {}
        }
        Ok(Self { kind, bytes })
    }

    /// What the bytes are.
    pub fn kind(&self) -> ValueKind {
        self.kind
    }

    /// The bytes as given.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The value as text, unless it is `bytes`.
    pub fn as_text(&self) -> Option<&str> {
        if self.kind == ValueKind::Bytes {
            None
        } else {
            str::from_utf8(&self.bytes).ok()
        }
    }

    /// The size in bytes.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether there are no bytes.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Value({}, {} bytes)", self.kind, self.bytes.len())
    }
}

fn text_of(bytes: &[u8]) -> Result<&str, ValueError> {
    str::from_utf8(bytes).map_err(|error| ValueError::Text {
        position: error.valid_up_to(),
    })
}

fn check_json(bytes: &[u8]) -> Result<(), ValueError> {
    // A string that is skipped isn't looked at, so this comes first.
    let text = text_of(bytes)?;
    serde_json::from_str::<serde::de::IgnoredAny>(text)
        .map(drop)
        .map_err(|error| {
            let problem = match error.classify() {
                serde_json::error::Category::Eof => "unexpected end",
                _ => "syntax error",
            };
            ValueError::Json {
                problem,
                line: error.line().max(1),
                column: error.column().max(1),
            }
        })
}

fn is_json_container(bytes: &[u8]) -> bool {
    let first = bytes.iter().find(|b| !b.is_ascii_whitespace());
    // Most values are scalars: only what begins like a container is parsed at all.
    matches!(first, Some(b'{' | b'[')) && check_json(bytes).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn kind(bytes: &[u8], encoding: Encoding) -> Result<ValueKind, ValueError> {
        Value::new(bytes, encoding).map(|v| v.kind())
    }

    #[test]
    fn scalars_are_text_unless_json_is_asked_for() {
        assert_eq!(kind(b"1.10", Encoding::Detect), Ok(ValueKind::Text));
        assert_eq!(kind(b"1.10", Encoding::Json), Ok(ValueKind::Json));
        assert_eq!(kind(b"true", Encoding::Detect), Ok(ValueKind::Text));
        assert_eq!(kind(b" {\"a\": 1}\n", Encoding::Detect), Ok(ValueKind::Json));
        assert_eq!(kind(b"[1,2]", Encoding::Detect), Ok(ValueKind::Json));
        assert_eq!(kind(b"[1,2]", Encoding::Text), Ok(ValueKind::Text));
        assert_eq!(kind(b"{not json", Encoding::Detect), Ok(ValueKind::Text));
        assert_eq!(kind(b"", Encoding::Detect), Ok(ValueKind::Text));
        assert_eq!(kind(b"\xff\x00", Encoding::Detect), Ok(ValueKind::Bytes));
    }

    #[test]
    fn what_does_not_fit_is_named() {
        assert_eq!(
            kind(b"\xff", Encoding::Text),
            Err(ValueError::Text { position: 0 })
        );
        assert!(matches!(
            kind(b"{\"a\":", Encoding::Json),
            Err(ValueError::Json { line: 1, .. })
        ));
        assert!(matches!(kind(b"", Encoding::Json), Err(ValueError::Json { .. })));
        assert!(kind(b"\"\xff\"", Encoding::Json).is_err());
        assert_eq!(kind(b"[\"\xff\"]", Encoding::Detect), Ok(ValueKind::Bytes));
    }

    #[test]
    fn stored_bytes_are_of_their_kind() {
        use ValueKind::{Bytes, Json, Text};
        let sound = |kind, bytes: &[u8]| Value::from_stored(kind, bytes.to_vec()).is_ok();
        for json in ["{\"a\": 1}", " [1]\n", "1", "null", "\"a\""] {
            assert!(sound(Json, json.as_bytes()), "{json}");
        }
        for bad in [
            "",
            "1, \"/good/x\": \"forged\"",
            "1\nOTHER = 2",
            "{} {}",
            "a",
            "{\"a\":",
        ] {
            assert!(!sound(Json, bad.as_bytes()), "{bad}");
            assert!(sound(Text, bad.as_bytes()), "{bad}");
        }
        for (kind, bytes) in [
            (Json, &b"\"\xff\""[..]),
            (Text, b"\xff"),
            (Bytes, &vec![0; 190_001]),
        ] {
            assert!(!sound(kind, bytes), "{kind}");
        }
        assert!(sound(Bytes, &vec![0xff; 190_000]));
    }

    #[test]
    fn the_limit_is_exact() {
        assert!(Value::new(vec![b'x'; 190_000], Encoding::Detect).is_ok());
        assert_eq!(
            Value::new(vec![b'x'; 190_001], Encoding::Detect),
            Err(ValueError::TooLarge { size: 190_001 })
        );
    }

    #[test]
    fn debug_shows_no_content() {
        let value = Value::new("hunter2", Encoding::Detect).expect("a value");
        assert_eq!(format!("{value:?}"), "Value(text, 7 bytes)");
    }

    proptest! {
        #[test]
        fn bytes_stay_as_given(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let value = Value::new(bytes.clone(), Encoding::Detect).expect("any bytes are a value");
            prop_assert_eq!(value.bytes(), bytes.as_slice());
            prop_assert_eq!(Value::from_stored(value.kind(), bytes), Ok(value));
        }
    }
}
