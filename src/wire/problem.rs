//! A failure over HTTP (RFC 9457, "Problem Details for HTTP APIs").

use serde::{Deserialize, Serialize};

use super::commit::GuardSpec;
use super::problem_code::{ProblemCode, read_known};
use super::stored::StoredNode;
use crate::model::{ErrorKind, Key, Revision, Section};

/// Why a request failed, with the facts that a client needs to report it like an error of a local store.
#[derive(Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema))]
pub struct Problem {
    /// `about:blank`: the status identifies the sort of problem.
    #[serde(rename = "type")]
    pub of_type: String,
    /// The name of the status.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What went wrong. Never the message of a service behind the server.
    pub detail: String,
    /// The sort of failure, such as `not-found`, `conflict` or `unavailable`.
    pub kind: String,
    /// The exact failure, for programs.
    #[cfg_attr(feature = "http", schema(value_type = Option<String>))]
    #[serde(
        default,
        deserialize_with = "read_known",
        skip_serializing_if = "Option::is_none"
    )]
    pub code: Option<ProblemCode>,
    /// The keys concerned.
    #[cfg_attr(feature = "http", schema(value_type = Vec<String>))]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<Key>,
    /// The section concerned.
    #[cfg_attr(feature = "http", schema(value_type = Option<String>))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub section: Option<Section>,
    /// The section's current revision, or the requested revision.
    #[cfg_attr(feature = "http", schema(value_type = Option<u64>))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<Revision>,
    /// The oldest available revision.
    #[cfg_attr(feature = "http", schema(value_type = Option<u64>))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oldest: Option<Revision>,
    /// The commit concerned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The guard that did not hold, with stored values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guard: Option<GuardSpec>,
    /// The current entry of the guard's key, as it is stored; omitted for a secret unless stored values were requested.
    #[cfg_attr(feature = "http", schema(value_type = Option<Object>))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current: Option<StoredNode>,
    /// The limit that was exceeded, with the size.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<ProblemLimit>,
    /// The unsupported layout of the data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layout: Option<ProblemLayout>,
    /// The seconds after which the request can succeed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait: Option<u64>,
}

impl Problem {
    /// A problem with an HTTP status, its name, and the code of the exact failure.
    pub fn new(
        status: u16,
        title: &str,
        kind: ErrorKind,
        code: ProblemCode,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            of_type: "about:blank".into(),
            title: title.into(),
            status,
            detail: detail.into(),
            kind: kind.as_str().into(),
            code: Some(code),
            ..Self::default()
        }
    }
}

/// An unsupported layout of the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema))]
pub struct ProblemLayout {
    /// The layout found.
    pub found: u32,
    /// The newest layout that the server supports.
    pub known: u32,
}

/// A limit and the size that exceeds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum ProblemLimit {
    /// The actions of a commit.
    Actions(ActionLimit),
    /// The bytes of a commit, or of a body.
    Bytes(ByteLimit),
}

/// The actions of a commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ActionLimit {
    /// Changed keys.
    pub changes: usize,
    /// Sections written.
    pub sections: usize,
    /// Sections that are new.
    pub new_sections: usize,
    /// Guards on keys and sections that are not written.
    pub guards: usize,
}

/// The bytes of a commit, or of a body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema))]
pub struct ByteLimit {
    /// The size.
    pub size: usize,
    /// The maximum.
    pub max: usize,
}
