//! The same shapes without loss: every value is a string that holds its exact bytes, a secret's as it is encrypted.

use std::collections::BTreeMap;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::model::{
    Change, CommitId, Entry, Key, LoggedValue, Op, Previous, Revision, Section, Timestamp, Ttl, Value,
    ValueError, ValueKind, is_unprintable,
};

/// Why the content of a body is invalid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct ShapeError {
    problem: String,
    oversize: Option<usize>,
}

impl ShapeError {
    pub(super) fn new(problem: impl Into<String>) -> Self {
        Self {
            problem: problem.into(),
            oversize: None,
        }
    }

    /// The same, prefixed with the subject.
    fn about(self, what: &str) -> Self {
        Self {
            problem: format!("{what}: {}", self.problem),
            ..self
        }
    }

    /// The same, about the value of a key.
    pub(super) fn of_value(self, key: &Key) -> Self {
        self.about(&format!("the value of {key}"))
    }

    /// How many bytes the value has, where it is over [`Value::MAX_BYTES`] and nothing else is wrong.
    #[cfg(feature = "http")]
    pub(crate) fn oversize(&self) -> Option<usize> {
        self.oversize
    }
}

impl From<ValueError> for ShapeError {
    fn from(error: ValueError) -> Self {
        Self {
            problem: error.to_string(),
            oversize: match error {
                ValueError::TooLarge { size } => Some(size),
                _ => None,
            },
        }
    }
}

/// An entry with its value as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredNode {
    key: Key,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kind: Option<ValueKind>,
    version: u64,
    revision: Revision,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    /// Of what a line of a log replaced: that it has no value any more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    purged: bool,
    created: String,
    modified: String,
    by: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    secret: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ttl: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires: Option<String>,
}

impl StoredNode {
    /// What a line of the key's log replaced.
    fn replaced(key: &Key, previous: &Previous) -> Self {
        Self {
            key: key.clone(),
            kind: previous.value.value().map(Value::kind),
            version: previous.version,
            revision: previous.revision,
            value: previous.value.value().map(text_of),
            purged: previous.value.is_purged(),
            created: previous.created.to_string(),
            modified: previous.modified.to_string(),
            by: previous.by.clone(),
            secret: previous.secret,
            ttl: previous.ttl.map(Ttl::seconds),
            expires: previous.expires.map(|expires| expires.to_string()),
        }
    }
}

impl From<&Entry> for StoredNode {
    fn from(entry: &Entry) -> Self {
        Self::replaced(&entry.key, &Previous::from(entry))
    }
}

impl TryFrom<StoredNode> for Previous {
    type Error = ShapeError;

    fn try_from(node: StoredNode) -> Result<Self, ShapeError> {
        Ok(Self {
            value: logged_value(node.kind, node.value, node.purged, &node.key)?,
            version: node.version,
            revision: node.revision,
            created: parse_moment(&node.created)?,
            modified: parse_moment(&node.modified)?,
            by: check_writer(node.by, &node.key)?,
            secret: node.secret,
            ttl: node.ttl.map(ttl_of).transpose()?,
            expires: node.expires.as_deref().map(parse_moment).transpose()?,
        })
    }
}

impl TryFrom<StoredNode> for Entry {
    type Error = ShapeError;

    fn try_from(node: StoredNode) -> Result<Self, ShapeError> {
        let key = node.key.clone();
        let stored = Previous::try_from(node)?;
        let LoggedValue::Value(value) = stored.value else {
            return Err(ShapeError::new("an entry requires a value").of_value(&key));
        };
        Ok(Self {
            key,
            value,
            version: stored.version,
            revision: stored.revision,
            created: stored.created,
            modified: stored.modified,
            by: stored.by,
            secret: stored.secret,
            ttl: stored.ttl,
            expires: stored.expires,
        })
    }
}

/// A line of a section's log with the values as they are stored, and with what it replaced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredChange {
    op: StoredOp,
    section: Section,
    key: Key,
    revision: Revision,
    index: u32,
    of: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    version: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kind: Option<ValueKind>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    purged: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    secret: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ttl: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires: Option<String>,
    by: String,
    at: String,
    commit: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    with: BTreeMap<Section, Revision>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<Key>,
    #[serde(rename = "prevNode", default, skip_serializing_if = "Option::is_none")]
    prev_node: Option<StoredNode>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum StoredOp {
    Set,
    Delete,
}

impl From<&Change> for StoredChange {
    fn from(change: &Change) -> Self {
        let line = Self {
            op: StoredOp::Delete,
            section: change.key.section(),
            key: change.key.clone(),
            revision: change.revision,
            index: change.index,
            of: change.of,
            version: None,
            kind: None,
            value: None,
            purged: false,
            secret: false,
            ttl: None,
            expires: None,
            by: change.by.clone(),
            at: change.at.to_string(),
            commit: change.commit.to_string(),
            with: change.with.clone(),
            message: change.message.clone(),
            from: change.from.clone(),
            prev_node: change
                .previous
                .as_ref()
                .map(|previous| StoredNode::replaced(&change.key, previous)),
        };
        match &change.op {
            Op::Delete => line,
            Op::Set {
                value,
                version,
                secret,
                ttl,
                expires,
            } => Self {
                op: StoredOp::Set,
                version: Some(*version),
                kind: value.value().map(Value::kind),
                value: value.value().map(text_of),
                purged: value.is_purged(),
                secret: *secret,
                ttl: ttl.map(Ttl::seconds),
                expires: expires.map(|expires| expires.to_string()),
                ..line
            },
        }
    }
}

impl TryFrom<StoredChange> for Change {
    type Error = ShapeError;

    fn try_from(line: StoredChange) -> Result<Self, ShapeError> {
        let op = match (line.op, line.version) {
            (StoredOp::Delete, _) => Op::Delete,
            (StoredOp::Set, Some(version)) => Op::Set {
                value: logged_value(line.kind, line.value, line.purged, &line.key)?,
                version,
                secret: line.secret,
                ttl: line.ttl.map(ttl_of).transpose()?,
                expires: line.expires.as_deref().map(parse_moment).transpose()?,
            },
            (StoredOp::Set, None) => return Err(ShapeError::new("a set requires a version")),
        };
        Ok(Self {
            revision: line.revision,
            index: line.index,
            of: line.of,
            op,
            previous: line.prev_node.map(Previous::try_from).transpose()?,
            by: check_writer(line.by, &line.key)?,
            at: parse_moment(&line.at)?,
            commit: line.commit.parse::<CommitId>().map_err(shapeless)?,
            with: line.with,
            message: line.message,
            from: line.from,
            key: line.key,
        })
    }
}

/// The bytes of a value as a string: text as it is, other bytes in base64.
pub(super) fn text_of(value: &Value) -> String {
    match (value.kind(), value.as_text()) {
        (ValueKind::Json | ValueKind::Text, Some(text)) => text.to_owned(),
        _ => STANDARD.encode(value.bytes()),
    }
}

/// The value of a line of a log, or of what it replaced.
fn logged_value(
    kind: Option<ValueKind>,
    value: Option<String>,
    purged: bool,
    key: &Key,
) -> Result<LoggedValue, ShapeError> {
    match (kind, value) {
        (Some(kind), Some(value)) if !purged => {
            let value = value_of(kind, value).map_err(|error| error.of_value(key))?;
            Ok(value.into())
        }
        (_, None) if purged => Ok(LoggedValue::Purged),
        _ => Err(ShapeError::new("it requires value and kind, unless it was purged").of_value(key)),
    }
}

pub(super) fn value_of(kind: ValueKind, text: String) -> Result<Value, ShapeError> {
    let bytes = match kind {
        ValueKind::Json | ValueKind::Text => text.into_bytes(),
        ValueKind::Bytes => STANDARD
            .decode(text)
            .map_err(|_| ShapeError::new("a value of kind bytes is not valid base64"))?,
    };
    Ok(Value::from_stored(kind, bytes)?)
}

/// The writer of a key: one line of text.
fn check_writer(by: String, key: &Key) -> Result<String, ShapeError> {
    if by.contains(is_unprintable) {
        return Err(ShapeError::new(format!(
            "the writer of {key} must be one line of text"
        )));
    }
    Ok(by)
}

pub(super) fn parse_moment(text: &str) -> Result<Timestamp, ShapeError> {
    // A year beyond 9999 has no RFC 3339 form and is written as its number.
    match i64::from_str(text) {
        Ok(number) => Ok(Timestamp::from_epoch(number)),
        Err(_) => text.parse().map_err(shapeless),
    }
}

fn ttl_of(seconds: u64) -> Result<Ttl, ShapeError> {
    Ttl::from_seconds(seconds).map_err(shapeless)
}

pub(super) fn shapeless(error: impl std::error::Error) -> ShapeError {
    ShapeError::new(error.to_string())
}

#[cfg(test)]
mod tests;
