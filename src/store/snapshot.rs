use std::fmt;

use sha2::{Digest as _, Sha256};

use crate::model::{Entry, Head};

/// A consistent snapshot of entries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// The heads of that moment, ordered by section.
    pub heads: Vec<Head>,
    /// The entries, ordered by key.
    pub entries: Vec<Entry>,
}

impl Snapshot {
    /// The same without the entries that have a time to live: these are state, not configuration.
    #[must_use]
    pub fn without_ttl(mut self) -> Self {
        self.entries.retain(|entry| entry.expires.is_none());
        self
    }

    /// The digest of the content: equal content has an equal digest in any store. Secrets are digested in encrypted
    /// form, so that a digest needs no key and reveals no value; a secret that was written again has another digest.
    pub fn digest(&self) -> Digest {
        let mut digester = Digester::default();
        self.entries.iter().for_each(|entry| digester.add(entry));
        digester.finish()
    }
}

/// Computes the digest of entries that are added one at a time, ordered by key.
#[derive(Debug, Clone, Default)]
pub struct Digester(Sha256);

impl Digester {
    /// Adds the next entry.
    pub fn add(&mut self, entry: &Entry) {
        let parts: [&[u8]; 3] = [
            entry.key.as_str().as_bytes(),
            entry.value.kind().as_str().as_bytes(),
            entry.value.bytes(),
        ];
        for part in parts {
            // Lengths keep one part from being taken for the beginning of the next.
            self.0.update((part.len() as u64).to_be_bytes());
            self.0.update(part);
        }
    }

    /// The digest of all added entries.
    pub fn finish(self) -> Digest {
        Digest(self.0.finalize().into())
    }
}

/// SHA-256 over sorted key, kind and value as it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Digest([u8; 32]);

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", hex::encode(self.0))
    }
}
