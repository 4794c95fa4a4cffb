//! The stream of one client: from the revision that it saw last, out of the store's log as far as the feed no longer
//! holds it, then with the feed.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use async_stream::stream;
use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{Stream, StreamExt as _, TryStreamExt as _};
use tokio::select;
use tokio::sync::watch;
use tokio::time::sleep;

use super::event_text::{self, EndReason};
use super::feed::{Feed, FeedState, Resync};
use super::ring::{FrameContent, RingPosition, RingSlot};
use crate::model::{Change, Revision, Section};
use crate::store::{Result, Store, StoreError, followed};

/// So often at least something is sent.
const HEARTBEAT_EVERY: Duration = Duration::from_secs(15);

/// The changes of a section, for one client.
pub(super) struct ChangeStream<P> {
    pub(super) store: Arc<dyn Store>,
    pub(super) section: Section,
    pub(super) feed: Arc<Feed>,
    /// True when all streams are to end.
    pub(super) stop: watch::Receiver<bool>,
    /// The last revision that the client has seen.
    pub(super) seen: Revision,
    /// What is held for as long as the stream lives.
    pub(super) place: P,
}

enum MissedEvents {
    Revision(Bytes),
    /// All that there is, in place of revisions.
    All(Arc<Resync>),
}

enum Wakeup {
    News,
    /// Nothing for as long as silence may last.
    Quiet,
    End(EndReason),
}

impl<P: Send + 'static> ChangeStream<P> {
    /// What is sent: an id, events as they come, and a last event that says why there are no more.
    pub(super) fn into_events(mut self) -> impl Stream<Item = Result<Bytes, Infallible>> + Send + 'static {
        stream! {
            yield Ok(event_text::render_start(self.seen));
            let store = Arc::clone(&self.store);
            let mut state = self.feed.subscribe();
            let end = 'all: loop {
                let RingPosition::At(mut next) = self.feed.position_after(self.seen) else {
                    let mut log = RevisionLog::after(store.as_ref(), &self.section, self.seen);
                    while self.feed.position_after(self.seen) == RingPosition::Before {
                        match self.read_missed(&mut log).await {
                            Ok(MissedEvents::Revision(text)) => yield Ok(text),
                            Ok(MissedEvents::All(resync)) => {
                                yield Ok(resync.text.clone());
                                // Others who come meanwhile are sent the same.
                                drop(resync);
                                continue 'all;
                            }
                            Err(end) => break 'all end,
                        }
                    }
                    continue;
                };
                loop {
                    // Before the look: what comes after it wakes.
                    state.mark_unchanged();
                    match self.feed.get(next) {
                        RingSlot::Frame(frame) => {
                            next += 1;
                            match frame.revision() {
                                None => yield Ok(frame.text),
                                Some(revision) if revision <= self.seen => {}
                                Some(revision) => {
                                    let follows = revision == self.seen.next();
                                    if matches!(frame.content, FrameContent::Commit(_)) && !follows {
                                        continue 'all;
                                    }
                                    self.seen = revision;
                                    yield Ok(frame.text);
                                }
                            }
                        }
                        RingSlot::Gone => break 'all EndReason::Slow,
                        RingSlot::NotYet => match self.wait(&mut state).await {
                            Wakeup::News => {}
                            Wakeup::Quiet => yield Ok(event_text::HEARTBEAT),
                            Wakeup::End(end) => break 'all end,
                        },
                    }
                }
            };
            yield Ok(event_text::render_end(end));
            drop(self.place);
        }
    }

    async fn wait(&mut self, state: &mut watch::Receiver<FeedState>) -> Wakeup {
        if *self.stop.borrow() {
            return Wakeup::End(EndReason::ShuttingDown);
        }
        if state.borrow().ended {
            return Wakeup::End(EndReason::Unavailable);
        }
        select! {
            biased;
            () = wait_for_stop(&mut self.stop) => Wakeup::End(EndReason::ShuttingDown),
            changed = state.changed() => match changed {
                Ok(()) => Wakeup::News,
                Err(_) => Wakeup::End(EndReason::Unavailable),
            },
            () = sleep(HEARTBEAT_EVERY) => Wakeup::Quiet,
        }
    }

    /// Reads the next revision of the log, or the section as it is where the log no longer has it.
    async fn read_missed(&mut self, log: &mut RevisionLog<'_>) -> Result<MissedEvents, EndReason> {
        let missed = select! {
            biased;
            () = wait_for_stop(&mut self.stop) => return Err(EndReason::ShuttingDown),
            revision = log.next() => match revision {
                Ok(Some(lines)) => {
                    self.seen = self.seen.next();
                    return Ok(MissedEvents::Revision(event_text::render_commit(&lines)));
                }
                Ok(None) | Err(StoreError::Compacted { .. }) => {
                    let least = self.seen.next();
                    self.feed.resync(self.store.as_ref(), &self.section, least).await
                }
                Err(error) => Err(error),
            },
        };
        match missed {
            Ok(resync) => {
                self.seen = resync.revision;
                Ok(MissedEvents::All(resync))
            }
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(section = %self.section, error, "closing a stream");
                Err(EndReason::Unavailable)
            }
        }
    }
}

async fn wait_for_stop(stop: &mut watch::Receiver<bool>) {
    // The sender is gone only with all that it serves.
    let _ = stop.wait_for(|stop| *stop).await;
}

/// A section's log, revision by revision.
struct RevisionLog<'s> {
    lines: BoxStream<'s, Result<Change>>,
    seen: Revision,
}

impl<'s> RevisionLog<'s> {
    fn after(store: &'s dyn Store, section: &Section, seen: Revision) -> Self {
        Self {
            lines: store
                .changes(section, seen)
                .map(|line| line.and_then(followed))
                .boxed(),
            seen,
        }
    }

    /// The next revision; none where it isn't the next that is there, or isn't whole.
    async fn next(&mut self) -> Result<Option<Vec<Change>>> {
        let wanted = self.seen.next();
        let mut revision: Vec<Change> = Vec::new();
        while let Some(line) = self.lines.try_next().await? {
            let fits = line.revision == wanted && line.index as usize == revision.len();
            if !fits {
                break;
            }
            let of = line.of as usize;
            revision.push(line);
            if revision.len() == of {
                self.seen = wanted;
                return Ok(Some(revision));
            }
        }
        Ok(None)
    }
}
