use std::collections::{BTreeMap, HashSet};

use crate::model::{Change, Entry, Key, PurgedValue};

/// Entries on the way back to an older revision of their section: the state then is the state now, with the log's
/// lines after it undone.
#[derive(Debug, Clone, Default)]
pub struct PastEntries {
    entries: BTreeMap<Key, Entry>,
    settled: HashSet<Key>,
}

impl PastEntries {
    /// Begins at the state now.
    pub fn from_now(entries: impl IntoIterator<Item = Entry>) -> Self {
        Self {
            entries: entries
                .into_iter()
                .map(|entry| (entry.key.clone(), entry))
                .collect(),
            settled: HashSet::new(),
        }
    }

    /// Undoes a line. The lines are given oldest first, from the one after the wanted revision on: what the first
    /// of a key replaced is what the key was then, so the later ones needn't be held.
    ///
    /// Fails where the value of the key then was purged since.
    pub fn undo(&mut self, line: &Change) -> Result<(), PurgedValue> {
        if !self.settled.insert(line.key.clone()) {
            return Ok(());
        }
        match line.replaced()? {
            Some(entry) => self.entries.insert(entry.key.clone(), entry),
            None => self.entries.remove(&line.key),
        };
        Ok(())
    }

    /// The entries as they were, ordered by key.
    pub fn into_entries(self) -> Vec<Entry> {
        self.entries.into_values().collect()
    }
}
