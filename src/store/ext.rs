use async_trait::async_trait;

use super::{Applied, Result, Store, StoreError, Txn};
use crate::model::{Entry, Guard, Key, Mutation, Value};

/// What is said shortly of every store: commits of one key. Each is [`Store::commit`], so no engine can get it wrong.
#[async_trait]
pub trait StoreExt: Store {
    /// Writes a plain value without a time to live, and gives the entry afterwards.
    async fn set(&self, key: &Key, value: Value) -> Result<Entry> {
        written(commit_one(self, Mutation::set(key.clone(), value), None).await?)
    }

    /// The same if the guard holds. Fails with [`StoreError::Conflict`] where it doesn't.
    async fn set_if(&self, key: &Key, value: Value, guard: Guard) -> Result<Entry> {
        written(commit_one(self, Mutation::set(key.clone(), value), Some(guard)).await?)
    }

    /// Removes a key, and gives the entry that was there, if one was.
    async fn delete(&self, key: &Key) -> Result<Option<Entry>> {
        let applied = commit_one(self, Mutation::Delete { key: key.clone() }, None).await?;
        Ok(applied.and_then(|applied| applied.previous))
    }

    /// The same if the guard holds. Fails with [`StoreError::Conflict`] where it doesn't.
    async fn delete_if(&self, key: &Key, guard: Guard) -> Result<Option<Entry>> {
        let applied = commit_one(self, Mutation::Delete { key: key.clone() }, Some(guard)).await?;
        Ok(applied.and_then(|applied| applied.previous))
    }
}

impl<S: Store + ?Sized> StoreExt for S {}

async fn commit_one<S: Store + ?Sized>(
    store: &S,
    change: Mutation,
    guard: Option<Guard>,
) -> Result<Option<Applied>> {
    let txn = Txn::new(vec![change]).guarded(guard);
    Ok(store.commit(txn).await?.changes.into_iter().next())
}

fn written(applied: Option<Applied>) -> Result<Entry> {
    applied
        .and_then(|applied| applied.entry)
        .ok_or_else(|| StoreError::Other {
            what: "telling the entry that a write left".into(),
            source: None,
        })
}
