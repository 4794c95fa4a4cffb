use super::{Result, StoreError};
use crate::model::{BadSection, Section};

/// The sections that a reading leaves out, since they can't be read. For what shows a config: what acts on the absence of
/// a key needs all of them.
#[derive(Debug, Clone, Default)]
pub struct UnreadableSections {
    sections: Vec<Section>,
    bad: Vec<BadSection>,
}

impl UnreadableSections {
    /// The sections, for the `except` of a reading.
    pub fn sections(&self) -> &[Section] {
        &self.sections
    }

    /// Takes in why a reading failed where that is one section alone, so that it can be tried without. Any other error is
    /// given back.
    pub fn take(&mut self, error: StoreError) -> Result<()> {
        let section = match &error {
            StoreError::Corrupt {
                section: Some(section),
                ..
            }
            | StoreError::NeedsNewer { section, .. } => section.clone(),
            _ => return Err(error),
        };
        if self.sections.contains(&section) {
            return Err(error);
        }
        self.sections.push(section.clone());
        self.bad.push(BadSection {
            section,
            problem: error.to_string(),
        });
        Ok(())
    }

    /// What is wrong with them, ordered by section.
    pub fn into_bad(mut self) -> Vec<BadSection> {
        self.bad.sort_by(|one, other| one.section.cmp(&other.section));
        self.bad
    }
}
