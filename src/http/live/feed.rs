//! One follower for all that wait for, or stream, a section or a whole config.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt as _;
use tokio::sync::{Mutex as AsyncMutex, Notify, watch};
use tokio::task::yield_now;

use super::event_text;
use super::ring::{Frame, FrameContent, Ring, RingPosition, RingSlot};
use crate::model::{BadSection, Change, Head, Revision, Section};
use crate::ops::{Event, HeadNews, OpsError, Start, Watch, section_now, watch as follow, watch_heads};
use crate::store::{Heads, Store, StoreError};

/// What a feed knows of its sections.
#[derive(Debug, Clone, Default)]
pub(super) struct FeedState {
    /// The heads, which are not there before the first look.
    pub(super) heads: Option<BTreeMap<Section, Head>>,
    /// The sections of which the heads can't be read.
    pub(super) bad: Vec<BadSection>,
    /// The store can't be reached for the moment.
    pub(super) failing: bool,
    /// The feed follows nothing any more.
    pub(super) ended: bool,
}

impl FeedState {
    /// Where the section stands.
    pub(super) fn revision(&self, section: &Section) -> Revision {
        let head = self.heads.as_ref().and_then(|heads| heads.get(section));
        head.map_or(Revision::ZERO, |head| head.revision)
    }
}

/// The news of one section, or of the heads of all.
#[derive(Debug)]
pub(super) struct Feed {
    section: Option<Section>,
    state: watch::Sender<FeedState>,
    ring: Mutex<Ring>,
    nudge: Arc<Notify>,
    /// The last resync that a client needed, for as long as one sends it.
    resync: AsyncMutex<std::sync::Weak<Resync>>,
}

/// How a section is, as it is sent.
#[derive(Debug)]
pub(super) struct Resync {
    pub(super) revision: Revision,
    pub(super) text: Bytes,
}

impl Feed {
    /// A feed of a section, or of a config's heads, that follows nothing yet.
    pub(super) fn new(section: Option<Section>) -> Self {
        Self {
            section,
            state: watch::Sender::default(),
            ring: Mutex::new(Ring::after(Revision::ZERO)),
            nudge: Arc::default(),
            resync: AsyncMutex::default(),
        }
    }

    /// What it knows, and what it comes to know.
    pub(super) fn subscribe(&self) -> watch::Receiver<FeedState> {
        self.state.subscribe()
    }

    /// Makes it look at once.
    pub(super) fn nudge(&self) {
        self.nudge.notify_one();
    }

    /// Forgets what it holds of the past, which the store has then.
    pub(super) fn forget(&self) {
        self.ring().forget();
    }

    /// What there is under that number.
    pub(super) fn get(&self, number: u64) -> RingSlot {
        self.ring().get(number)
    }

    /// Where a client stands that has seen all up to a revision.
    pub(super) fn position_after(&self, seen: Revision) -> RingPosition {
        self.ring().position_after(seen)
    }

    /// All revisions after that one, if they are still held.
    pub(super) fn since(&self, seen: Revision) -> Option<Vec<Arc<[Change]>>> {
        self.ring().since(seen)
    }

    /// How the section is, at `least` or later, in one copy for all that ask.
    pub(super) async fn resync(
        &self,
        store: &dyn Store,
        section: &Section,
        least: Revision,
    ) -> Result<Arc<Resync>, StoreError> {
        let mut shared = self.resync.lock().await;
        if let Some(resync) = shared.upgrade()
            && resync.revision >= least
            && self.position_after(resync.revision) != RingPosition::Before
        {
            return Ok(resync);
        }
        let (revision, text) = resync_now(store, section).await?;
        let resync = Arc::new(Resync { revision, text });
        *shared = Arc::downgrade(&resync);
        Ok(resync)
    }

    /// Follows until the store says what trying again can't mend.
    pub(super) async fn follow(&self, store: &dyn Store, interval: Duration) -> Result<(), OpsError> {
        match &self.section {
            Some(section) => self.follow_section(store, section, interval).await,
            None => Ok(self.follow_heads(store, interval).await?),
        }
    }

    /// Says that nothing is followed any more.
    pub(super) fn end(&self) {
        self.state.send_modify(|state| state.ended = true);
    }

    async fn follow_heads(&self, store: &dyn Store, interval: Duration) -> Result<(), StoreError> {
        let mut standings = watch_heads(store, interval, Arc::clone(&self.nudge));
        while let Some(standing) = standings.next().await {
            match standing? {
                HeadNews::Moved(heads) => self.take_in(heads),
                HeadNews::Bad(bad) => self.leave_out(bad),
                HeadNews::Still => self.set_failing(false),
                HeadNews::Retry(_) => self.set_failing(true),
            }
        }
        Ok(())
    }

    async fn follow_section(
        &self,
        store: &dyn Store,
        section: &Section,
        interval: Duration,
    ) -> Result<(), OpsError> {
        let start = section_now(store, section).await?;
        let head = start.heads.iter().find(|head| head.section == *section).cloned();
        let floor = head.as_ref().map_or(Revision::ZERO, |head| head.revision);
        *self.ring() = Ring::after(floor);
        self.take_in(head);
        let watched = Watch {
            start: Start::Snapshot(start),
            interval,
            nudge: Some(Arc::clone(&self.nudge)),
            ..Watch::of_section(section)
        };
        let mut events = follow(store, watched);
        while let Some(event) = events.next().await {
            match event? {
                Event::Commit(lines) => {
                    let head = lines.last().map(|last| Head {
                        section: section.clone(),
                        revision: last.revision,
                        changes: last.of,
                        commit: Some(last.commit.clone()),
                        modified: Some(last.at),
                    });
                    let text = event_text::render_commit(&lines);
                    self.publish(FrameContent::Commit(lines.into()), text, head).await;
                }
                Event::Expire {
                    key,
                    at,
                    version,
                    revision,
                } => {
                    let text = event_text::render_expiry(&key, (version, revision), at);
                    self.publish(FrameContent::Aside, text, None).await;
                }
                Event::Resync {
                    revision, entries, ..
                } => {
                    let text = event_text::render_resync(section, revision, &entries);
                    drop(entries);
                    let heads = store.heads(Heads::Of(vec![section.clone()])).await?;
                    // A later head comes with its lines.
                    let head = heads.into_iter().next().filter(|head| head.revision == revision);
                    let head = head.unwrap_or(Head {
                        section: section.clone(),
                        revision,
                        changes: 0,
                        commit: None,
                        modified: None,
                    });
                    self.publish(FrameContent::Resync(revision), text, Some(head))
                        .await;
                }
                // A section by itself that can't be read ends the watch.
                Event::Current | Event::Bad(_) => self.set_failing(false),
                Event::Retry { .. } => self.set_failing(true),
            }
        }
        Ok(())
    }

    async fn publish(&self, content: FrameContent, text: Bytes, head: Option<Head>) {
        self.ring().push(Frame { content, text });
        self.take_in(head);
        // A backlog comes at once: no client that keeps up is to be overrun by it.
        yield_now().await;
    }

    /// Takes in heads, and wakes all that wait.
    fn take_in(&self, moved: impl IntoIterator<Item = Head>) {
        self.state.send_modify(|state| {
            state.failing = false;
            let moved: Vec<Head> = moved.into_iter().collect();
            state
                .bad
                .retain(|bad| !moved.iter().any(|head| head.section == bad.section));
            let known = state.heads.get_or_insert_default();
            known.extend(moved.into_iter().map(|head| (head.section.clone(), head)));
        });
    }

    /// Takes in which sections can't be read.
    fn leave_out(&self, bad: Vec<BadSection>) {
        self.state.send_modify(|state| {
            state
                .bad
                .retain(|known| !bad.iter().any(|bad| bad.section == known.section));
            if let Some(heads) = &mut state.heads {
                heads.retain(|section, _| !bad.iter().any(|bad| bad.section == *section));
            }
            state.bad.extend(bad);
        });
    }

    fn set_failing(&self, failing: bool) {
        self.state.send_if_modified(|state| {
            let before = std::mem::replace(&mut state.failing, failing);
            before != failing
        });
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn resync_now(store: &dyn Store, section: &Section) -> Result<(Revision, Bytes), StoreError> {
    let mut now = section_now(store, section).await?;
    now.entries.retain(|entry| entry.key.section() == *section);
    let head = now.heads.iter().find(|head| head.section == *section);
    let revision = head.map_or(Revision::ZERO, |head| head.revision);
    Ok((
        revision,
        event_text::render_resync(section, revision, &now.entries),
    ))
}
