use std::collections::BTreeMap;

use super::heads::Heads;
use crate::model::{Revision, Section};

/// The position of a watcher.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Cursor {
    /// The last revision seen of each section.
    pub seen: BTreeMap<Section, Revision>,
    /// Whether sections that aren't in `seen` are included, from their beginning.
    pub whole: bool,
    /// Sections to ignore.
    pub except: Vec<Section>,
}

impl Cursor {
    /// Which heads may have moved beyond it.
    pub fn heads(&self) -> Heads {
        if self.whole {
            return Heads::AllBut(self.except.clone());
        }
        let seen = self.seen.keys().filter(|section| !self.except.contains(section));
        Heads::Of(seen.cloned().collect())
    }
}
