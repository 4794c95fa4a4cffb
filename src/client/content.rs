use serde::de::DeserializeOwned;

use super::ClientError;
use super::entry_tree::EntryTree;
use crate::model::{Entry, Prefix};
use crate::store::{Snapshot, Store, StoreError, StoreExt as _};

/// What lay below a prefix at one moment, whole commits only.
#[derive(Debug, Clone)]
pub struct Content {
    /// The prefix.
    pub prefix: Prefix,
    /// The entries, secrets decrypted, and where their sections stood.
    pub snapshot: Snapshot,
}

impl Content {
    /// What lies below the prefix now, with secrets decrypted.
    pub(super) async fn read(store: &dyn Store, prefix: Prefix) -> Result<Self, StoreError> {
        let mut snapshot = store.snapshot(std::slice::from_ref(&prefix)).await?;
        snapshot.entries = store.reveal(snapshot.entries).await?;
        Ok(Self { prefix, snapshot })
    }

    /// The entries, ordered by key.
    pub fn entries(&self) -> &[Entry] {
        &self.snapshot.entries
    }

    /// Reads all of it as one value: each segment below the prefix is a field, nested as the keys are; JSON is JSON,
    /// and text is read as a number or boolean where one is wanted.
    ///
    /// - A key may have keys below it, too. Text, numbers, booleans and unit variants then take the key's value; a struct,
    ///   a map or a list is a misfit, which names both keys.
    /// - `#[serde(flatten)]`, tagged and untagged enums work as on JSON: text is a number or boolean where it is refused as
    ///   text. Of an untagged enum the first variant that takes the value is taken, so that one of a number goes before one
    ///   of text. Where a variant needs both numbers and texts that look like numbers, store the value as JSON.
    /// - An error that such a type makes up itself, as one that parses text does, names the prefix below which it is, since
    ///   serde doesn't say which value it was.
    ///
    /// Fails with [`ClientError::Misfit`], which names the key that doesn't fit, or the prefix below which one is
    /// missing.
    ///
    /// ```
    /// #[derive(serde::Deserialize)]
    /// struct Db { url: String, pool: Pool }
    /// #[derive(serde::Deserialize)]
    /// struct Pool { size: u32 }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let client = discfg::Client::builder().config("demo").local(folder.path()).open().await?;
    /// client.set("/db/url", "postgres://db").await?;
    /// client.set("/db/pool/size", "20").await?;
    /// let db: Db = client.snapshot("/db").await?.deserialize()?;
    /// assert_eq!((db.url.as_str(), db.pool.size), ("postgres://db", 20));
    ///
    /// client.set("/db/pool/size", "many").await?;
    /// let error = client.snapshot("/db").await?.deserialize::<Db>().err().unwrap();
    /// assert!(error.to_string().starts_with("cannot read /db/pool/size"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn deserialize<T: DeserializeOwned>(&self) -> Result<T, ClientError> {
        let tree = EntryTree::new(&self.prefix, &self.snapshot.entries);
        Ok(tree.deserialize()?)
    }
}
