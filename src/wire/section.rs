//! Where sections stand.

use serde::{Deserialize, Serialize};

use super::stored::{ShapeError, parse_moment, shapeless};
use crate::model::{Head, Revision, Section};

/// The revision of a section.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema))]
pub struct SectionHead {
    #[cfg_attr(feature = "http", schema(value_type = String))]
    name: Section,
    #[cfg_attr(feature = "http", schema(value_type = u64))]
    revision: Revision,
    /// How many keys that revision changed.
    changes: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    commit: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    modified: Option<String>,
}

impl From<&Head> for SectionHead {
    fn from(head: &Head) -> Self {
        Self {
            name: head.section.clone(),
            revision: head.revision,
            changes: head.changes,
            commit: head.commit.as_ref().map(ToString::to_string),
            modified: head.modified.map(|modified| modified.to_string()),
        }
    }
}

impl TryFrom<SectionHead> for Head {
    type Error = ShapeError;

    fn try_from(shape: SectionHead) -> Result<Self, ShapeError> {
        Ok(Self {
            section: shape.name,
            revision: shape.revision,
            changes: shape.changes,
            commit: shape.commit.map(|id| id.parse()).transpose().map_err(shapeless)?,
            modified: shape.modified.as_deref().map(parse_moment).transpose()?,
        })
    }
}
