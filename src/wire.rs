//! The JSON shapes of discfg: for `-f json`, for HTTP bodies and for the HTTP engine.

mod answer;
mod change_line;
mod commit;
mod problem;
mod problem_code;
#[cfg(feature = "cli")]
pub(crate) mod result;
#[cfg(feature = "http")]
mod schema;
mod section;
mod stored;

pub use answer::{
    Changes, CommitAnswer, Heads, KeyHistory, KeySubject, Line, Page, PlainKey, Snapshot, StateAnswer,
    StoredEnvelope, WrappedKey,
};
pub use change_line::ChangeLine;
pub use commit::{ChangeName, ChangeSpec, CommitRequest, GuardName, GuardSpec, Written};
pub use problem::{Problem, ProblemLayout, ProblemLimit};
pub use problem_code::ProblemCode;
pub use section::SectionHead;
pub use stored::{ShapeError, StoredChange, StoredNode};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::model::{self, BadSection, Entry, Head, Key, Revision, Value, ValueKind};

/// An entry. Without a value where it isn't asked for or is masked.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema))]
pub struct Node {
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

impl Node {
    /// The entry with its value; a secret is masked.
    pub fn new(entry: &Entry) -> Self {
        let value = (!entry.secret).then(|| value(&entry.value)).flatten();
        Self {
            value,
            masked: entry.secret,
            ..Self::without_value(entry)
        }
    }

    /// The entry with its value, which is shown although it is a secret.
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
fn kind(value: &Value, secret: bool) -> ValueKind {
    if secret {
        model::Envelope::kind_of(value)
    } else {
        value.kind()
    }
}

/// A value in JSON: a document as it is, text as a string, bytes as base64 text.
fn value(value: &Value) -> Option<Box<RawValue>> {
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

/// A key that is no longer there.
#[derive(Debug, Serialize)]
pub struct Gone {
    key: Key,
    revision: u64,
}

/// What stands in for a key that isn't there: without the version of an entry.
#[derive(Debug, Serialize)]
pub struct StandIn {
    key: Key,
    kind: ValueKind,
    value: Option<Box<RawValue>>,
}

/// Nothing: `{}`.
#[derive(Debug, Serialize)]
pub struct Nothing {}

/// What stands in `node` and `prevNode`.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum AnyNode {
    /// An entry.
    Entry(Box<Node>),
    /// What is left of a deleted one.
    Gone(Gone),
    /// A value that was given for the case that there is none.
    StandIn(StandIn),
    /// An entry without loss.
    Stored(Box<StoredNode>),
    /// No entry.
    Nothing(Nothing),
}

impl AnyNode {
    /// The entry, or `{}`.
    pub fn of(entry: Option<&Entry>) -> Self {
        match entry {
            Some(entry) => Self::Entry(Box::new(Node::new(entry))),
            None => Self::Nothing(Nothing {}),
        }
    }

    /// The entry with its value, which is shown although it is a secret.
    pub fn revealed(entry: &Entry) -> Self {
        Self::Entry(Box::new(Node::revealed(entry)))
    }

    /// What the caller gave for the case that the key isn't there.
    pub fn stand_in(key: &Key, given: &Value) -> Self {
        Self::StandIn(StandIn {
            key: key.clone(),
            kind: given.kind(),
            value: value(given),
        })
    }

    /// A key that a commit removed.
    pub fn gone(key: &Key, revision: Revision) -> Self {
        Self::Gone(Gone {
            key: key.clone(),
            revision: revision.get(),
        })
    }
}

/// What a command on one key answers.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema))]
pub struct Envelope {
    /// The command.
    pub action: &'static str,
    /// The entry that it read or made.
    pub node: AnyNode,
    /// The entry that it replaced or deleted.
    #[serde(rename = "prevNode")]
    pub prev_node: AnyNode,
}

/// What `ls` answers.
#[derive(Debug, Serialize)]
pub struct Listing {
    /// `ls`
    pub action: &'static str,
    /// The entries.
    pub nodes: Vec<Node>,
    /// The folders, with their trailing slash.
    pub folders: Vec<String>,
    /// The sections that can't be read, and so are left out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub bad: Vec<BadSection>,
}

/// One key that a plan changes, or that differs between two sides.
#[derive(Debug, Serialize)]
pub struct PlannedChange {
    op: &'static str,
    key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<Side>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<Side>,
}

/// A value with whether it is a secret, where it is to be shown.
pub type Shown<'v> = Option<(&'v Value, bool)>;

#[derive(Debug, Serialize)]
struct Side {
    kind: ValueKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    masked: bool,
}

impl PlannedChange {
    /// The change, with the values before and after where they are to be shown; a secret is masked.
    pub fn new(op: &'static str, key: String, (from, to): (Shown<'_>, Shown<'_>)) -> Self {
        let side = |(shown, secret): (&Value, bool)| Side {
            kind: kind(shown, secret),
            value: (!secret).then(|| value(shown)).flatten(),
            masked: secret,
        };
        Self {
            op,
            key,
            from: from.map(side),
            to: to.map(side),
        }
    }
}

/// Where a section stands after a commit.
#[derive(Debug, Serialize)]
pub struct SectionRevision {
    name: String,
    revision: u64,
}

impl SectionRevision {
    /// The section of that head.
    pub fn new(head: &Head) -> Self {
        Self {
            name: head.section.to_string(),
            revision: head.revision.get(),
        }
    }
}

/// What the commands answer that carry out a plan.
#[derive(Debug, Serialize)]
pub struct Applied {
    /// The command.
    pub action: &'static str,
    /// The config that it changes.
    pub config: String,
    /// `applied`, `unchanged` or `planned`.
    pub result: &'static str,
    /// Keys that are new.
    pub added: usize,
    /// Keys with another value than before.
    pub changed: usize,
    /// Keys that are gone.
    pub removed: usize,
    /// Keys that were as they are to be.
    pub unchanged: usize,
    /// The keys that change.
    pub changes: Vec<PlannedChange>,
    /// The sections that were written.
    pub sections: Vec<SectionRevision>,
}

/// What `diff` answers.
#[derive(Debug, Serialize)]
pub struct Compared {
    /// `diff`
    pub action: &'static str,
    /// Whether there is no difference.
    pub same: bool,
    /// The names that differ.
    pub changes: Vec<PlannedChange>,
}

/// What `history` answers.
#[derive(Debug, Serialize)]
pub struct History {
    /// `history`
    pub action: &'static str,
    /// The key.
    pub key: String,
    /// The lines of its log, newest first.
    pub changes: Vec<ChangeLine>,
}

/// A section in [`Info`].
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema))]
pub struct SectionInfo {
    name: String,
    revision: u64,
    keys: usize,
    modified: Option<String>,
}

impl SectionInfo {
    /// The section of that head, with its number of keys.
    pub fn new(head: &Head, keys: usize) -> Self {
        Self {
            name: head.section.to_string(),
            revision: head.revision.get(),
            keys,
            modified: head.modified.map(|modified| modified.to_string()),
        }
    }
}

/// What `info` answers.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema))]
pub struct Info {
    /// `info`
    pub action: &'static str,
    /// The config.
    pub config: String,
    /// The engine.
    pub engine: String,
    /// The engine's state.
    pub state: String,
    /// The sum of all sections' revisions.
    pub version: u64,
    /// The sections.
    pub sections: Vec<SectionInfo>,
    /// Names the content, without the keys that have a time to live. None where a section can't be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// The sections that can't be read, and so are left out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub bad: Vec<BadSection>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Encoding, Timestamp};

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
        let envelope = Envelope {
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
        let node = Node::new(&Entry {
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
