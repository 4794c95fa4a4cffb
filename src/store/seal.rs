//! Secrets encrypted and decrypted: [`Envelope`] shows what comes of it.

use aes_gcm::Aes256Gcm;
use aes_gcm::aead::{Aead as _, Generate as _, KeyInit as _, Nonce, Payload};

use super::{DataKey, Result, StoreError};
use crate::model::{Envelope, Key, Value, ValueKind};

/// Where a secret belongs.
#[derive(Debug, Clone, Copy)]
pub(super) struct SecretPlace<'p> {
    pub(super) config: &'p str,
    pub(super) key: &'p Key,
}

/// Encrypts a value for its place under a data key, which is stored wrapped with it.
///
/// Fails with [`StoreError::SecretTooLarge`] where the value and what surrounds it are over the limit of a value.
pub(super) fn seal(
    value: &Value,
    data_key: &DataKey,
    wrapped: &[u8],
    place: SecretPlace<'_>,
) -> Result<Value> {
    seal_with(value, data_key, wrapped, place, &Nonce::<Aes256Gcm>::generate())
}

fn seal_with(
    value: &Value,
    data_key: &DataKey,
    wrapped: &[u8],
    place: SecretPlace<'_>,
    nonce: &Nonce<Aes256Gcm>,
) -> Result<Value> {
    let max = Value::MAX_BYTES.saturating_sub(Envelope::OVERHEAD + wrapped.len());
    let header = Envelope::header(value.kind(), wrapped).filter(|_| value.len() <= max);
    let header = header.ok_or_else(|| StoreError::SecretTooLarge {
        key: place.key.clone(),
        size: value.len(),
        max,
    })?;
    let payload = Payload {
        msg: value.bytes(),
        aad: &bound(&header, place),
    };
    let sealed = Aes256Gcm::new(data_key.bytes().into())
        .encrypt(nonce, payload)
        .map_err(|_| StoreError::Other {
            what: format!("encrypting {}", place.key),
            source: None,
        })?;
    let bytes = [&header[..], &nonce[..], &sealed].concat();
    Value::from_stored(ValueKind::Bytes, bytes).map_err(|_| unsound(place))
}

/// Decrypts what [`seal`] encrypted, for the same place. Whatever was changed since is refused.
pub(super) fn unseal(envelope: Envelope<'_>, data_key: &DataKey, place: SecretPlace<'_>) -> Result<Value> {
    let payload = Payload {
        msg: envelope.sealed,
        aad: &bound(envelope.header, place),
    };
    let bytes = Aes256Gcm::new(data_key.bytes().into())
        .decrypt(envelope.nonce.into(), payload)
        .map_err(|_| unsound(place))?;
    // Who may encrypt may have encrypted anything.
    Value::from_stored(envelope.kind, bytes).map_err(|error| StoreError::Corrupt {
        section: Some(place.key.section()),
        what: format!("secret {} of config {:?} is corrupt", place.key, place.config),
        source: Some(error.into()),
    })
}

/// That a secret isn't what was sealed for its place.
pub(super) fn unsound(place: SecretPlace<'_>) -> StoreError {
    StoreError::Corrupt {
        section: Some(place.key.section()),
        what: format!(
            "cannot decrypt secret {} of config {:?}: it was altered, or encrypted for another key or config",
            place.key, place.config
        ),
        source: None,
    }
}

/// What is authenticated in addition to the value.
fn bound(header: &[u8], place: SecretPlace<'_>) -> Vec<u8> {
    let mut bound = header.to_vec();
    for part in [place.config.as_bytes(), place.key.as_str().as_bytes()] {
        // Names are far shorter: a key has 512 bytes at most.
        bound.extend(u16::try_from(part.len()).unwrap_or(u16::MAX).to_be_bytes());
        bound.extend(part);
    }
    bound
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Encoding;
    use proptest::prelude::*;

    fn data_key() -> DataKey {
        DataKey::new((0..32).collect()).expect("32 bytes")
    }

    fn key(text: &str) -> Key {
        text.parse().expect(text)
    }

    fn value(bytes: impl Into<Vec<u8>>) -> Value {
        Value::new(bytes, Encoding::Detect).expect("a value")
    }

    fn open(sealed: &Value, config: &str, key: &Key) -> Result<Value> {
        let envelope = Envelope::read(sealed).ok_or_else(|| unsound(SecretPlace { config, key }))?;
        unseal(envelope, &data_key(), SecretPlace { config, key })
    }

    /// Made by Python's `cryptography` 50, `AESGCM(bytes(range(32))).encrypt(bytes(range(100, 112)), b"hunter2", aad)`.
    #[test]
    fn the_format_is_as_it_is_documented() {
        let key = key("/db/password");
        let place = SecretPlace {
            config: "payments",
            key: &key,
        };
        let nonce: [u8; 12] = std::array::from_fn(|i| 100 + u8::try_from(i).expect("below 12"));
        let sealed = seal_with(&value("hunter2"), &data_key(), b"wrapped", place, &nonce.into());
        let sealed = sealed.expect("it fits");
        let (header, rest) = sealed.bytes().split_at(14);
        assert_eq!(header, b"dcs\x01\0\0\x07wrapped");
        let (nonce, encrypted) = rest.split_at(12);
        assert_eq!(nonce, b"defghijklmno");
        assert_eq!(
            encrypted,
            b"\x20\x6e\xb0\x12\x1c\x9b\x64\
              \xb5\x4f\x73\xbb\x20\xb8\xbf\x85\x45\x8f\x39\xe7\x68\xf8\xe1\xdd"
        );
    }

    #[test]
    fn every_changed_byte_is_refused() {
        let key = key("/k");
        let config = "mycfg";
        let place = SecretPlace { config, key: &key };
        let sealed = seal(&value("hunter2"), &data_key(), b"wrapped", place).expect("it fits");
        assert_eq!(
            open(&sealed, config, &key).expect("it is sound"),
            value("hunter2")
        );
        for at in 0..sealed.len() {
            for bit in 0..8 {
                let mut bytes = sealed.bytes().to_vec();
                bytes[at] ^= 1 << bit;
                let changed = Value::from_stored(ValueKind::Bytes, bytes).expect("any bytes are");
                open(&changed, config, &key).expect_err("it was changed");
            }
        }
    }

    #[test]
    fn what_was_sealed_past_discfg_is_of_its_kind_all_the_same() {
        let key = key("/zz/x");
        let place = SecretPlace {
            config: "c",
            key: &key,
        };
        let header = Envelope::header(ValueKind::Json, b"w").expect("it is short");
        let payload = Payload {
            msg: br#"1, "/good/x": "forged""#,
            aad: &bound(&header, place),
        };
        let nonce = Nonce::<Aes256Gcm>::generate();
        let sealed = Aes256Gcm::new(data_key().bytes().into()).encrypt(&nonce, payload);
        let bytes = [&header[..], &nonce[..], &sealed.expect("it fits")[..]].concat();
        let sealed = Value::from_stored(ValueKind::Bytes, bytes).expect("any bytes are");
        match open(&sealed, "c", &key) {
            Err(StoreError::Corrupt {
                section: Some(section),
                what,
                ..
            }) => {
                assert_eq!(section.as_str(), "/zz");
                assert!(what.contains("/zz/x") && !what.contains("forged"), "{what}");
            }
            other => panic!("expected Corrupt, got {other:?}"),
        }
    }

    #[test]
    fn a_secret_opens_only_in_its_place() {
        let here = key("/ab");
        let place = SecretPlace {
            config: "c",
            key: &here,
        };
        let sealed = seal(&value("hunter2"), &data_key(), b"w", place).expect("it fits");
        for (config, at) in [("d", "/ab"), ("c", "/ac"), ("c/", "/ab"), ("c/a", "/b")] {
            let error = open(&sealed, config, &key(at)).expect_err("it is another place");
            assert!(error.to_string().contains("cannot decrypt"), "{error}");
        }
        let other = DataKey::new(vec![7; 32]).expect("32 bytes");
        let envelope = Envelope::read(&sealed).expect("an envelope");
        unseal(envelope, &other, place).expect_err("it is another data key");
    }

    #[test]
    fn one_value_never_looks_the_same_twice() {
        let key = key("/k");
        let place = SecretPlace {
            config: "c",
            key: &key,
        };
        let seal = || seal(&value("hunter2"), &data_key(), b"w", place).expect("it fits");
        assert_ne!(seal(), seal());
    }

    #[test]
    fn the_limit_counts_what_surrounds_the_value() {
        let key = key("/k");
        let place = SecretPlace {
            config: "c",
            key: &key,
        };
        let wrapped = [0; 184];
        let max = Value::MAX_BYTES - Envelope::OVERHEAD - wrapped.len();
        let largest = seal(&value(vec![b'x'; max]), &data_key(), &wrapped, place).expect("it fits");
        assert_eq!(largest.len(), Value::MAX_BYTES);
        let error =
            seal(&value(vec![b'x'; max + 1]), &data_key(), &wrapped, place).expect_err("one too many");
        assert!(error.to_string().contains("189,782"), "{error}");
    }

    proptest! {
        #[test]
        fn what_is_sealed_opens_as_it_was(
            bytes in proptest::collection::vec(any::<u8>(), 0..300),
            wrapped in proptest::collection::vec(any::<u8>(), 0..200),
        ) {
            let key = key("/a/b");
            let place = SecretPlace { config: "mycfg", key: &key };
            let sealed = seal(&value(bytes.clone()), &data_key(), &wrapped, place).expect("it fits");
            let envelope = Envelope::read(&sealed).expect("an envelope");
            prop_assert_eq!(envelope.wrapped, &wrapped);
            prop_assert_eq!(envelope.kind, value(bytes.clone()).kind());
            prop_assert_eq!(open(&sealed, "mycfg", &key).expect("it is sound"), value(bytes));
        }
    }
}
