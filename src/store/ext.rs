use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use futures::{StreamExt as _, TryStreamExt as _, stream};

use super::seal::{SecretPlace, seal, unseal, unsound};
use super::{AppliedChange, Committed, DataKey, DataKeys, Result, Store, StoreError, Txn};
use crate::model::{Entry, Envelope, Guard, Key, Mutation, Secrecy, TtlChoice, Value};

/// How many data keys are unwrapped side by side.
const SIDE_BY_SIDE: usize = 16;

/// What is said shortly of every store: commits of one key, and secrets with their values. All of it is
/// [`Store::commit`] and [`Store::data_keys`], so no engine can get it wrong.
#[async_trait]
pub trait StoreExt: Store {
    /// Writes a value without a time to live, and returns the new entry. A secret stays a secret.
    async fn set(&self, key: &Key, value: Value) -> Result<Entry> {
        written(commit_one(self, Mutation::set(key.clone(), value), None).await?)
    }

    /// The same if the guard holds. Fails with [`StoreError::Conflict`] otherwise.
    async fn set_if(&self, key: &Key, value: Value, guard: Guard) -> Result<Entry> {
        written(commit_one(self, Mutation::set(key.clone(), value), Some(guard)).await?)
    }

    /// Writes a value as a secret without a time to live, and returns the new entry, with its value encrypted.
    async fn set_secret(&self, key: &Key, value: Value) -> Result<Entry> {
        let change = Mutation::Set {
            key: key.clone(),
            value,
            secret: Secrecy::Secret,
            ttl: TtlChoice::Never,
        };
        written(commit_one(self, change, None).await?)
    }

    /// Deletes a key, and returns the deleted entry, if there was one.
    async fn delete(&self, key: &Key) -> Result<Option<Entry>> {
        let applied = commit_one(self, Mutation::Delete { key: key.clone() }, None).await?;
        Ok(applied.and_then(|applied| applied.previous))
    }

    /// The same if the guard holds. Fails with [`StoreError::Conflict`] otherwise.
    async fn delete_if(&self, key: &Key, guard: Guard) -> Result<Option<Entry>> {
        let applied = commit_one(self, Mutation::Delete { key: key.clone() }, Some(guard)).await?;
        Ok(applied.and_then(|applied| applied.previous))
    }

    /// Commits, and encrypts whatever is to be a secret, or is one already, under one new data key. Which keys hold
    /// secrets the commit itself finds out, so that one without any costs nothing more.
    async fn write(&self, mut txn: Txn) -> Result<Committed> {
        let mut data_key = None;
        let secrets = txn.changes.iter().filter(|change| {
            matches!(
                change,
                Mutation::Set {
                    secret: Secrecy::Secret,
                    ..
                }
            )
        });
        let mut plain: Vec<Key> = secrets.map(|change| change.key().clone()).collect();
        loop {
            if !plain.is_empty() {
                seal_these(&mut txn, &plain, &mut data_key, self.data_keys()).await?;
            }
            match self.commit(txn.clone()).await {
                // Each time at least one more is sealed, so this ends.
                Err(StoreError::Unsealed(keys)) if keys.iter().all(|key| is_plain(&txn, key)) => plain = keys,
                outcome => return outcome,
            }
        }
    }

    /// The same entries, with the values of secrets decrypted; they stay marked as secrets. Each data key is asked
    /// for once.
    ///
    /// Fails with [`StoreError::Denied`] where the identity may not decrypt, and with [`StoreError::Corrupt`] for what
    /// was changed or belongs elsewhere.
    async fn reveal(&self, entries: Vec<Entry>) -> Result<Vec<Entry>> {
        let keys = self.data_keys();
        let mut wrapped: BTreeMap<Vec<u8>, Key> = BTreeMap::new();
        for entry in entries.iter().filter(|entry| entry.secret) {
            let envelope = Envelope::read(&entry.value).ok_or_else(|| unsound(place(keys, &entry.key)))?;
            wrapped
                .entry(envelope.wrapped.to_vec())
                .or_insert_with(|| entry.key.clone());
        }
        let unwraps: Vec<_> = wrapped
            .into_iter()
            .map(|(wrapped, subject)| unwrap(keys, wrapped, subject))
            .collect();
        let data_keys: BTreeMap<Vec<u8>, DataKey> = stream::iter(unwraps)
            .buffer_unordered(SIDE_BY_SIDE)
            .try_collect()
            .await?;
        let open = |entry: Entry| {
            if !entry.secret {
                return Ok(entry);
            }
            let place = place(keys, &entry.key);
            let envelope = Envelope::read(&entry.value).ok_or_else(|| unsound(place))?;
            let data_key = data_keys.get(envelope.wrapped).ok_or_else(|| unsound(place))?;
            let value = unseal(envelope, data_key, place)?;
            Ok(Entry { value, ..entry })
        };
        entries.into_iter().map(open).collect()
    }
}

impl<S: Store + ?Sized> StoreExt for S {}

fn place<'p>(keys: &'p dyn DataKeys, key: &'p Key) -> SecretPlace<'p> {
    let config = keys.config();
    SecretPlace { config, key }
}

async fn unwrap(keys: &dyn DataKeys, wrapped: Vec<u8>, subject: Key) -> Result<(Vec<u8>, DataKey)> {
    let data_key = keys.unwrap(&wrapped, &subject).await?;
    Ok((wrapped, data_key))
}

fn is_plain(txn: &Txn, key: &Key) -> bool {
    let change = txn.changes.iter().find(|change| change.key() == key);
    !matches!(
        change,
        Some(Mutation::Set {
            secret: Secrecy::Sealed,
            ..
        })
    )
}

async fn seal_these(
    txn: &mut Txn,
    these: &[Key],
    data_key: &mut Option<(DataKey, Vec<u8>)>,
    keys: &dyn DataKeys,
) -> Result<()> {
    let these: BTreeSet<&Key> = these.iter().collect();
    for change in &mut txn.changes {
        let Mutation::Set {
            key, value, secret, ..
        } = change
        else {
            continue;
        };
        if !these.contains(key) {
            continue;
        }
        let (plain, wrapped) = match data_key {
            Some(made) => made,
            None => data_key.insert(keys.generate(key).await?),
        };
        *value = seal(value, plain, wrapped, place(keys, key))?;
        *secret = Secrecy::Sealed;
    }
    Ok(())
}

async fn commit_one<S: Store + ?Sized>(
    store: &S,
    change: Mutation,
    guard: Option<Guard>,
) -> Result<Option<AppliedChange>> {
    let txn = Txn::new(vec![change]).guarded(guard);
    Ok(store.write(txn).await?.changes.into_iter().next())
}

fn written(applied: Option<AppliedChange>) -> Result<Entry> {
    applied
        .and_then(|applied| applied.entry)
        .ok_or_else(|| StoreError::Other {
            what: "reading back the written entry".into(),
            source: None,
        })
}
