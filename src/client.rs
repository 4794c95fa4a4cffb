//! The library's face: a config opened from the environment, typed reads, and values that keep themselves current.

mod content;
mod error;
mod json;
mod live;
mod misfit;
mod tree;

use std::env;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_stream::stream;
use futures::StreamExt as _;
use futures::stream::BoxStream;
use serde::de::DeserializeOwned;
use tokio::sync::OnceCell;

pub use content::Content;
pub use error::ClientError;
pub use live::Live;

use self::tree::Tree;
use super::context::{Choices, Surroundings, Target, TrustedFiles};
use crate::aws::{Aws, Meter};
use crate::engine;
use crate::model::{Access, Encoding, Entry, Guard, Key, Value};
use crate::ops::{self, Event, Watch};
use crate::store::{Consistency, Store, StoreExt as _};

/// A config. Clones share what is open.
///
/// The first read opens it in the role that reads, the first write in the role that writes, unless the target names an
/// identity; a program that only reads never asks for the right to write.
#[derive(Clone)]
pub struct Client(Arc<Source>);

enum Source {
    Store(Arc<dyn Store>),
    Target(Box<Lazy>),
}

/// What is opened when it is first used.
struct Lazy {
    target: Target,
    aws: Option<Arc<Aws>>,
    reads: OnceCell<Arc<dyn Store>>,
    writes: OnceCell<Arc<dyn Store>>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Client");
        if let Source::Target(lazy) = self.0.as_ref() {
            shown.field("target", &lazy.target);
        }
        shown.finish_non_exhaustive()
    }
}

/// How often a live value looks, unless it is told otherwise.
const LIVE_INTERVAL: Duration = Duration::from_secs(30);

impl Client {
    /// The config that the command line would work on here: what the `DISCFG_` variables say, else the nearest
    /// `.discfg` from the working folder upwards, with the AWS SDKs' own settings. No request is made.
    ///
    /// Fails with [`ClientError::Target`] where these don't say which config, or can't be understood.
    pub async fn from_env() -> Result<Self, ClientError> {
        let target = {
            let folder = env::current_dir().map_err(ClientError::Folder)?;
            let environment = |name: &str| env::var(name).ok();
            let trust = TrustedFiles::of_user();
            let around = Surroundings {
                environment: &environment,
                folder: &folder,
                trust: &trust,
            };
            Target::settle(Choices::default(), &around)?
        };
        Self::open(target).await
    }

    /// The config of that target. No request is made.
    ///
    /// Fails with [`ClientError::Target`] where it names none, and with [`ClientError::Open`] where AWS can't be used,
    /// for want of a region for instance.
    pub async fn open(target: Target) -> Result<Self, ClientError> {
        target.config()?;
        let aws = if target.uses_aws() {
            Some(engine::aws(&target, Meter::default()).await?)
        } else {
            None
        };
        Ok(Self(Arc::new(Source::Target(Box::new(Lazy {
            target,
            aws,
            reads: OnceCell::new(),
            writes: OnceCell::new(),
        })))))
    }

    /// The config that lies in that store: an engine of the program's own, or one opened by hand.
    pub fn with_store(store: Arc<dyn Store>) -> Self {
        Self(Arc::new(Source::Store(store)))
    }

    /// The store, opened for that access: for all that a client doesn't say shortly, such as commits of several keys.
    pub async fn store(&self, access: Access) -> Result<Arc<dyn Store>, ClientError> {
        let lazy = match self.0.as_ref() {
            Source::Store(store) => return Ok(Arc::clone(store)),
            Source::Target(lazy) => lazy,
        };
        let cell = match access {
            Access::Read => &lazy.reads,
            Access::Write => &lazy.writes,
        };
        let store = cell
            .get_or_try_init(async || {
                let opened = engine::open(
                    &lazy.target,
                    access,
                    lazy.aws.as_ref(),
                    engine::OpenSettings::default(),
                )
                .await?;
                Ok::<_, ClientError>(Arc::from(opened.store))
            })
            .await?;
        Ok(Arc::clone(store))
    }

    /// The entry of a key, if there is one, with the value of a secret as it is stored: encrypted. Strongly
    /// consistent, as all reads here are.
    pub async fn entry(&self, key: &str) -> Result<Option<Entry>, ClientError> {
        let key: Key = key.parse()?;
        Ok(self
            .store(Access::Read)
            .await?
            .get(&key, Consistency::Strong)
            .await?)
    }

    /// The value of a key as a `T`: JSON as JSON, text as text, or as a number or boolean where one is wanted.
    ///
    /// A secret is decrypted, here and wherever a client gives values.
    ///
    /// Fails with [`ClientError::Misfit`] where it is something else.
    pub async fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, ClientError> {
        let entry = self.revealed(key).await?;
        entry
            .map(|entry| Ok(Tree::leaf(&entry).deserialize()?))
            .transpose()
    }

    /// The value of a key as it is written. Fails with [`ClientError::Misfit`] for `bytes`.
    pub async fn get_text(&self, key: &str) -> Result<Option<String>, ClientError> {
        let entry = self.revealed(key).await?;
        let text = |entry: Entry| match entry.value.as_text() {
            Some(text) => Ok(text.to_owned()),
            None => Err(ClientError::Misfit {
                at: entry.key.to_string(),
                problem: "it is bytes, not text".into(),
            }),
        };
        entry.map(text).transpose()
    }

    /// The bytes of a key's value.
    pub async fn get_bytes(&self, key: &str) -> Result<Option<Vec<u8>>, ClientError> {
        let entry = self.revealed(key).await?;
        Ok(entry.map(|entry| entry.value.bytes().to_vec()))
    }

    async fn revealed(&self, key: &str) -> Result<Option<Entry>, ClientError> {
        let found = Vec::from_iter(self.entry(key).await?);
        Ok(self.store(Access::Read).await?.reveal(found).await?.pop())
    }

    /// Writes a key, as `discfg set` does: an object or array is JSON, other UTF-8 text, the rest bytes; at most
    /// 190,000 bytes. A secret stays one. Gives the entry afterwards.
    pub async fn set(&self, key: &str, value: impl Into<Vec<u8>>) -> Result<Entry, ClientError> {
        let (key, value) = (key.parse()?, Value::new(value, Encoding::Detect)?);
        Ok(self.store(Access::Write).await?.set(&key, value).await?)
    }

    /// The same as a secret: encrypted, by a key that the table's readers needn't be given. Gives the entry afterwards,
    /// with its value encrypted.
    pub async fn set_secret(&self, key: &str, value: impl Into<Vec<u8>>) -> Result<Entry, ClientError> {
        let (key, value) = (key.parse()?, Value::new(value, Encoding::Detect)?);
        let store = self.store(Access::Write).await?;
        Ok(store.set_secret(&key, value).await?)
    }

    /// The same if the guard holds. Fails with [`StoreError::Conflict`](crate::store::StoreError::Conflict) where it
    /// doesn't.
    pub async fn set_if(
        &self,
        key: &str,
        value: impl Into<Vec<u8>>,
        guard: Guard,
    ) -> Result<Entry, ClientError> {
        let (key, value) = (key.parse()?, Value::new(value, Encoding::Detect)?);
        let store = self.store(Access::Write).await?;
        Ok(store.set_if(&key, value, guard).await?)
    }

    /// Removes a key, and gives the entry that was there, if one was.
    pub async fn delete(&self, key: &str) -> Result<Option<Entry>, ClientError> {
        let key = key.parse()?;
        Ok(self.store(Access::Write).await?.delete(&key).await?)
    }

    /// The same if the guard holds. Fails with [`StoreError::Conflict`](crate::store::StoreError::Conflict) where it
    /// doesn't.
    pub async fn delete_if(&self, key: &str, guard: Guard) -> Result<Option<Entry>, ClientError> {
        let key = key.parse()?;
        Ok(self.store(Access::Write).await?.delete_if(&key, guard).await?)
    }

    /// What lies below a prefix, as of one moment. `/` is everything.
    pub async fn snapshot(&self, prefix: &str) -> Result<Content, ClientError> {
        let prefix = prefix.parse()?;
        let store = self.store(Access::Read).await?;
        Ok(Content::read(store.as_ref(), prefix).await?)
    }

    /// What happens below a prefix from now on, with a look every 2 seconds; [`watch_from`](Self::watch_from) sets
    /// where it begins and how often it looks. What the stream tells, and when it ends, [`ops::watch`] says.
    pub async fn watch(
        &self,
        prefix: &str,
    ) -> Result<BoxStream<'static, Result<Event, ClientError>>, ClientError> {
        self.watch_from(Watch::new(prefix.parse()?)).await
    }

    /// What happens as of that watch.
    pub async fn watch_from(
        &self,
        watch: Watch,
    ) -> Result<BoxStream<'static, Result<Event, ClientError>>, ClientError> {
        let store = self.store(Access::Read).await?;
        let events = stream! {
            let mut events = ops::watch(store.as_ref(), watch);
            while let Some(event) = events.next().await {
                yield event.map_err(ClientError::from);
            }
        };
        Ok(events.boxed())
    }

    /// What lies below a prefix as a value that keeps itself current, with a look every 30 seconds. Fails where it
    /// can't be read at first, or isn't a `T`; later it keeps what it has. Must be called within a tokio runtime.
    ///
    /// ```
    /// # use discfg::engine::local::{LocalEngine, OpenMode};
    /// # use discfg::{Client, model::SystemClock};
    /// # use std::{sync::Arc, time::Duration};
    /// #[derive(serde::Deserialize)]
    /// struct App { greeting: String }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let engine = LocalEngine::open(&folder.path().join("a.db"), OpenMode::Create, Arc::new(SystemClock), "me")?;
    /// # let client = Client::with_store(Arc::new(engine));
    /// client.set("/app/greeting", "hello").await?;
    /// let mut app = client.live_every::<App>("/app", Duration::from_millis(20)).await?;
    /// assert_eq!(app.get().greeting, "hello");
    /// client.set("/app/greeting", "good morning").await?;
    /// assert_eq!(app.changed().await.greeting, "good morning");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn live<T>(&self, prefix: &str) -> Result<Live<T>, ClientError>
    where
        T: DeserializeOwned + Send + Sync + 'static,
    {
        self.live_every(prefix, LIVE_INTERVAL).await
    }

    /// The same with another time between two looks, which is kept give or take a tenth, within the bounds of a
    /// [`Span`](crate::model::Span): at least 10 milliseconds.
    pub async fn live_every<T>(&self, prefix: &str, interval: Duration) -> Result<Live<T>, ClientError>
    where
        T: DeserializeOwned + Send + Sync + 'static,
    {
        let prefix = prefix.parse()?;
        Live::begin(self.store(Access::Read).await?, prefix, interval).await
    }
}
