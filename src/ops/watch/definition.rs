use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

use crate::model::{Clock, Prefix, Revision, Section, SystemClock};
use crate::store::Snapshot;

/// What to watch, from where on, and how often to look.
#[derive(Clone)]
pub struct Watch {
    /// Below which prefix. Of `/` sections that come later are part, too.
    pub prefix: Prefix,
    /// Only what is of this section. For the root section, which no prefix holds alone.
    pub section: Option<Section>,
    /// From where on.
    pub start: Start,
    /// How long to wait between two looks, give or take a tenth, within the bounds of a [`Span`](crate::model::Span). A
    /// look costs half a read unit a section, and for `/` the reading of the section list.
    pub interval: Duration,
    /// By which the end of an entry is expected. Whether it is gone the store's clock decides.
    pub clock: Arc<dyn Clock>,
    /// Makes the watch look at once, strongly consistent, instead of at the end of the interval. A notice that comes
    /// while it looks makes it look once more. A notifier is for one watch alone.
    pub nudge: Option<Arc<Notify>>,
}

impl Watch {
    /// A watch of all below `prefix` from now on, with a look every 2 seconds.
    pub fn new(prefix: Prefix) -> Self {
        Self {
            prefix,
            section: None,
            start: Start::Now,
            interval: Duration::from_secs(2),
            clock: Arc::new(SystemClock),
            nudge: None,
        }
    }

    /// A watch of a section, and of nothing else, from now on, with a look every 2 seconds.
    pub fn of_section(section: &Section) -> Self {
        Self {
            section: Some(section.clone()),
            ..Self::new(Prefix::from(section))
        }
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch")
            .field("prefix", &self.prefix)
            .field("section", &self.section)
            .field("start", &self.start)
            .field("interval", &self.interval)
            .finish_non_exhaustive()
    }
}

/// From where on to watch.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Start {
    /// What is committed from now on.
    Now,
    /// What was committed after these revisions. Sections that aren't named are watched from now on.
    After(BTreeMap<Section, Revision>),
    /// What was committed after this snapshot of the prefix, which isn't read again.
    Snapshot(Snapshot),
}
