use serde::{Deserialize, Serialize};

use super::Section;

/// A section that can't be read, since something in it isn't what discfg writes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema))]
pub struct BadSection {
    /// The section.
    #[cfg_attr(feature = "http", schema(value_type = String))]
    pub section: Section,
    /// Which item is wrong, and what about it.
    pub problem: String,
}
