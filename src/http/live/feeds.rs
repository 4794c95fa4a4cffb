//! The feeds that run: each begun by the first that waits or streams, and ended a while after the last has gone.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::select;
use tokio::task::AbortHandle;
use tokio::time::sleep;

use super::feed::Feed;
use crate::model::{ConfigName, Head, Section};
use crate::store::Store;

/// A config, and a section of it; none for where all its sections stand.
type FeedScope = (ConfigName, Option<Section>);

/// Long enough that one client which asks again and again keeps its feed.
pub(super) const LINGER: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub(in crate::http) struct Feeds {
    running: Arc<Mutex<HashMap<FeedScope, RunningFeed>>>,
    interval: Duration,
    linger: Duration,
}

#[derive(Debug)]
struct RunningFeed {
    feed: Arc<Feed>,
    /// Whether a client came since the last check.
    used: bool,
    work: AbortHandle,
}

impl Drop for RunningFeed {
    fn drop(&mut self) {
        self.work.abort();
    }
}

impl Feeds {
    /// Feeds that look for what other processes commit at each interval. One that nobody has used for `linger` ends.
    pub(super) fn new(interval: Duration, linger: Duration) -> Self {
        Self {
            running: Arc::default(),
            interval,
            linger,
        }
    }

    /// The feed of that scope, begun if need be. It runs for as long as it is held.
    pub(super) fn feed(
        &self,
        store: &Arc<dyn Store>,
        config: &ConfigName,
        section: Option<&Section>,
    ) -> Arc<Feed> {
        let scope = (config.clone(), section.cloned());
        let mut running = locked(&self.running);
        if let Some(known) = running.get_mut(&scope) {
            known.used = true;
            return Arc::clone(&known.feed);
        }
        let feed = Arc::new(Feed::new(section.cloned()));
        let task = FeedTask {
            feed: Arc::clone(&feed),
            scope: scope.clone(),
            running: Arc::downgrade(&self.running),
        };
        let work = task.run(Arc::clone(store), self.interval, self.linger);
        running.insert(
            scope,
            RunningFeed {
                feed: Arc::clone(&feed),
                used: true,
                work: tokio::spawn(work).abort_handle(),
            },
        );
        feed
    }

    /// Makes those look at once that may have news of these sections.
    pub(in crate::http) fn nudge<'s>(
        &self,
        config: &ConfigName,
        sections: impl Iterator<Item = &'s Section>,
    ) {
        let running = locked(&self.running);
        if running.is_empty() {
            return;
        }
        for section in sections.cloned().map(Some).chain([None]) {
            if let Some(known) = running.get(&(config.clone(), section)) {
                known.feed.nudge();
            }
        }
    }

    /// Makes the feed of a section forget what it holds of the past, if it has one.
    pub(in crate::http) fn forget(&self, config: &ConfigName, section: &Section) {
        let scope = (config.clone(), Some(section.clone()));
        if let Some(known) = locked(&self.running).get(&scope) {
            known.feed.forget();
        }
    }

    /// Where the sections stand that have a feed.
    pub(in crate::http) fn followed(&self) -> Vec<(ConfigName, Head)> {
        let running = locked(&self.running);
        let sections = running.iter().filter(|((_, section), _)| section.is_some());
        sections
            .flat_map(|((config, _), running)| {
                let heads = running
                    .feed
                    .subscribe()
                    .borrow()
                    .heads
                    .clone()
                    .unwrap_or_default();
                heads.into_values().map(|head| (config.clone(), head))
            })
            .collect()
    }

    /// Ends all.
    pub(super) fn end(&self) {
        locked(&self.running).clear();
    }
}

/// The task that runs one feed.
struct FeedTask {
    feed: Arc<Feed>,
    scope: FeedScope,
    running: Weak<Mutex<HashMap<FeedScope, RunningFeed>>>,
}

impl FeedTask {
    async fn run(self, store: Arc<dyn Store>, interval: Duration, linger: Duration) {
        select! {
            ended = self.feed.follow(store.as_ref(), interval) => {
                let (config, section) = (&self.scope.0, self.scope.1.as_ref().map(tracing::field::display));
                match ended {
                    Ok(()) => tracing::debug!(%config, section, "stopped following changes"),
                    Err(error) => tracing::warn!(%config, section, error = &error as &dyn std::error::Error, "stopped following changes"),
                }
            }
            () = self.wait_until_unused(linger) => {}
        }
    }

    /// Until nobody has held the feed for a while.
    async fn wait_until_unused(&self, linger: Duration) {
        loop {
            sleep(linger).await;
            let Some(all) = self.running.upgrade() else { return };
            let mut all = locked(&all);
            let Some(this) = all.get_mut(&self.scope) else {
                return;
            };
            // The map and this task hold it themselves, and who else would hold it must come by the map.
            let is_held = Arc::strong_count(&self.feed) > 2;
            if !std::mem::take(&mut this.used) && !is_held {
                all.remove(&self.scope);
                return;
            }
        }
    }
}

/// However it ended: nobody waits for a feed that follows nothing, and the next who comes begins a new one.
impl Drop for FeedTask {
    fn drop(&mut self) {
        if let Some(all) = self.running.upgrade() {
            let mut all = locked(&all);
            if all
                .get(&self.scope)
                .is_some_and(|this| Arc::ptr_eq(&this.feed, &self.feed))
            {
                all.remove(&self.scope);
            }
        }
        self.feed.end();
    }
}

fn locked(
    running: &Mutex<HashMap<FeedScope, RunningFeed>>,
) -> MutexGuard<'_, HashMap<FeedScope, RunningFeed>> {
    running.lock().unwrap_or_else(PoisonError::into_inner)
}
