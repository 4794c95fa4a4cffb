use std::collections::BTreeSet;

use crate::model::{Access, ConfigName, Key, Section};

/// The caller on whose behalf a request is served. What authenticates requests puts one into each request's extensions; a
/// request without one is denied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Who is written down as the writer; none for whom the store was opened as.
    pub by: Option<String>,
    /// Whether it may write.
    pub access: Access,
    /// The configs that it may use; none for all.
    pub configs: Option<BTreeSet<ConfigName>>,
    /// The sections that it may use; none for all.
    pub sections: Option<BTreeSet<Section>>,
    /// Whether it may have secrets decrypted.
    pub decrypts: bool,
}

impl Caller {
    /// Anyone who reaches a server without tokens: it may do all that the store may.
    pub fn anyone() -> Self {
        Self {
            by: None,
            access: Access::Write,
            configs: None,
            sections: None,
            decrypts: true,
        }
    }

    /// Whether it may use the config.
    pub fn covers_config(&self, config: &ConfigName) -> bool {
        let configs = self.configs.as_ref();
        configs.is_none_or(|configs| configs.contains(config))
    }

    /// Whether it may use the section.
    pub fn covers(&self, section: &Section) -> bool {
        self.sections
            .as_ref()
            .is_none_or(|sections| sections.contains(section))
    }

    /// Whether it may use the key's section.
    pub fn covers_key(&self, key: &Key) -> bool {
        self.covers(&key.section())
    }
}
