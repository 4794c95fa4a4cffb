use async_trait::async_trait;

use super::error::Result;
use crate::model::Section;

/// The settings of a config.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meta {
    /// The layout of the items. This version knows layout 1.
    pub layout: u32,
    /// How many days a log line is kept, at least 1.
    pub history_days: u32,
}

impl Meta {
    /// The layout that this version supports.
    pub const LAYOUT: u32 = 1;
}

impl Default for Meta {
    /// The settings of a config that has none: layout 1, 30 days.
    fn default() -> Self {
        Self {
            layout: Self::LAYOUT,
            history_days: 30,
        }
    }
}

/// The operations of provisioning, with the deployer's own credentials.
#[async_trait]
pub trait Admin: Send + Sync {
    /// Returns the stored settings of the config, if there are any.
    async fn meta(&self) -> Result<Option<Meta>>;

    /// Stores the config's settings.
    async fn write_meta(&self, meta: Meta) -> Result<()>;

    /// Registers sections, so that a writer limited to them can commit. Registered sections stay as they are.
    async fn register(&self, sections: &[Section]) -> Result<()>;
}
