use std::fmt;

use aes_gcm::aead::Generate as _;
use async_trait::async_trait;
use zeroize::Zeroizing;

use super::Result;
use crate::model::Key;

/// A key of 256 bits, such as one that encrypts the secrets of one commit. Its memory is cleared when it is dropped.
#[derive(Clone)]
pub struct DataKey(Zeroizing<[u8; Self::BYTES]>);

impl DataKey {
    /// How many bytes a key has.
    pub const BYTES: usize = 32;

    /// The key of these bytes; none unless there are [`Self::BYTES`]. They are cleared.
    pub fn new(bytes: Vec<u8>) -> Option<Self> {
        let bytes = Zeroizing::new(bytes);
        let mut key = Zeroizing::new([0; Self::BYTES]);
        (bytes.len() == key.len()).then(|| {
            key.copy_from_slice(&bytes);
            Self(key)
        })
    }

    /// A random one.
    pub fn random() -> Self {
        Self(Zeroizing::new(<[u8; Self::BYTES]>::generate()))
    }

    /// Its bytes.
    pub fn bytes(&self) -> &[u8; Self::BYTES] {
        &self.0
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKey")
    }
}

/// Where the keys come from that encrypt a config's secrets. What is stored of each is the key wrapped, that is
/// encrypted by a key that never lies with the data.
#[async_trait]
pub trait DataKeys: Send + Sync {
    /// The config, to which every secret is bound.
    fn config(&self) -> &str;

    /// A new data key, and the same wrapped. `subject` is named where that fails.
    ///
    /// Fails with [`StoreError::NoSecretsKey`](super::StoreError::NoSecretsKey) where the config has nothing to wrap
    /// it with.
    async fn generate(&self, subject: &Key) -> Result<(DataKey, Vec<u8>)>;

    /// The data key that was wrapped. `subject` is named where that fails.
    async fn unwrap(&self, wrapped: &[u8], subject: &Key) -> Result<DataKey>;
}
