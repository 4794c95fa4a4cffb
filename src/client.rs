//! The library's face: a config opened from the environment, typed reads, and values that keep themselves current.

mod builder;
mod content;
mod entry_tree;
mod error;
mod into_value;
mod json_deserializer;
mod live;
mod misfit;
mod reads;
mod writes;

use std::fmt;
use std::sync::Arc;

use tokio::sync::OnceCell;

pub use builder::ClientBuilder;
pub use content::Content;
pub use error::ClientError;
pub use into_value::IntoValue;
pub use live::Live;

#[doc(inline)]
pub use super::context::TargetError;
#[doc(inline)]
pub use super::engine::OpenError;

use super::context::Target;
#[cfg(feature = "dynamodb")]
use crate::aws::{Aws, AwsSettings};
use crate::engine;
use crate::model::{Access, Clock, Key, KeyError, Prefix};
use crate::store::Store;

/// A config. Clones share what is open.
///
/// The first read opens it in the role that reads, the first write in the role that writes, unless the target names an
/// identity; a program that only reads never asks for the right to write.
///
/// A key is given as text. Without a leading slash it is below the client's prefix, which is `/` unless
/// [`below`](Self::below) or the builder sets another; with one it is the whole key.
#[derive(Clone)]
pub struct Client {
    source: Arc<Source>,
    prefix: Prefix,
}

enum Source {
    Store(Arc<dyn Store>),
    Target(Box<LazyStore>),
}

/// What is opened when it is first used.
struct LazyStore {
    target: Target,
    #[cfg(feature = "dynamodb")]
    aws: Option<Arc<Aws>>,
    clock: Option<Arc<dyn Clock>>,
    reads: OnceCell<Arc<dyn Store>>,
    writes: OnceCell<Arc<dyn Store>>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Client");
        if let Source::Target(lazy) = self.source.as_ref() {
            shown.field("target", &lazy.target);
        }
        shown.field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

impl Client {
    /// The config of that target, as the command line settles it. No request is made.
    #[doc(hidden)]
    pub async fn open(target: Target) -> Result<Self, ClientError> {
        Self::lazy(target, None, Prefix::all()).await
    }

    async fn lazy(
        target: Target,
        clock: Option<Arc<dyn Clock>>,
        prefix: Prefix,
    ) -> Result<Self, ClientError> {
        target.config()?;
        #[cfg(feature = "dynamodb")]
        let aws = if target.uses_aws() {
            Some(engine::aws(&target, AwsSettings::default()).await?)
        } else {
            None
        };
        let lazy = LazyStore {
            target,
            #[cfg(feature = "dynamodb")]
            aws,
            clock,
            reads: OnceCell::new(),
            writes: OnceCell::new(),
        };
        Ok(Self {
            source: Arc::new(Source::Target(Box::new(lazy))),
            prefix,
        })
    }

    /// The config that lies in that store: an engine of the program's own, or one opened by hand.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use discfg::Client;
    /// use discfg::engine::local::{LocalEngine, OpenMode};
    /// use discfg::model::SystemClock;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("demo.db");
    /// let engine = LocalEngine::open(&path, OpenMode::Create, Arc::new(SystemClock), "me")?;
    /// let client = Client::with_store(Arc::new(engine));
    /// assert_eq!(client.set("/greeting", "hello").await?.by, "me");
    /// # Ok(())
    /// # }
    /// ```
    pub fn with_store(store: Arc<dyn Store>) -> Self {
        Self {
            source: Arc::new(Source::Store(store)),
            prefix: Prefix::all(),
        }
    }

    /// The same config, with keys below that prefix, which is itself below this client's where it has no leading slash.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let client = discfg::Client::builder().config("demo").local(folder.path()).open().await?;
    /// let pool = client.below("/db")?.below("pool")?;
    /// let entry = pool.set("size", 20).await?;
    /// assert_eq!(entry.key.as_str(), "/db/pool/size");
    /// assert_eq!(pool.get::<u32>("/db/pool/size").await?, Some(20));
    /// # Ok(())
    /// # }
    /// ```
    pub fn below(&self, prefix: &str) -> Result<Self, ClientError> {
        Ok(Self {
            source: Arc::clone(&self.source),
            prefix: self.prefix(prefix)?,
        })
    }

    /// The key that this text is here, for guards and commits.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let client = discfg::Client::builder().config("demo").local(folder.path()).open().await?;
    /// assert_eq!(client.below("/db")?.key("url")?.as_str(), "/db/url");
    /// # Ok(())
    /// # }
    /// ```
    pub fn key(&self, key: &str) -> Result<Key, KeyError> {
        self.whole(key).parse()
    }

    /// The prefix that this text is here.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let client = discfg::Client::builder().config("demo").local(folder.path()).open().await?;
    /// assert!(client.below("/db")?.prefix("pool")?.holds(&"/db/pool/size".parse()?));
    /// # Ok(())
    /// # }
    /// ```
    pub fn prefix(&self, prefix: &str) -> Result<Prefix, KeyError> {
        self.whole(prefix).parse()
    }

    fn whole(&self, path: &str) -> String {
        if path.starts_with('/') {
            return path.to_owned();
        }
        format!("{}{path}", self.prefix.with_slash())
    }

    /// The store, opened for that access: for all that a client doesn't say.
    ///
    /// ```
    /// use discfg::model::Access;
    /// use discfg::store::Heads;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let client = discfg::Client::builder().config("demo").local(folder.path()).open().await?;
    /// client.set("/greeting", "hello").await?;
    /// let store = client.store(Access::Read).await?;
    /// assert_eq!(store.heads(Heads::All).await?.len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn store(&self, access: Access) -> Result<Arc<dyn Store>, ClientError> {
        let lazy = match self.source.as_ref() {
            Source::Store(store) => return Ok(Arc::clone(store)),
            Source::Target(lazy) => lazy,
        };
        let cell = match access {
            Access::Read => &lazy.reads,
            Access::Write => &lazy.writes,
        };
        let store = cell
            .get_or_try_init(async || {
                let settings = engine::OpenSettings {
                    clock: lazy.clock.clone(),
                    ..engine::OpenSettings::default()
                };
                #[cfg(feature = "dynamodb")]
                let opened = engine::open(&lazy.target, access, lazy.aws.as_ref(), settings).await?;
                #[cfg(not(feature = "dynamodb"))]
                let opened = engine::open(&lazy.target, access, settings).await?;
                Ok::<_, ClientError>(Arc::from(opened.store))
            })
            .await?;
        Ok(Arc::clone(store))
    }
}
