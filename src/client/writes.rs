use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::sleep;

use super::entry_tree::EntryTree;
use super::{Client, ClientError, IntoValue};
use crate::model::{Access, Backoff, Entry, Guard, Jitter, Mutation, Ttl, Value};
use crate::store::{Committed, StoreError, StoreExt as _, Txn};

/// How often [`Client::update`] tries.
const UPDATE_TRIES: u32 = 10;
/// The pauses between these.
const UPDATE_BACKOFF: Backoff = Backoff::new(Duration::from_millis(10), Duration::from_millis(500));

/// Writing.
impl Client {
    /// Writes a key, and gives the entry afterwards. It has no time to live then, whatever it had; a secret stays one.
    /// A value has at most 190,000 bytes.
    ///
    /// What is text or bytes is taken as `discfg set` takes it: an object or array is JSON, other UTF-8 text, the rest
    /// bytes. Numbers and booleans are text.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let client = discfg::Client::builder().config("demo").local(folder.path()).open().await?;
    /// client.set("/db/url", "postgres://db").await?;
    /// client.set("/db/pool/size", 20).await?;
    /// client.set("/db/hosts", serde_json::json!(["a", "b"])).await?;
    /// let entry = client.set("/db/cert", vec![0x30, 0x82]).await?;
    /// assert_eq!((entry.version, entry.revision.get()), (1, 4));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn set(&self, key: &str, value: impl IntoValue) -> Result<Entry, ClientError> {
        let (key, value) = (self.key(key)?, value.into_value()?);
        Ok(self.store(Access::Write).await?.set(&key, value).await?)
    }

    /// The same with anything that serde can serialize, as JSON.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let client = discfg::Client::builder().config("demo").local(folder.path()).open().await?;
    /// #[derive(serde::Serialize)]
    /// struct Pool { size: u32 }
    ///
    /// client.set_json("/db/pool", &Pool { size: 20 }).await?;
    /// assert_eq!(client.get_text("/db/pool").await?.as_deref(), Some(r#"{"size":20}"#));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn set_json<T: Serialize + ?Sized>(
        &self,
        key: &str,
        content: &T,
    ) -> Result<Entry, ClientError> {
        self.set(key, Value::json(content)?).await
    }

    /// The same with a time to live: the entry expires unless [`touch`](Self::touch) renews it.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let client = discfg::Client::builder().config("demo").local(folder.path()).open().await?;
    /// let entry = client.set_for("/lease", "me", "30s".parse()?).await?;
    /// assert!(entry.expires.is_some());
    /// let entry = client.set("/lease", "me").await?;
    /// assert!(entry.expires.is_none(), "a plain write ends it");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn set_for(&self, key: &str, value: impl IntoValue, ttl: Ttl) -> Result<Entry, ClientError> {
        let mutation = Mutation::set(self.key(key)?, value.into_value()?).ttl(ttl);
        self.write(mutation, None).await
    }

    /// The same as a secret: encrypted, by a key that the table's readers needn't be given. Gives the entry afterwards,
    /// with its value encrypted.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let client = discfg::Client::builder().config("demo").local(folder.path()).open().await?;
    /// let entry = client.set_secret("/db/password", "hunter2").await?;
    /// assert!(entry.value.as_text().is_none());
    /// assert_eq!(client.get_text("/db/password").await?.as_deref(), Some("hunter2"));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn set_secret(&self, key: &str, value: impl IntoValue) -> Result<Entry, ClientError> {
        let mutation = Mutation::set(self.key(key)?, value.into_value()?).secret();
        self.write(mutation, None).await
    }

    /// The same if the guard holds. Fails with a [conflict](ClientError::conflict) otherwise.
    ///
    /// ```
    /// use discfg::model::Guard;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let client = discfg::Client::builder().config("demo").local(folder.path()).open().await?;
    /// let entry = client.set("/db/pool/size", 20).await?;
    /// let unchanged = Guard::Revision(entry.key, entry.revision);
    /// client.set_if("/db/pool/size", 30, unchanged.clone()).await?;
    ///
    /// let error = client.set_if("/db/pool/size", 40, unchanged).await.expect_err("it was changed");
    /// let conflict = error.conflict().expect("that is why");
    /// assert_eq!(conflict.current.as_ref().unwrap().value.as_text(), Some("30"));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn set_if(&self, key: &str, value: impl IntoValue, guard: Guard) -> Result<Entry, ClientError> {
        self.write(Mutation::set(self.key(key)?, value.into_value()?), Some(guard))
            .await
    }

    /// Reads a key and writes what `change` makes of it, if nobody has changed it meanwhile; else the same again, up to
    /// 10 times, with pauses that grow. The time to live stays as it is, and a secret stays one.
    ///
    /// Fails with the last [conflict](ClientError::conflict) where others were faster each time.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let client = discfg::Client::builder().config("demo").local(folder.path()).open().await?;
    /// let count = async || client.update("/visits", |visits: Option<u64>| visits.unwrap_or(0) + 1).await;
    /// count().await?;
    /// assert_eq!(count().await?.value.as_text(), Some("2"));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn update<T, V>(
        &self,
        key: &str,
        mut change: impl FnMut(Option<T>) -> V,
    ) -> Result<Entry, ClientError>
    where
        T: DeserializeOwned,
        V: IntoValue,
    {
        let mut failed = 0;
        loop {
            let entry = self.entry(key).await?;
            let current = entry.as_ref().map(|entry| EntryTree::leaf(entry).deserialize());
            let value = change(current.transpose()?).into_value()?;
            let key = self.key(key)?;
            let guard = match entry {
                Some(entry) => Guard::Revision(entry.key, entry.revision),
                None => Guard::Absent(key.clone()),
            };
            let written = self
                .write(Mutation::set(key, value).keep_ttl(), Some(guard))
                .await;
            match written {
                Err(error) if error.is_conflict() && failed + 1 < UPDATE_TRIES => {}
                written => return written,
            }
            sleep(Jitter::HalfShorter.draw(UPDATE_BACKOFF.pause(failed))).await;
            failed += 1;
        }
    }

    /// Renews the time to live that a key has, from now on. No commit, and no line in the log.
    ///
    /// Fails with [`StoreError::NotFound`] where the key is absent, and with [`StoreError::NoTtl`] where it has no time
    /// to live.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let client = discfg::Client::builder().config("demo").local(folder.path()).open().await?;
    /// client.set_for("/lease", "me", "30s".parse()?).await?;
    /// client.touch("/lease").await?;
    /// client.touch_for("/lease", "1h".parse()?).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn touch(&self, key: &str) -> Result<Entry, ClientError> {
        let key = self.key(key)?;
        Ok(self.store(Access::Write).await?.touch(&key, None).await?)
    }

    /// The same with another time to live, which the key need not have had.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let client = discfg::Client::builder().config("demo").local(folder.path()).open().await?;
    /// client.set("/lease", "me").await?;
    /// let entry = client.touch_for("/lease", "1h".parse()?).await?;
    /// assert_eq!(entry.ttl.unwrap().seconds(), 3600);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn touch_for(&self, key: &str, ttl: Ttl) -> Result<Entry, ClientError> {
        let key = self.key(key)?;
        Ok(self.store(Access::Write).await?.touch(&key, Some(ttl)).await?)
    }

    /// Deletes a key, and returns the deleted entry, if there was one.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let client = discfg::Client::builder().config("demo").local(folder.path()).open().await?;
    /// client.set("/greeting", "hello").await?;
    /// assert!(client.delete("/greeting").await?.is_some());
    /// assert!(client.delete("/greeting").await?.is_none());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn delete(&self, key: &str) -> Result<Option<Entry>, ClientError> {
        let key = self.key(key)?;
        Ok(self.store(Access::Write).await?.delete(&key).await?)
    }

    /// The same if the guard holds. Fails with a [conflict](ClientError::conflict) otherwise.
    ///
    /// ```
    /// use discfg::model::{Guard, Value};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let client = discfg::Client::builder().config("demo").local(folder.path()).open().await?;
    /// let lease = client.set("/lease", "me").await?;
    /// let mine = Guard::Value(lease.key, Value::text("me")?);
    /// assert!(client.delete_if("/lease", mine).await?.is_some());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn delete_if(&self, key: &str, guard: Guard) -> Result<Option<Entry>, ClientError> {
        let key = self.key(key)?;
        Ok(self.store(Access::Write).await?.delete_if(&key, guard).await?)
    }

    /// Applies several changes in one commit, if all guards hold. Secrets are encrypted.
    ///
    /// Fails with a [conflict](ClientError::conflict) where a guard doesn't hold.
    ///
    /// ```
    /// use discfg::model::{Guard, Mutation, Value};
    /// use discfg::store::Txn;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let client = discfg::Client::builder().config("demo").local(folder.path()).open().await?;
    /// let changes = vec![
    ///     Mutation::set(client.key("/app/slot")?, Value::text("blue")?),
    ///     Mutation::set(client.key("/app/lease")?, Value::text("deploy")?).ttl("10m".parse()?),
    ///     Mutation::delete(client.key("/app/old")?),
    /// ];
    /// let first = Guard::Absent(client.key("/app/lease")?);
    /// let committed = client.commit(Txn::new(changes).guarded([first])).await?;
    /// assert_eq!(committed.changes.len(), 2, "what was absent was not deleted");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn commit(&self, txn: Txn) -> Result<Committed, ClientError> {
        Ok(self.store(Access::Write).await?.write(txn).await?)
    }

    /// Commits the write of one key, and returns the new entry.
    async fn write(&self, mutation: Mutation, guard: Option<Guard>) -> Result<Entry, ClientError> {
        let committed = self.commit(Txn::new(vec![mutation]).guarded(guard)).await?;
        let entry = committed
            .changes
            .into_iter()
            .next()
            .and_then(|applied| applied.entry);
        entry.ok_or_else(|| {
            ClientError::Store(StoreError::Other {
                what: "reading back the written entry".into(),
                source: None,
            })
        })
    }
}
