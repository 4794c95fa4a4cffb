//! A failure over HTTP (RFC 9457, "Problem Details for HTTP APIs").

use serde::{Deserialize, Serialize};

use super::commit::GuardSpec;
use super::problem_code::{ProblemCode, read_known};
use super::stored::StoredNode;
use crate::model::{ErrorKind, Key, Revision, Section};

/// Why a request wasn't served, and what a client needs to tell it as its own store would have.
#[derive(Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema))]
pub struct Problem {
    /// `about:blank`: the status says what sort of problem it is.
    #[serde(rename = "type")]
    pub of_type: String,
    /// The status in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What went wrong. Never what a service behind the server said.
    pub detail: String,
    /// What sort of failure it is, such as `not-found`, `conflict` or `unavailable`.
    pub kind: String,
    /// What exactly it is, where a program may want to know.
    #[cfg_attr(feature = "http", schema(value_type = Option<String>))]
    #[serde(
        default,
        deserialize_with = "read_known",
        skip_serializing_if = "Option::is_none"
    )]
    pub code: Option<ProblemCode>,
    /// The keys that it is about.
    #[cfg_attr(feature = "http", schema(value_type = Vec<String>))]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<Key>,
    /// The section that it is about.
    #[cfg_attr(feature = "http", schema(value_type = Option<String>))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub section: Option<Section>,
    /// Where the section stands, or the revision that was asked for.
    #[cfg_attr(feature = "http", schema(value_type = Option<u64>))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<Revision>,
    /// The oldest revision that can be had.
    #[cfg_attr(feature = "http", schema(value_type = Option<u64>))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oldest: Option<Revision>,
    /// The commit that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The guard that didn't hold, with stored values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guard: Option<GuardSpec>,
    /// The entry that the guard is about as it is now, as it is stored; of a secret nothing without stored values.
    #[cfg_attr(feature = "http", schema(value_type = Option<Object>))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current: Option<StoredNode>,
    /// The figures of a limit that is passed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<ProblemLimit>,
    /// The layout of data that is newer than the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layout: Option<ProblemLayout>,
}

impl Problem {
    /// A problem with an HTTP status and what that is called. `code` says what exactly it is.
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

/// A layout of the data that is not understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema))]
pub struct ProblemLayout {
    /// What was found.
    pub found: u32,
    /// What the server knows.
    pub known: u32,
}

/// A limit and what was asked of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum ProblemLimit {
    /// The actions of a commit.
    Actions {
        /// Changed keys.
        changes: usize,
        /// Sections written.
        sections: usize,
        /// Sections that are new.
        #[serde(rename = "newSections")]
        new_sections: usize,
        /// Guards on what isn't written.
        guards: usize,
    },
    /// The bytes of a commit, or of a body.
    Bytes {
        /// How many there are.
        size: usize,
        /// How many there may be.
        max: usize,
    },
}
