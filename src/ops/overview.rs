use std::collections::HashMap;

use crate::model::{BadSection, Head, Section, StoreStatus};
use crate::store::{Digest, Snapshot};
use crate::wire::{InfoAnswer, SectionInfo};

/// What a snapshot comes to, in figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overview {
    /// The sum of the sections' revisions: it rises with every commit.
    pub version: u64,
    /// The head of each section, with its number of keys.
    pub sections: Vec<(Head, usize)>,
    /// The digest of the content, without keys that have a time to live. None if a section can't be read.
    pub digest: Option<Digest>,
    /// The sections that can't be read.
    pub bad: Vec<BadSection>,
}

impl Overview {
    /// The figures of a snapshot, from which these sections were left out.
    pub fn of(snapshot: Snapshot, bad: Vec<BadSection>) -> Self {
        let mut keys: HashMap<Section, usize> = HashMap::new();
        for entry in &snapshot.entries {
            *keys.entry(entry.key.section()).or_default() += 1;
        }
        let counted = snapshot.heads.iter().map(|head| {
            let keys = keys.get(&head.section).copied().unwrap_or_default();
            (head.clone(), keys)
        });
        Self {
            version: snapshot.heads.iter().map(|head| head.revision.get()).sum(),
            sections: counted.collect(),
            digest: bad.is_empty().then(|| snapshot.without_ttl().digest()),
            bad,
        }
    }

    /// Returns what `info` answers of a config on an engine of that status.
    pub fn info(&self, config: String, engine: String, status: &StoreStatus) -> InfoAnswer {
        let sections = self.sections.iter();
        InfoAnswer {
            action: "info",
            config,
            engine,
            state: status.to_string(),
            version: self.version,
            sections: sections
                .map(|(head, keys)| SectionInfo::new(head, *keys))
                .collect(),
            digest: self.digest.map(|digest| digest.to_string()),
            bad: self.bad.clone(),
        }
    }
}
