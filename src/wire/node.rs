//! Entries, for people.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::value::RawValue;

use super::stored::StoredNode;
use crate::model::{self, Entry, Key, Revision, Value, ValueKind};

/// An entry. It has no value if none was requested or the value is masked.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema), schema(as = Node))]
pub struct EntryNode {
    key: String,
    kind: ValueKind,
    version: u64,
    revision: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "http", schema(value_type = serde_json::Value, required = false))]
    value: Option<Box<RawValue>>,
    created: String,
    modified: String,
    by: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    secret: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    masked: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    ttl: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<String>,
}

impl EntryNode {
    /// The entry with its value; a secret is masked.
    pub fn new(entry: &Entry) -> Self {
        let value = (!entry.secret).then(|| value(&entry.value)).flatten();
        Self {
            value,
            masked: entry.secret,
            ..Self::without_value(entry)
        }
    }

    /// The entry with its value, shown even if it is a secret.
    pub fn revealed(entry: &Entry) -> Self {
        Self {
            kind: entry.value.kind(),
            value: value(&entry.value),
            ..Self::without_value(entry)
        }
    }

    /// The entry without its value.
    pub fn without_value(entry: &Entry) -> Self {
        Self {
            key: entry.key.to_string(),
            kind: kind(&entry.value, entry.secret),
            version: entry.version,
            revision: entry.revision.get(),
            value: None,
            created: entry.created.to_string(),
            modified: entry.modified.to_string(),
            by: entry.by.clone(),
            secret: entry.secret,
            masked: false,
            ttl: entry.ttl.map(crate::model::Ttl::seconds),
            expires: entry.expires.map(|expires| expires.to_string()),
        }
    }
}

/// What a value is, of a secret what is within.
pub(super) fn kind(value: &Value, secret: bool) -> ValueKind {
    if secret {
        model::Envelope::kind_of(value)
    } else {
        value.kind()
    }
}

/// A value in JSON: a document as it is, text as a string, bytes as base64 text.
pub(super) fn value(value: &Value) -> Option<Box<RawValue>> {
    let json = match (value.kind(), value.as_text()) {
        (ValueKind::Json, Some(text)) => return RawValue::from_string(compact(text)).ok(),
        (_, Some(text)) => serde_json::to_string(text),
        (_, None) => serde_json::to_string(&STANDARD.encode(value.bytes())),
    };
    json.ok().and_then(|json| RawValue::from_string(json).ok())
}

/// The same document on one line: white space between tokens is dropped, every token stays as it was written.
fn compact(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let (mut in_string, mut escaped) = (false, false);
    for c in json.chars() {
        if in_string {
            in_string = escaped || c != '"';
            escaped = !escaped && c == '\\';
        } else if c.is_ascii_whitespace() {
            continue;
        } else {
            in_string = c == '"';
        }
        out.push(c);
    }
    out
}

/// A deleted key.
#[derive(Debug, Serialize)]
pub struct GoneNode {
    key: Key,
    revision: u64,
}

/// The replacement for a key that does not exist: without the version of an entry.
#[derive(Debug, Serialize)]
pub struct StandInNode {
    key: Key,
    kind: ValueKind,
    value: Option<Box<RawValue>>,
}

/// Nothing: `{}`.
#[derive(Debug, Serialize)]
pub struct EmptyNode {}

/// The content of `node` and `prevNode`.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum AnyNode {
    /// An entry.
    Entry(Box<EntryNode>),
    /// A deleted entry.
    Gone(GoneNode),
    /// The default value given for a missing entry.
    StandIn(StandInNode),
    /// An entry without loss.
    Stored(Box<StoredNode>),
    /// No entry.
    Nothing(EmptyNode),
}

impl AnyNode {
    /// The entry, or `{}`.
    pub fn of(entry: Option<&Entry>) -> Self {
        match entry {
            Some(entry) => Self::Entry(Box::new(EntryNode::new(entry))),
            None => Self::Nothing(EmptyNode {}),
        }
    }

    /// The entry with its value, shown even if it is a secret.
    pub fn revealed(entry: &Entry) -> Self {
        Self::Entry(Box::new(EntryNode::revealed(entry)))
    }

    /// The default value given for a missing key.
    pub fn stand_in(key: &Key, given: &Value) -> Self {
        Self::StandIn(StandInNode {
            key: key.clone(),
            kind: given.kind(),
            value: value(given),
        })
    }

    /// A key that a commit removed.
    pub fn gone(key: &Key, revision: Revision) -> Self {
        Self::Gone(GoneNode {
            key: key.clone(),
            revision: revision.get(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Encoding, Timestamp};
    use crate::wire::KeyAnswer;

    fn entry(value: Value) -> Entry {
        Entry {
            key: "/mykey".parse().expect("a key"),
            value,
            version: 2,
            revision: Revision::new(7),
            created: Timestamp::from_epoch(0),
            modified: Timestamp::from_epoch(1),
            by: "me".into(),
            secret: false,
            ttl: None,
            expires: None,
        }
    }

    fn json(value: Value) -> String {
        let node = AnyNode::of(Some(&entry(value)));
        let envelope = KeyAnswer {
            action: "get",
            node,
            prev_node: AnyNode::of(None),
        };
        serde_json::to_string(&envelope).expect("JSON")
    }

    #[test]
    fn the_shape_of_get() {
        let value = Value::new("{\"foo\": 1.10}\n", Encoding::Detect).expect("a value");
        assert_eq!(
            json(value),
            r#"{"action":"get","node":{"key":"/mykey","kind":"json","version":2,"revision":7,"value":{"foo":1.10},"created":"1970-01-01T00:00:00Z","modified":"1970-01-01T00:00:01Z","by":"me"},"prevNode":{}}"#
        );
    }

    #[test]
    fn text_is_a_string_and_bytes_are_base64() {
        let text = Value::new("1.10", Encoding::Detect).expect("a value");
        assert!(json(text).contains(r#""value":"1.10""#));
        let bytes = Value::new(vec![0xff, 0x00], Encoding::Detect).expect("a value");
        assert!(json(bytes).contains(r#""kind":"bytes","version":2,"revision":7,"value":"/wA=""#));
    }

    #[test]
    fn a_secret_is_masked() {
        let value = Value::new("hunter2", Encoding::Detect).expect("a value");
        let node = EntryNode::new(&Entry {
            secret: true,
            ..entry(value)
        });
        let json = serde_json::to_string(&node).expect("JSON");
        assert!(
            json.contains(r#""masked":true"#) && !json.contains("hunter2"),
            "{json}"
        );
    }
}
