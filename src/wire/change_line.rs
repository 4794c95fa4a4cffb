use serde::Serialize;
use serde_json::value::RawValue;

use super::node::{kind, value};
use crate::model::{Change, Entry, Key, Op, Revision, Section, Timestamp, Ttl, ValueKind};

/// A line of a section's log as in `watch` and `history`, or another event of a watch.
#[derive(Debug, Default, Serialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema))]
pub struct ChangeLine {
    /// The command.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<&'static str>,
    op: &'static str,
    section: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    revision: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    of: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<ValueKind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "http", schema(value_type = serde_json::Value, required = false))]
    value: Option<Box<RawValue>>,
    /// Whether the value was purged from the log.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    purged: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    masked: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    ttl: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    commit: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    resync: bool,
}

impl ChangeLine {
    /// The line with the new value; a secret is masked.
    pub fn new(action: Option<&'static str>, change: &Change) -> Self {
        let line = Self {
            action,
            op: "delete",
            section: change.key.section().to_string(),
            key: Some(change.key.to_string()),
            revision: change.revision.get(),
            index: Some(change.index),
            of: Some(change.of),
            by: Some(change.by.clone()),
            at: Some(change.at.to_string()),
            commit: Some(change.commit.to_string()),
            message: change.message.clone(),
            from: change.from.as_ref().map(Key::to_string),
            ..Self::default()
        };
        match &change.op {
            Op::Delete => line,
            Op::Set {
                value: new,
                version,
                secret,
                ttl,
                ..
            } => Self {
                op: "set",
                version: Some(*version),
                kind: new.value().map(|new| kind(new, *secret)),
                value: new.value().filter(|_| !secret).and_then(value),
                purged: new.is_purged(),
                masked: *secret && !new.is_purged(),
                ttl: ttl.map(Ttl::seconds),
                ..line
            },
        }
    }

    /// An entry whose time to live ran out at `at`, with the version and revision that it had.
    pub fn expired(key: &Key, (version, revision): (u64, Revision), at: Timestamp) -> Self {
        Self {
            action: Some("watch"),
            op: "expire",
            section: key.section().to_string(),
            key: Some(key.to_string()),
            revision: revision.get(),
            version: Some(version),
            at: Some(at.to_string()),
            ..Self::default()
        }
    }

    /// The current state of a section whose log was compacted: `of` entries follow.
    pub fn resync(section: &Section, revision: Revision, of: u32) -> Self {
        Self {
            action: Some("watch"),
            op: "resync",
            section: section.to_string(),
            revision: revision.get(),
            of: Some(of),
            ..Self::default()
        }
    }

    /// One of the entries that follow [`Self::resync`]; a secret is masked.
    pub fn resynced(entry: &Entry, (index, of): (u32, u32)) -> Self {
        Self {
            action: Some("watch"),
            op: "set",
            section: entry.key.section().to_string(),
            key: Some(entry.key.to_string()),
            revision: entry.revision.get(),
            index: Some(index),
            of: Some(of),
            version: Some(entry.version),
            kind: Some(kind(&entry.value, entry.secret)),
            value: (!entry.secret).then(|| value(&entry.value)).flatten(),
            masked: entry.secret,
            ttl: entry.ttl.map(Ttl::seconds),
            by: Some(entry.by.clone()),
            at: Some(entry.modified.to_string()),
            resync: true,
            ..Self::default()
        }
    }
}
