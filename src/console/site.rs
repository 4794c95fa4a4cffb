use std::sync::Arc;

use super::access_source::AccessSource;
use crate::http::{Api, BrowserSessions};
use crate::model::ConfigName;

/// A config as the console names it.
#[derive(Debug, Clone)]
pub(crate) struct ConsoleConfig {
    pub(crate) name: ConfigName,
    /// Where its data is, such as `DynamoDB in eu-central-1`.
    pub(crate) engine: String,
}

/// What the pages are made from.
pub(crate) struct Console {
    /// The stores, and what tells of their changes.
    pub(crate) api: Api,
    /// The configs, in the order in which they were named.
    pub(crate) configs: Vec<ConsoleConfig>,
    pub(crate) access: AccessSource,
    pub(crate) sessions: Arc<BrowserSessions>,
    /// Whether it is for the person who started it: errors are shown with their causes.
    pub(crate) is_personal: bool,
}

/// A console that requests share.
pub(super) type SharedConsole = Arc<Console>;

impl Console {
    pub(super) fn config(&self, name: &ConfigName) -> Option<&ConsoleConfig> {
        self.configs.iter().find(|config| config.name == *name)
    }
}
