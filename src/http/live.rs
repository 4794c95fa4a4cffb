//! Waiting for what is to come: long polls and streams, all fed by one follower a section.

mod event_text;
mod feed;
mod feeds;
mod gauged_semaphore;
mod ring;
mod stream;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use async_stream::stream;
use bytes::Bytes;
use futures::stream::{BoxStream, select_all};
use futures::{Stream, StreamExt as _};
use prometheus_client::metrics::gauge::Gauge;
use tokio::select;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use self::feed::{Feed, FeedState};
use self::feeds::{Feeds, LINGER};
use self::gauged_semaphore::{GaugedPermit, GaugedSemaphore};
use self::stream::ChangeStream;
use super::settings::ApiSettings;
use crate::model::{BadSection, Change, ConfigName, Head, Revision, Section};
use crate::store::{Heads, Store, StoreError};

/// How many may wait where no streams are allowed; else as many as may stream.
const WAITS_WITHOUT_STREAMS: usize = 1024;

/// What waits for changes and streams them.
#[derive(Debug)]
pub(super) struct LiveUpdates {
    pub(super) feeds: Feeds,
    streams: GaugedSemaphore,
    waits: GaugedSemaphore,
    stop: watch::Sender<bool>,
}

/// Why a request can't wait or stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LiveRefusal {
    /// Too many requests wait or stream.
    Busy {
        /// How many are allowed.
        limit: usize,
    },
    /// The server is shutting down.
    Stopping,
}

/// What came of waiting.
#[derive(Debug)]
pub(super) enum WaitOutcome<T> {
    /// It has come.
    Come(T),
    /// The time was over before.
    Over(T),
    /// It is not known: the store itself has to be read, if only for why it can't be.
    Unknown,
}

/// Why no stream was opened.
#[derive(Debug, thiserror::Error)]
pub(super) enum StreamError {
    /// The server refuses it.
    #[error("cannot open a stream")]
    Refused(LiveRefusal),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<LiveRefusal> for StreamError {
    fn from(refusal: LiveRefusal) -> Self {
        Self::Refused(refusal)
    }
}

/// A stream that can begin, or why it can't.
pub(super) enum StreamOpening {
    /// What is sent.
    Stream(BoxStream<'static, Result<Bytes, Infallible>>),
    /// The revision to begin after hasn't been: the section stands here.
    Ahead(Revision),
    /// It is not known: the store itself has to be read, if only for why it can't be.
    Unknown,
}

impl LiveUpdates {
    pub(super) fn new(settings: &ApiSettings) -> Self {
        let waits = match settings.streams {
            0 => WAITS_WITHOUT_STREAMS,
            streams => streams,
        };
        Self {
            feeds: Feeds::new(settings.interval, LINGER),
            streams: GaugedSemaphore::new(settings.streams),
            waits: GaugedSemaphore::new(waits),
            stop: watch::Sender::new(false),
        }
    }

    /// How many streams are open.
    pub(super) fn streams(&self) -> &Gauge {
        self.streams.taken()
    }

    /// How many requests wait.
    pub(super) fn waits(&self) -> &Gauge {
        self.waits.taken()
    }

    /// Ends all that waits and streams, and turns away who comes.
    pub(super) fn stop(&self) {
        self.stop.send_replace(true);
        self.feeds.end();
    }

    /// Waits until all that waits and streams is to end.
    pub(super) async fn wait_for_stop(&self) {
        let _ = self.stop.subscribe().wait_for(|stop| *stop).await;
    }

    /// Waits at most so long for revisions of a section after one, and gives them; none where they have to be read.
    pub(super) async fn wait_for_changes(
        &self,
        (config, store): (&ConfigName, &Arc<dyn Store>),
        section: &Section,
        after: Revision,
        wait: Duration,
    ) -> Result<WaitOutcome<Option<Vec<Arc<[Change]>>>>, LiveRefusal> {
        let _place = self.admit(&self.waits)?;
        let feed = self.feeds.feed(store, config, Some(section));
        let is_wanted = |heads: &HeadMap| heads.get(section).is_some_and(|head| head.revision > after);
        Ok(match self.wait(&feed, wait, is_wanted).await {
            WaitOutcome::Come(_) => WaitOutcome::Come(feed.since(after)),
            WaitOutcome::Over(_) => WaitOutcome::Over(None),
            WaitOutcome::Unknown => WaitOutcome::Unknown,
        })
    }

    /// Waits at most so long for the heads of a section, or of the whole config, to be what is wanted, and gives them
    /// as they are then.
    pub(super) async fn wait_for_heads(
        &self,
        (config, store): (&ConfigName, &Arc<dyn Store>),
        section: Option<&Section>,
        wait: Duration,
        is_wanted: impl Fn(&HeadMap) -> bool + Send + Sync,
    ) -> Result<WaitOutcome<FollowedHeads>, LiveRefusal> {
        let _place = self.admit(&self.waits)?;
        let feed = self.feeds.feed(store, config, section);
        Ok(self.wait(&feed, wait, is_wanted).await)
    }

    async fn wait(
        &self,
        feed: &Feed,
        wait: Duration,
        is_wanted: impl Fn(&HeadMap) -> bool + Send + Sync,
    ) -> WaitOutcome<FollowedHeads> {
        let until = Instant::now() + wait;
        let mut state = feed.subscribe();
        let mut stop = self.stop.subscribe();
        loop {
            if let Some(known) = find_outcome(&state.borrow_and_update(), &is_wanted) {
                return known;
            }
            select! {
                // What comes at the last moment has come.
                biased;
                changed = state.changed() => if changed.is_err() {
                    return WaitOutcome::Unknown;
                },
                _ = stop.wait_for(|stop| *stop) => break,
                () = sleep_until(until) => break,
            }
        }
        let state = state.borrow();
        match &state.heads {
            Some(heads) if !state.failing => WaitOutcome::Over((heads.clone(), state.bad.clone())),
            _ => WaitOutcome::Unknown,
        }
    }

    /// Follows where the sections of configs stand: how they are, and then again whenever one has moved, until the server stops.
    pub(super) fn follow_heads(
        &self,
        configs: Vec<(ConfigName, Arc<dyn Store>)>,
    ) -> Result<BoxStream<'static, ConfigRevisions>, LiveRefusal> {
        let place = self.admit(&self.streams)?;
        let followed = configs.into_iter().map(|(config, store)| {
            let feed = self.feeds.feed(&store, &config, None);
            follow(config, feed, self.stop.subscribe()).boxed()
        });
        let followed = select_all(followed);
        Ok(stream! {
            // Held for as long as the stream is.
            let _place = place;
            for await news in followed {
                yield news;
            }
        }
        .boxed())
    }

    fn admit(&self, places: &GaugedSemaphore) -> Result<GaugedPermit, LiveRefusal> {
        if *self.stop.borrow() {
            return Err(LiveRefusal::Stopping);
        }
        places.take().ok_or(LiveRefusal::Busy {
            limit: places.limit(),
        })
    }

    /// A stream of what happens in a section after a revision, or from now on.
    pub(super) async fn open_stream(
        &self,
        (config, store): (&ConfigName, &Arc<dyn Store>),
        section: &Section,
        after: Option<Revision>,
    ) -> Result<StreamOpening, StreamError> {
        let place = self.admit(&self.streams)?;
        let stop = self.stop.subscribe();
        let feed = self.feeds.feed(store, config, Some(section));
        let mut state = feed.subscribe();
        let latest = match state.wait_for(|state| state.heads.is_some() || state.ended).await {
            Ok(state) if !state.ended => state.revision(section),
            _ => return Ok(StreamOpening::Unknown),
        };
        let seen = match after {
            Some(after) if after <= latest => after,
            // Other processes commit, too: the feed may be behind.
            _ => {
                let heads = store.heads(Heads::Of(vec![section.clone()])).await?;
                let head = heads.first().map_or(latest, |head| head.revision.max(latest));
                match after {
                    Some(after) if after > head => return Ok(StreamOpening::Ahead(head)),
                    after => after.unwrap_or(head),
                }
            }
        };
        let stream = ChangeStream {
            store: Arc::clone(store),
            section: section.clone(),
            feed,
            stop,
            seen,
            place,
        };
        Ok(StreamOpening::Stream(stream.into_events().boxed()))
    }
}

fn follow(
    config: ConfigName,
    feed: Arc<Feed>,
    mut stop: watch::Receiver<bool>,
) -> impl Stream<Item = ConfigRevisions> {
    stream! {
        let mut state = feed.subscribe();
        let mut sent = None;
        loop {
            let now = {
                let state = state.borrow_and_update();
                if state.ended {
                    break;
                }
                let revision = |head: &Head| (head.section.clone(), head.revision);
                let heads = state.heads.as_ref();
                heads.map(|heads| heads.values().map(revision).collect::<BTreeMap<_, _>>())
            };
            if now.is_some() && now != sent {
                sent.clone_from(&now);
                yield (config.clone(), now.unwrap_or_default());
            }
            select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => break,
                changed = state.changed() => if changed.is_err() {
                    break;
                },
            }
        }
    }
}

/// Where the sections of a config stand.
pub(super) type ConfigRevisions = (ConfigName, BTreeMap<Section, Revision>);

/// Where sections stand.
pub(super) type HeadMap = BTreeMap<Section, Head>;

/// Where sections stand, and of which the heads can't be read.
pub(super) type FollowedHeads = (HeadMap, Vec<BadSection>);

fn find_outcome(
    state: &FeedState,
    is_wanted: &impl Fn(&HeadMap) -> bool,
) -> Option<WaitOutcome<FollowedHeads>> {
    match &state.heads {
        Some(heads) if is_wanted(heads) => Some(WaitOutcome::Come((heads.clone(), state.bad.clone()))),
        _ => state.ended.then_some(WaitOutcome::Unknown),
    }
}
