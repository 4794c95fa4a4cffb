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
        let description = "One line of a section's log: what a commit did to one key.";
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
    /// The cursor of the next page; none where this is the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// The sections that can't be read, and so are left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bad: Vec<BadSection>,
}

/// Where sections stand.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema), schema(as = Heads))]
pub struct HeadsAnswer {
    /// `heads`
    pub action: String,
    /// The sum of the revisions.
    pub version: u64,
    /// The sections, by name.
    pub sections: Vec<SectionHead>,
    /// The sections that can't be read, and so are left out.
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
    /// The revision to go on after.
    #[cfg_attr(feature = "http", schema(value_type = u64))]
    pub after: Revision,
    /// Whether there is more at once.
    pub more: bool,
    /// The lines.
    pub changes: Vec<L>,
}

/// The log of one key, newest first.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema), schema(as = KeyHistory))]
pub struct KeyHistoryAnswer<L = LogLine> {
    /// `history`
    pub action: String,
    /// The key.
    #[cfg_attr(feature = "http", schema(schema_with = super::schema::key))]
    pub key: Key,
    /// The lines.
    pub changes: Vec<L>,
    /// The revision to go on before; none where this is all.
    #[cfg_attr(feature = "http", schema(value_type = Option<u64>))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Revision>,
}

/// Entries as they were together at one moment.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema), schema(as = Snapshot))]
pub struct SnapshotResponse<N = AnyNode> {
    /// `snapshot`
    pub action: String,
    /// The sections of that moment.
    pub sections: Vec<SectionHead>,
    /// The entries, by key.
    pub nodes: Vec<N>,
    /// The sections that can't be read, and so are left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bad: Vec<BadSection>,
}

/// What a commit answers.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema))]
pub struct CommitAnswer<L = LogLine> {
    /// `commit`
    pub action: String,
    /// Its id.
    pub commit: String,
    /// When it was made.
    pub at: String,
    /// Where the sections that it changed stand after it.
    pub sections: Vec<SectionHead>,
    /// What it did. A delete of an absent key isn't in it.
    pub changes: Vec<L>,
}

/// What a data key is to be made for.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct KeySubject {
    /// The secret that it will encrypt, which is named where that fails.
    #[cfg_attr(feature = "http", schema(schema_with = super::schema::key))]
    pub key: Key,
}

/// A data key that is to be unwrapped.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct WrappedKey {
    /// The key as it is stored, in base64.
    #[cfg_attr(feature = "http", schema(schema_with = super::schema::base64))]
    pub wrapped: String,
    /// The secret that it encrypts, which is named where that fails.
    #[cfg_attr(feature = "http", schema(schema_with = super::schema::key))]
    pub key: Key,
}

/// A data key.
#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema))]
pub struct PlainKey {
    /// Its 32 bytes in base64.
    pub plain: String,
    /// The same as it is stored, in base64.
    pub wrapped: String,
}

/// What a command on one key answers ([`KeyAnswer`](super::KeyAnswer)), as far as a program needs it that wants
/// the entry without loss.
#[derive(Debug, Deserialize)]
pub struct StoredKeyAnswer {
    /// The entry.
    pub node: StoredNode,
}

/// What `info` answers ([`InfoAnswer`](super::InfoAnswer)), as far as it can't be had otherwise.
#[derive(Debug, Deserialize)]
pub struct StateAnswer {
    /// The engine's state.
    pub state: String,
}
