//! What the HTTP API answers where the command line has no shape of its own. `N` is an entry and `L` a line of a log:
//! for people, or without loss.

use serde::{Deserialize, Serialize};

use super::change_line::ChangeLine;
use super::node::AnyNode;
use super::section::SectionHead;
use super::stored::{StoredChange, StoredNode};
use crate::model::{BadSection, Key, Revision, Section};

/// A line of a section's log.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum LogLine {
    /// For people.
    Shown(Box<ChangeLine>),
    /// Without loss.
    Stored(Box<StoredChange>),
}

#[cfg(feature = "http")]
impl utoipa::PartialSchema for LogLine {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        let description = "A line of a section's log: a change of one key by a commit.";
        super::schema::loose(ChangeLine::schema(), description)
    }
}

#[cfg(feature = "http")]
impl utoipa::ToSchema for LogLine {
    fn name() -> std::borrow::Cow<'static, str> {
        "Line".into()
    }

    fn schemas(schemas: &mut Vec<(String, utoipa::openapi::RefOr<utoipa::openapi::Schema>)>) {
        <ChangeLine as utoipa::ToSchema>::schemas(schemas);
    }
}

/// What of a key's history was purged.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema))]
pub struct PurgeAnswer {
    /// `purge`
    pub action: String,
    /// The key.
    #[cfg_attr(feature = "http", schema(value_type = String))]
    pub key: Key,
    /// `purged`, `unchanged`, or `planned` for a dry run.
    pub result: String,
    /// The lines of the log from which values are removed.
    pub lines: usize,
    /// The revision whose value is kept, since it is the key's current one.
    #[cfg_attr(feature = "http", schema(value_type = Option<u64>))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<Revision>,
}

/// One page of a listing.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema), schema(as = Page))]
pub struct ListPage<N = AnyNode> {
    /// `ls`
    pub action: String,
    /// The entries.
    pub nodes: Vec<N>,
    /// The folders, with their trailing slash.
    pub folders: Vec<String>,
    /// The cursor of the next page; none on the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// Sections that can't be read, and are left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bad: Vec<BadSection>,
}

/// The revisions of sections.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema), schema(as = Heads))]
pub struct HeadsAnswer {
    /// `heads`
    pub action: String,
    /// The sum of the revisions.
    pub version: u64,
    /// The sections, by name.
    pub sections: Vec<SectionHead>,
    /// Sections that can't be read, and are left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bad: Vec<BadSection>,
}

/// A part of a section's log: whole revisions, in order.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema), schema(as = Changes))]
pub struct ChangesAnswer<L = LogLine> {
    /// `changes`
    pub action: String,
    /// The section.
    #[cfg_attr(feature = "http", schema(value_type = String))]
    pub section: Section,
    /// The revision to continue after.
    #[cfg_attr(feature = "http", schema(value_type = u64))]
    pub after: Revision,
    /// Whether more is available now.
    pub more: bool,
    /// The lines.
    pub changes: Vec<L>,
}

/// The log of one key, or of a whole section, newest first.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema), schema(as = KeyHistory))]
pub struct KeyHistoryAnswer<L = LogLine> {
    /// `history`
    pub action: String,
    /// The key; none for a section.
    #[cfg_attr(feature = "http", schema(value_type = Option<String>))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Key>,
    /// The lines.
    pub changes: Vec<L>,
    /// The revision to continue before; none on the last page.
    #[cfg_attr(feature = "http", schema(value_type = Option<u64>))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Revision>,
}

/// A consistent snapshot of entries.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema), schema(as = Snapshot))]
pub struct SnapshotResponse<N = AnyNode> {
    /// `snapshot`
    pub action: String,
    /// The sections at that moment.
    pub sections: Vec<SectionHead>,
    /// The entries, by key.
    pub nodes: Vec<N>,
    /// Sections that can't be read, and are left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bad: Vec<BadSection>,
}

/// The result of a commit.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema))]
pub struct CommitAnswer<L = LogLine> {
    /// `commit`
    pub action: String,
    /// Its id.
    pub commit: String,
    /// When it was applied.
    pub at: String,
    /// The revisions of the changed sections after it.
    pub sections: Vec<SectionHead>,
    /// Its changes, without deletes of absent keys.
    pub changes: Vec<L>,
}

/// What to generate a data key for.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct KeySubject {
    /// The secret that it will encrypt, which error messages name.
    #[cfg_attr(feature = "http", schema(schema_with = super::schema::key))]
    pub key: Key,
}

/// A data key to decrypt.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct WrappedKey {
    /// The encrypted key, in base64.
    #[cfg_attr(feature = "http", schema(schema_with = super::schema::base64))]
    pub wrapped: String,
    /// The secret that it encrypts, which error messages name.
    #[cfg_attr(feature = "http", schema(schema_with = super::schema::key))]
    pub key: Key,
}

/// A data key.
#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema))]
pub struct PlainKey {
    /// Its 32 bytes, in base64.
    pub plain: String,
    /// The encrypted key, in base64.
    pub wrapped: String,
}

/// The part of a result for one key ([`KeyAnswer`](super::KeyAnswer)) that a client with lossless entries needs.
#[derive(Debug, Deserialize)]
pub struct StoredKeyAnswer {
    /// The entry.
    pub node: StoredNode,
}

/// The part of the result of `info` ([`InfoAnswer`](super::InfoAnswer)) that other routes don't return.
#[derive(Debug, Deserialize)]
pub struct StateAnswer {
    /// The engine's state.
    pub state: String,
}
