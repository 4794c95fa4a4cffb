//! Waiting for what is to come: long polls and streams, all fed by one follower a section.

mod feed;
mod feeds;
mod frame;
mod ring;
mod stream;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream::BoxStream;
use prometheus_client::metrics::gauge::Gauge;
use tokio::select;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{Instant, sleep_until};

use self::feed::{Feed, State};
use self::feeds::{Feeds, LINGER};
use self::stream::Reader;
use super::settings::ApiSettings;
use crate::model::{BadSection, Change, ConfigName, Head, Revision, Section};
use crate::store::{Heads, Store, StoreError};

/// How many may wait where no streams are allowed, which bound them else.
const WAITS_WITHOUT_STREAMS: usize = 1024;

/// All that waits and streams.
#[derive(Debug)]
pub(super) struct Live {
    pub(super) feeds: Feeds,
    streams: Bound,
    waits: Bound,
    stop: watch::Sender<bool>,
}

/// Why nobody is waited with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turned {
    /// As many wait or stream as may.
    Busy,
    /// The server stops.
    Stopping,
}

/// What came of waiting.
#[derive(Debug)]
pub(super) enum Waited<T> {
    /// It has come.
    Come(T),
    /// The time was over before.
    Over(T),
    /// Nobody knows: the store itself has to be asked, if only for why it can't be.
    Unknown,
}

/// Why no stream was opened.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotOpened {
    /// There is no place for one.
    #[error("no stream is to be had")]
    Turned(Turned),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Turned> for NotOpened {
    fn from(turned: Turned) -> Self {
        Self::Turned(turned)
    }
}

/// A stream that can begin, or why it can't.
pub(super) enum Opened {
    /// What is sent.
    Stream(BoxStream<'static, Result<Bytes, Infallible>>),
    /// The revision to begin after hasn't been: the section stands here.
    Ahead(Revision),
    /// Nobody knows: the store itself has to be asked, if only for why it can't be.
    Unknown,
}

impl Live {
    pub(super) fn new(settings: &ApiSettings) -> Self {
        let waits = match settings.streams {
            0 => WAITS_WITHOUT_STREAMS,
            streams => streams,
        };
        Self {
            feeds: Feeds::new(settings.interval, LINGER),
            streams: Bound::of(settings.streams),
            waits: Bound::of(waits),
            stop: watch::Sender::new(false),
        }
    }

    /// How many streams are open.
    pub(super) fn streams(&self) -> &Gauge {
        &self.streams.taken
    }

    /// How many requests wait.
    pub(super) fn waits(&self) -> &Gauge {
        &self.waits.taken
    }

    /// Ends all that waits and streams, and turns away who comes.
    pub(super) fn stop(&self) {
        self.stop.send_replace(true);
        self.feeds.end();
    }

    /// Waits at most so long for revisions of a section after one, and gives them; none where they have to be read.
    pub(super) async fn changes(
        &self,
        (config, store): (&ConfigName, &Arc<dyn Store>),
        section: &Section,
        after: Revision,
        wait: Duration,
    ) -> Result<Waited<Option<Vec<Arc<[Change]>>>>, Turned> {
        let _place = self.place(&self.waits)?;
        let feed = self.feeds.feed(store, config, Some(section));
        let is_wanted = |heads: &Standing| heads.get(section).is_some_and(|head| head.revision > after);
        Ok(match self.wait(&feed, wait, is_wanted).await {
            Waited::Come(_) => Waited::Come(feed.since(after)),
            Waited::Over(_) => Waited::Over(None),
            Waited::Unknown => Waited::Unknown,
        })
    }

    /// Waits at most so long for the heads of a section, or of the whole config, to be what is wanted, and gives them as
    /// they are then.
    pub(super) async fn heads(
        &self,
        (config, store): (&ConfigName, &Arc<dyn Store>),
        section: Option<&Section>,
        wait: Duration,
        is_wanted: impl Fn(&Standing) -> bool + Send + Sync,
    ) -> Result<Waited<Stood>, Turned> {
        let _place = self.place(&self.waits)?;
        let feed = self.feeds.feed(store, config, section);
        Ok(self.wait(&feed, wait, is_wanted).await)
    }

    async fn wait(
        &self,
        feed: &Feed,
        wait: Duration,
        is_wanted: impl Fn(&Standing) -> bool + Send + Sync,
    ) -> Waited<Stood> {
        let until = Instant::now() + wait;
        let mut state = feed.subscribe();
        let mut stop = self.stop.subscribe();
        loop {
            if let Some(known) = known(&state.borrow_and_update(), &is_wanted) {
                return known;
            }
            select! {
                // What comes at the last moment has come.
                biased;
                changed = state.changed() => if changed.is_err() {
                    return Waited::Unknown;
                },
                _ = stop.wait_for(|stop| *stop) => break,
                () = sleep_until(until) => break,
            }
        }
        let state = state.borrow();
        match &state.heads {
            Some(heads) if !state.failing => Waited::Over((heads.clone(), state.bad.clone())),
            _ => Waited::Unknown,
        }
    }

    fn place(&self, bound: &Bound) -> Result<Place, Turned> {
        if *self.stop.borrow() {
            return Err(Turned::Stopping);
        }
        bound.take().ok_or(Turned::Busy)
    }

    /// A stream of what happens in a section after a revision, or from now on.
    pub(super) async fn stream(
        &self,
        (config, store): (&ConfigName, &Arc<dyn Store>),
        section: &Section,
        after: Option<Revision>,
    ) -> Result<Opened, NotOpened> {
        let place = self.place(&self.streams)?;
        let stop = self.stop.subscribe();
        let feed = self.feeds.feed(store, config, Some(section));
        let mut state = feed.subscribe();
        let told = match state.wait_for(|state| state.heads.is_some() || state.ended).await {
            Ok(state) if !state.ended => state.revision(section),
            _ => return Ok(Opened::Unknown),
        };
        let seen = match after {
            Some(after) if after <= told => after,
            // Other processes commit, too: the feed may be behind.
            _ => {
                let heads = store.heads(Heads::Of(vec![section.clone()])).await?;
                let head = heads.first().map_or(told, |head| head.revision.max(told));
                match after {
                    Some(after) if after > head => return Ok(Opened::Ahead(head)),
                    after => after.unwrap_or(head),
                }
            }
        };
        let reader = Reader {
            store: Arc::clone(store),
            section: section.clone(),
            feed,
            stop,
            seen,
            place,
        };
        Ok(Opened::Stream(reader.read().boxed()))
    }
}

/// Where sections stand.
pub(super) type Standing = BTreeMap<Section, Head>;

/// Where sections stand, and of which the heads can't be read.
pub(super) type Stood = (Standing, Vec<BadSection>);

fn known(state: &State, is_wanted: &impl Fn(&Standing) -> bool) -> Option<Waited<Stood>> {
    match &state.heads {
        Some(heads) if is_wanted(heads) => Some(Waited::Come((heads.clone(), state.bad.clone()))),
        _ => state.ended.then_some(Waited::Unknown),
    }
}

/// So many places, and how many of them are taken.
#[derive(Debug)]
struct Bound {
    places: Arc<Semaphore>,
    taken: Gauge,
}

/// A place that is taken as long as this is held.
struct Place {
    taken: Gauge,
    /// Gives the place back.
    _permit: OwnedSemaphorePermit,
}

impl Bound {
    fn of(places: usize) -> Self {
        Self {
            places: Arc::new(Semaphore::new(places.min(Semaphore::MAX_PERMITS))),
            taken: Gauge::default(),
        }
    }

    fn take(&self) -> Option<Place> {
        let permit = Arc::clone(&self.places).try_acquire_owned().ok()?;
        self.taken.inc();
        Some(Place {
            taken: self.taken.clone(),
            _permit: permit,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.taken.dec();
    }
}
