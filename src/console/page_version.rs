use sha2::{Digest as _, Sha256};

use crate::model::{ConfigName, Head, Revision, Section};

/// What a page shows of its configs, as a word: another one whenever a section has moved, come or gone.
#[derive(Default)]
pub(super) struct PageVersion(Sha256);

impl PageVersion {
    /// That of one config.
    pub(super) fn of(config: &ConfigName, heads: &[Head]) -> String {
        let mut version = Self::default();
        version.add_heads(config, heads);
        version.word()
    }

    pub(super) fn add_heads(&mut self, config: &ConfigName, heads: &[Head]) {
        self.add(config, heads.iter().map(|head| (&head.section, head.revision)));
    }

    /// Adds a config, by the order of its sections. Configs come in the order of their names.
    pub(super) fn add<'h>(
        &mut self,
        config: &ConfigName,
        heads: impl Iterator<Item = (&'h Section, Revision)>,
    ) {
        self.0.update(format!("{config}\n"));
        for (section, revision) in heads {
            self.0.update(format!("{section} {revision}\n"));
        }
    }

    pub(super) fn word(self) -> String {
        hex::encode(&self.0.finalize()[..8])
    }
}
