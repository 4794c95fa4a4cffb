use std::time::Duration;

use async_stream::stream;
use futures::stream::BoxStream;
use futures::{StreamExt as _, TryStreamExt as _};
use serde::de::DeserializeOwned;

use super::entry_tree::EntryTree;
use super::{Client, ClientError, Content, Live};
use crate::model::{Access, Change, Entry};
use crate::ops::{self, Event, Watch};
use crate::store::{Consistency, Listed, Scope, StoreExt as _};

/// How often a live value looks, unless another interval is given.
const LIVE_INTERVAL: Duration = Duration::from_secs(30);

/// Reading. Reads are strongly consistent, and secrets are decrypted, unless a method says otherwise.
impl Client {
    /// The value of a key as a `T`: JSON as JSON, text as text, or as a number or boolean where one is wanted.
    ///
    /// Fails with [`ClientError::Misfit`] where it is something else.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let client = discfg::Client::builder().config("demo").local(folder.path()).open().await?;
    /// client.set("/db/pool/size", "20").await?;
    /// assert_eq!(client.get::<u32>("/db/pool/size").await?, Some(20));
    /// assert_eq!(client.get::<String>("/db/pool/size").await?.as_deref(), Some("20"));
    /// assert_eq!(client.get::<u32>("/db/pool/none").await?, None);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, ClientError> {
        let entry = self.entry(key).await?;
        entry
            .map(|entry| Ok(EntryTree::leaf(&entry).deserialize()?))
            .transpose()
    }

    /// The value of a key as it is written. Fails with [`ClientError::Misfit`] for `bytes`.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let client = discfg::Client::builder().config("demo").local(folder.path()).open().await?;
    /// client.set("/hosts", "[ \"a\" ]").await?;
    /// assert_eq!(client.get_text("/hosts").await?.as_deref(), Some("[ \"a\" ]"));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn get_text(&self, key: &str) -> Result<Option<String>, ClientError> {
        let entry = self.entry(key).await?;
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
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let client = discfg::Client::builder().config("demo").local(folder.path()).open().await?;
    /// client.set("/cert", &[0x30, 0x82]).await?;
    /// assert_eq!(client.get_bytes("/cert").await?, Some(vec![0x30, 0x82]));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn get_bytes(&self, key: &str) -> Result<Option<Vec<u8>>, ClientError> {
        let entry = self.entry(key).await?;
        Ok(entry.map(|entry| entry.value.bytes().to_vec()))
    }

    /// Returns the entry of a key, if it exists: its value, version, revision, time and writer.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let client = discfg::Client::builder().config("demo").local(folder.path()).open().await?;
    /// client.set("/greeting", "hello").await?;
    /// let entry = client.entry("/greeting").await?.expect("it was set");
    /// assert_eq!((entry.value.as_text(), entry.version), (Some("hello"), 1));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn entry(&self, key: &str) -> Result<Option<Entry>, ClientError> {
        let found = Vec::from_iter(self.entry_sealed(key).await?);
        Ok(self.store(Access::Read).await?.reveal(found).await?.pop())
    }

    /// The same with the value of a secret as it is stored, encrypted: for what needn't know it, and for identities
    /// that may not decrypt it.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let client = discfg::Client::builder().config("demo").local(folder.path()).open().await?;
    /// client.set_secret("/db/password", "hunter2").await?;
    /// let entry = client.entry_sealed("/db/password").await?.expect("it was set");
    /// assert!(entry.secret && entry.value.as_text().is_none());
    /// let entry = client.entry("/db/password").await?.expect("it was set");
    /// assert_eq!(entry.value.as_text(), Some("hunter2"));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn entry_sealed(&self, key: &str) -> Result<Option<Entry>, ClientError> {
        let key = self.key(key)?;
        let store = self.store(Access::Read).await?;
        Ok(store.get(&key, Consistency::Strong).await?)
    }

    /// One level below a prefix, as `discfg ls` shows it: entries and folders, by name. What lies deeper is in a
    /// [`snapshot`](Self::snapshot). The values of secrets are as they are stored, encrypted.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let client = discfg::Client::builder().config("demo").local(folder.path()).open().await?;
    /// client.set("/db/url", "postgres://db").await?;
    /// client.set("/db/pool/size", "20").await?;
    /// let names: Vec<String> = client.list("/db").await?.iter().map(|item| item.name().to_owned()).collect();
    /// assert_eq!(names, ["/db/pool/", "/db/url"]);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn list(&self, prefix: &str) -> Result<Vec<Listed>, ClientError> {
        let scope = Scope::level(self.prefix(prefix)?);
        let store = self.store(Access::Read).await?;
        Ok(store.list(&scope, Consistency::Strong).try_collect().await?)
    }

    /// What was done to a key, newest first, as far as the log goes back. The values of secrets are as they were
    /// stored, encrypted.
    ///
    /// ```
    /// use discfg::model::Op;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let client = discfg::Client::builder().config("demo").local(folder.path()).open().await?;
    /// client.set("/greeting", "hello").await?;
    /// client.delete("/greeting").await?;
    /// let history = client.history("/greeting").await?;
    /// assert!(matches!(history[0].op, Op::Delete) && matches!(history[1].op, Op::Set { .. }));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn history(&self, key: &str) -> Result<Vec<Change>, ClientError> {
        let key = self.key(key)?;
        let store = self.store(Access::Read).await?;
        Ok(store.history(&key, None).try_collect().await?)
    }

    /// What lies below a prefix, as of one moment. `/` is everything.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let client = discfg::Client::builder().config("demo").local(folder.path()).open().await?;
    /// client.set("/db/url", "postgres://db").await?;
    /// client.set("/db/pool/size", "20").await?;
    /// let db = client.snapshot("/db").await?;
    /// let keys: Vec<&str> = db.entries().iter().map(|entry| entry.key.as_str()).collect();
    /// assert_eq!(keys, ["/db/pool/size", "/db/url"]);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn snapshot(&self, prefix: &str) -> Result<Content, ClientError> {
        let prefix = self.prefix(prefix)?;
        let store = self.store(Access::Read).await?;
        Ok(Content::read(store.as_ref(), prefix).await?)
    }

    /// What happens below a prefix from now on, with a look every 2 seconds; [`watch_from`](Self::watch_from) sets
    /// where it begins and how often it looks. What the stream tells, and when it ends, [`ops::watch`] says. The values
    /// of secrets are as they are stored, encrypted.
    ///
    /// ```
    /// use discfg::futures::StreamExt as _;
    /// use discfg::ops::Event;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let client = discfg::Client::builder().config("demo").local(folder.path()).open().await?;
    /// let mut events = client.watch("/db").await?;
    /// assert!(matches!(events.next().await, Some(Ok(Event::Current))), "it has begun");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn watch(
        &self,
        prefix: &str,
    ) -> Result<BoxStream<'static, Result<Event, ClientError>>, ClientError> {
        self.watch_from(Watch::new(self.prefix(prefix)?)).await
    }

    /// What happens as of that watch. One that starts at a snapshot leaves no gap: it begins with what was committed
    /// after it.
    ///
    /// ```
    /// use std::time::Duration;
    /// use discfg::futures::StreamExt as _;
    /// use discfg::ops::{Event, Start, Watch};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let client = discfg::Client::builder().config("demo").local(folder.path()).open().await?;
    /// client.set("/db/url", "postgres://a").await?;
    /// let db = client.snapshot("/db").await?;
    /// client.set("/db/url", "postgres://b").await?; // before the watch begins
    ///
    /// let mut watch = Watch::new(client.prefix("/db")?);
    /// watch.start = Start::Snapshot(db.snapshot);
    /// watch.interval = Duration::from_millis(10);
    /// let mut events = client.watch_from(watch).await?;
    /// let commit = loop {
    ///     match events.next().await.expect("a watch goes on")? {
    ///         Event::Commit(changes) => break changes,
    ///         _ => {}
    ///     }
    /// };
    /// assert_eq!(commit[0].entry()?.unwrap().value.as_text(), Some("postgres://b"));
    /// # Ok(())
    /// # }
    /// ```
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
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let client = discfg::Client::builder().config("demo").local(folder.path()).open().await?;
    /// #[derive(serde::Deserialize)]
    /// struct App { greeting: String }
    ///
    /// client.set("/app/greeting", "hello").await?;
    /// let app = client.live::<App>("/app").await?;
    /// assert_eq!(app.get().greeting, "hello");
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
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let client = discfg::Client::builder().config("demo").local(folder.path()).open().await?;
    /// #[derive(serde::Deserialize)]
    /// struct App { greeting: String }
    ///
    /// client.set("/app/greeting", "hello").await?;
    /// let mut app = client.live_every::<App>("/app", Duration::from_millis(20)).await?;
    /// client.set("/app/greeting", "good morning").await?;
    /// assert_eq!(app.changed().await.greeting, "good morning");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn live_every<T>(&self, prefix: &str, interval: Duration) -> Result<Live<T>, ClientError>
    where
        T: DeserializeOwned + Send + Sync + 'static,
    {
        let prefix = self.prefix(prefix)?;
        Live::begin(self.store(Access::Read).await?, prefix, interval).await
    }
}
