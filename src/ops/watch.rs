//! Following a config as it changes.

mod expiries;
mod follower;
mod patience;
mod section;
mod standing;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_stream::stream;
use futures::StreamExt as _;
use futures::stream::BoxStream;
use tokio::sync::Notify;
use tokio::time::sleep;

use self::follower::Follower;
use self::patience::Patience;
pub use self::section::section_now;
pub use self::standing::{Standing, watch_heads};
use super::Result;
use crate::model::{
    BadSection, Change, Clock, Entry, Key, Prefix, Revision, Section, SystemClock, Timestamp,
};
use crate::store::{Snapshot, Store, StoreError};

/// How long a section that can't be read is left alone before it is tried again.
const BAD_FOR: Duration = Duration::from_mins(1);

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

/// What a watch tells.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// A commit: its lines of one section that lie below the prefix. Of each section in order, every one once. Its
    /// revision is the one to watch after to go on from here.
    Commit(Vec<Change>),
    /// An entry's time to live ran out. That is in no log: it is told some time after it came to be, in no order with
    /// commits, and not where nobody watched at the time.
    Expire {
        /// The key.
        key: Key,
        /// When it was to cease to be, as far as the watch knew: a renewal just before leaves no trace.
        at: Timestamp,
        /// The version that it had.
        version: u64,
        /// The revision that had written it.
        revision: Revision,
    },
    /// The log no longer tells how the section came to be what it is: here is what it is. Keys below the prefix that
    /// aren't in it are gone.
    Resync {
        /// The section.
        section: Section,
        /// Where it stands.
        revision: Revision,
        /// All its entries below the prefix, ordered by key.
        entries: Vec<Entry>,
    },
    /// A section can't be read: something in it isn't what discfg writes. The watch of everything goes on without it, and
    /// tells its [`Event::Resync`] when it can be read again, which is tried once a minute. A watch of that section alone
    /// ends with the error.
    Bad(BadSection),
    /// All that the last look showed has been told. The first event of every watch, and one after each look.
    Current,
    /// The store can't be asked for the moment. The watch goes on by itself after the pause, and loses nothing.
    Retry {
        /// Why.
        error: StoreError,
        /// How long it waits.
        pause: Duration,
    },
}

/// Tells what happens below a prefix: commits, deletes among them, each once and in order, and expiries.
///
/// The stream ends with the first error: at the beginning any, later one that trying again can't mend (denied, no
/// config). What may pass (unreachable, throttled) is told as [`Event::Retry`]. Beside the errors of the store there are
/// - [`OpsError::Ahead`](super::OpsError::Ahead) where a revision to begin after hasn't been,
/// - [`OpsError::Unwatched`](super::OpsError::Unwatched) where its section isn't in the prefix.
pub fn watch(store: &dyn Store, watch: Watch) -> BoxStream<'_, Result<Event>> {
    stream! {
        let mut follower = match Follower::begin(store, watch).await {
            Ok(follower) => follower,
            Err(error) => {
                yield Err(error);
                return;
            }
        };
        let mut patience = Patience::default();
        loop {
            match follower.next().await {
                Ok(event) => {
                    patience.renew();
                    yield Ok(event);
                }
                Err(error) => {
                    let Some(pause) = patience.with(&error) else {
                        yield Err(error.into());
                        return;
                    };
                    yield Ok(Event::Retry { error, pause });
                    sleep(pause).await;
                }
            }
        }
    }
    .boxed()
}
