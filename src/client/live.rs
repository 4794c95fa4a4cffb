use std::collections::BTreeMap;
use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::StreamExt as _;
use serde::de::DeserializeOwned;
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep};

use super::{ClientError, Content};
use crate::model::{Jitter, Prefix, Revision, Section};
use crate::ops::{self, Event, Start, Watch};
use crate::store::{Snapshot, Store};

/// What lies below a prefix, as a value that keeps itself current in the background.
///
/// It is always the content of one moment. Where the store can't be reached, or what is there doesn't fit the type, it
/// stays as it was; [`age`](Self::age) and [`last_error`](Self::last_error) tell. Clones share the background work, which
/// ends with the last of them.
#[derive(Debug)]
pub struct Live<T> {
    values: watch::Receiver<Arc<T>>,
    state: Arc<Mutex<State>>,
    work: Arc<Work>,
}

impl<T> Clone for Live<T> {
    fn clone(&self) -> Self {
        Self {
            values: self.values.clone(),
            state: Arc::clone(&self.state),
            work: Arc::clone(&self.work),
        }
    }
}

/// Goes on until the last handle is dropped.
#[derive(Debug)]
struct Work(AbortHandle);

impl Drop for Work {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[derive(Debug)]
struct State {
    confirmed: Instant,
    error: Option<Arc<ClientError>>,
}

impl<T: DeserializeOwned + Send + Sync + 'static> Live<T> {
    pub(super) async fn begin(
        store: Arc<dyn Store>,
        prefix: Prefix,
        interval: Duration,
    ) -> Result<Self, ClientError> {
        let began = Instant::now();
        let content = Content::read(store.as_ref(), prefix).await?;
        let (sender, values) = watch::channel(Arc::new(content.deserialize()?));
        let state = Arc::new(Mutex::new(State {
            confirmed: began,
            error: None,
        }));
        let keeper = Keeper {
            store,
            interval,
            heads: heads(&content.snapshot),
            prefix: content.prefix,
            due: false,
            fits: true,
            values: sender,
            state: Arc::clone(&state),
        };
        let work = tokio::spawn(keeper.keep(content.snapshot)).abort_handle();
        Ok(Self {
            values,
            state,
            work: Arc::new(Work(work)),
        })
    }
}

impl<T> Live<T> {
    /// The value as it is known now. Costs nothing.
    pub fn get(&self) -> Arc<T> {
        Arc::clone(&self.values.borrow())
    }

    /// How long ago the value was last known to be what the config says: around the interval while all is well.
    pub fn age(&self) -> Duration {
        locked(&self.state).confirmed.elapsed()
    }

    /// Why the value may not be what the config says, until it is again.
    pub fn last_error(&self) -> Option<Arc<ClientError>> {
        locked(&self.state).error.clone()
    }

    /// Waits for a value that this handle hasn't given here yet, and gives it.
    pub async fn changed(&mut self) -> Arc<T> {
        if self.values.changed().await.is_err() {
            // Only a type that panics while it is read ends the work early.
            pending::<()>().await;
        }
        Arc::clone(&self.values.borrow_and_update())
    }
}

fn locked(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn heads(snapshot: &Snapshot) -> BTreeMap<Section, Revision> {
    let heads = snapshot.heads.iter();
    heads.map(|head| (head.section.clone(), head.revision)).collect()
}

/// The background work.
struct Keeper<T> {
    store: Arc<dyn Store>,
    prefix: Prefix,
    interval: Duration,
    /// Where the sections stood when the content was read last.
    heads: BTreeMap<Section, Revision>,
    /// Whether something has happened since.
    due: bool,
    /// Whether what was read last was of the type.
    fits: bool,
    values: watch::Sender<Arc<T>>,
    state: Arc<Mutex<State>>,
}

impl<T: DeserializeOwned + Send + Sync> Keeper<T> {
    async fn keep(mut self, snapshot: Snapshot) {
        let mut start = Start::Snapshot(snapshot);
        loop {
            self.follow(start).await;
            sleep(Jitter::Tenth.draw(self.interval)).await;
            start = Start::Now;
            // What happened between the end of one watch and the beginning of the next is in neither.
            self.due = true;
        }
    }

    /// Follows the prefix until the watch ends by an error.
    async fn follow(&mut self, start: Start) {
        let store = Arc::clone(&self.store);
        let watch = Watch {
            start,
            interval: self.interval,
            ..Watch::new(self.prefix.clone())
        };
        let mut events = ops::watch(store.as_ref(), watch);
        while let Some(event) = events.next().await {
            match event {
                Ok(Event::Commit(lines)) => {
                    self.due |= lines
                        .first()
                        .is_some_and(|line| self.heads.get(&line.key.section()) < Some(&line.revision));
                }
                Ok(Event::Current) => self.settle().await,
                Ok(Event::Retry { error, .. }) => self.fail(error.into()),
                Ok(_) => self.due = true,
                Err(error) => self.fail(error.into()),
            }
        }
    }

    /// Reads the content anew where that is due. One snapshot, and not what the log says, since a commit in several
    /// sections is then seen whole.
    async fn settle(&mut self) {
        let asked = Instant::now();
        if self.due {
            let content = match Content::read(self.store.as_ref(), self.prefix.clone()).await {
                Ok(content) => content,
                Err(error) => return self.fail(error.into()),
            };
            self.due = false;
            self.heads = heads(&content.snapshot);
            match content.deserialize() {
                Ok(value) => {
                    self.fits = true;
                    self.values.send_replace(Arc::new(value));
                }
                Err(error) => {
                    self.fits = false;
                    return self.fail(error);
                }
            }
        }
        if self.fits {
            let mut state = locked(&self.state);
            state.confirmed = asked;
            state.error = None;
        }
    }

    fn fail(&self, error: ClientError) {
        tracing::debug!(%error, prefix = %self.prefix, "a live value stays as it was");
        locked(&self.state).error = Some(Arc::new(error));
    }
}
