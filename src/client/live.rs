use std::collections::BTreeMap;
use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use async_stream::stream;
use futures::stream::BoxStream;
use futures::{FutureExt as _, StreamExt as _};
use serde::de::DeserializeOwned;
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep};

use super::{ClientError, Content};
use crate::model::{Jitter, Prefix, Revision, Section, Span};
use crate::ops::{self, Event, Start, Watch};
use crate::store::{Snapshot, Store, StoreError};

/// What lies below a prefix, as a value that keeps itself current in the background.
///
/// It is always the content of one moment. Where the store can't be reached, or what is there doesn't fit the type, it
/// stays as it was; [`age`](Self::age), [`last_error`](Self::last_error) and [`changes`](Self::changes) say so. Clones
/// share the background work, which ends with the last of them.
#[derive(Debug)]
pub struct Live<T> {
    state: watch::Receiver<LiveState<T>>,
    /// The number of the value that this handle gave last.
    given: u64,
    work: Arc<LiveWork>,
}

impl<T> Clone for Live<T> {
    fn clone(&self) -> Self {
        Self {
            state: self.state.clone(),
            given: self.given,
            work: Arc::clone(&self.work),
        }
    }
}

/// Goes on until the last handle is dropped.
#[derive(Debug)]
struct LiveWork(AbortHandle);

impl Drop for LiveWork {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[derive(Debug)]
struct LiveState<T> {
    value: Arc<T>,
    /// How many values there were before this one.
    number: u64,
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
        let (sender, state) = watch::channel(LiveState {
            value: Arc::new(content.deserialize()?),
            number: 0,
            confirmed: began,
            error: None,
        });
        let keeper = Keeper {
            store,
            interval: Span::bounded(interval),
            heads: heads(&content.snapshot),
            prefix: content.prefix,
            due: false,
            fits: true,
            state: sender,
        };
        let work = tokio::spawn(keeper.keep(content.snapshot)).abort_handle();
        Ok(Self {
            state,
            given: 0,
            work: Arc::new(LiveWork(work)),
        })
    }
}

impl<T> Live<T> {
    /// The value as it is known now. Costs nothing.
    pub fn get(&self) -> Arc<T> {
        Arc::clone(&self.state.borrow().value)
    }

    /// How long ago the value was last known to be what the config says: around the interval while all is well.
    pub fn age(&self) -> Duration {
        self.state.borrow().confirmed.elapsed()
    }

    /// Why the value may not be what the config says, until it is again.
    pub fn last_error(&self) -> Option<Arc<ClientError>> {
        self.state.borrow().error.clone()
    }

    /// Waits for a value that this handle hasn't given here yet, and gives it.
    pub async fn changed(&mut self) -> Arc<T> {
        let given = self.given;
        let Ok(state) = self.state.wait_for(|state| state.number != given).await else {
            // The work ends before its handles only where the runtime does.
            return pending().await;
        };
        self.given = state.number;
        Arc::clone(&state.value)
    }
}

impl<T: Send + Sync + 'static> Live<T> {
    /// Each new value from now on, and each reason for which the value may not be what the config says. After a reason
    /// the value that is current again comes, whether it is a new one or not. What is overtaken before it is taken from
    /// the stream is left out.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use discfg::Live;
    /// use discfg::futures::StreamExt as _;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let client = discfg::Client::builder().config("demo").local(folder.path()).open().await?;
    /// #[derive(serde::Deserialize)]
    /// struct App { port: u16 }
    ///
    /// client.set("/app/port", "80").await?;
    /// let app: Live<App> = client.live_every("/app", Duration::from_millis(10)).await?;
    /// let mut changes = app.changes();
    ///
    /// client.set("/app/port", "many").await?;
    /// let Some(Err(error)) = changes.next().await else { panic!("it is no number") };
    /// assert!(error.to_string().starts_with("cannot read /app/port"));
    /// assert_eq!(app.get().port, 80);
    ///
    /// client.set("/app/port", "81").await?;
    /// let Some(Ok(app)) = changes.next().await else { panic!("it is a number") };
    /// assert_eq!(app.port, 81);
    /// # Ok(())
    /// # }
    /// ```
    pub fn changes(&self) -> BoxStream<'static, Result<Arc<T>, Arc<ClientError>>> {
        let mut live = self.clone();
        live.state.mark_unchanged();
        stream! {
            // All of it, with its share of the work.
            let mut live = live;
            while live.state.changed().await.is_ok() {
                let news = {
                    let state = live.state.borrow_and_update();
                    match &state.error {
                        Some(error) => Err(Arc::clone(error)),
                        None => Ok(Arc::clone(&state.value)),
                    }
                };
                yield news;
            }
        }
        .boxed()
    }
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
    state: watch::Sender<LiveState<T>>,
}

impl<T: DeserializeOwned + Send + Sync> Keeper<T> {
    async fn keep(mut self, snapshot: Snapshot) {
        let mut start = Start::Snapshot(snapshot);
        loop {
            // An engine that panics would end this work, and nobody would learn that the value stays as it is.
            if AssertUnwindSafe(self.follow(start)).catch_unwind().await.is_err() {
                self.fail(panicked("following the config"));
            }
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

    /// Reads the content again where that is due. One snapshot, and not what the log says, since a commit in several
    /// sections is then seen whole.
    async fn settle(&mut self) {
        let began = Instant::now();
        if self.due {
            let content = match Content::read(self.store.as_ref(), self.prefix.clone()).await {
                Ok(content) => content,
                Err(error) => return self.fail(error.into()),
            };
            self.due = false;
            self.heads = heads(&content.snapshot);
            self.fits = false;
            let read = catch_unwind(AssertUnwindSafe(|| content.deserialize()));
            match read.unwrap_or_else(|_| Err(unreadable(&self.prefix))) {
                Ok(value) => {
                    self.fits = true;
                    self.state.send_modify(|state| {
                        state.value = Arc::new(value);
                        state.number += 1;
                        state.confirmed = began;
                        state.error = None;
                    });
                }
                Err(error) => return self.fail(error),
            }
        }
        if self.fits {
            self.state.send_if_modified(|state| {
                state.confirmed = began;
                state.error.take().is_some()
            });
        }
    }

    fn fail(&self, error: ClientError) {
        tracing::debug!(%error, prefix = %self.prefix, "cannot update a live value; it keeps its previous state");
        self.state.send_if_modified(|state| {
            let said = |earlier: &Arc<ClientError>| earlier.to_string() == error.to_string();
            let is_new = !state.error.as_ref().is_some_and(said);
            state.error = Some(Arc::new(error));
            is_new
        });
    }
}

/// The error of a type that panics while it is read. What it panicked with may quote a secret.
fn unreadable(prefix: &Prefix) -> ClientError {
    ClientError::Misfit {
        at: prefix.to_string(),
        problem: "its type panicked while it was read".into(),
    }
}

fn panicked(what: &str) -> ClientError {
    ClientError::Store(StoreError::Other {
        what: what.into(),
        source: None,
    })
}
