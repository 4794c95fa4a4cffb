//! Values of other stores, and the keys that their names become here.

use std::collections::BTreeMap;

use super::{Encoding, Key, KeyError, Prefix, Value, ValueError};

/// A value of another store, under its name there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignValue {
    /// Its name, which need not be a valid key.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Whether the other store keeps it as a secret.
    pub secret: bool,
}

impl ForeignValue {
    /// A value that the other store doesn't keep as a secret.
    pub fn plain(name: String, bytes: Vec<u8>) -> Self {
        Self {
            name,
            bytes,
            secret: false,
        }
    }
}

/// A value of another store, under the key that its name becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappedValue {
    /// The value.
    pub value: Value,
    /// Whether the other store keeps it as a secret.
    pub secret: bool,
    /// Its name there, if the key differs in more than slashes at its ends.
    pub renamed: Option<String>,
}

/// A name or a value that can't be stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ForeignValueError {
    /// No key is like the name.
    #[error("cannot use {name:?} as a key")]
    Name {
        /// The name.
        name: String,
        /// Why.
        source: KeyError,
    },
    /// Two names become one key.
    #[error("{first:?} and {second:?} would both become the key {key}")]
    Collision {
        /// The first of the names.
        first: String,
        /// The second of the names.
        second: String,
        /// The key.
        key: Key,
    },
    /// The value of a name is invalid.
    #[error("invalid value of {name:?}")]
    Value {
        /// The name.
        name: String,
        /// Why.
        source: ValueError,
    },
}

/// Maps names of another store to keys below `prefix`. Each character that a key can't have becomes `_`, and empty segments
/// are left out. Objects and arrays become JSON, other UTF-8 text, and the rest bytes.
///
/// Fails for a name that is empty, too long, too deep, or has a segment `.` or `..`; for two names that become one key; and for
/// a value over the limit.
pub fn map_foreign(
    values: Vec<ForeignValue>,
    prefix: &Prefix,
) -> Result<BTreeMap<Key, MappedValue>, ForeignValueError> {
    let mut names: BTreeMap<Key, String> = BTreeMap::new();
    let mut mapped = BTreeMap::new();
    for ForeignValue { name, bytes, secret } in values {
        let path = nearest_path(&name);
        let full = format!("{}{path}", prefix.with_slash());
        let key: Key = if path.is_empty() { "/" } else { &full }
            .parse()
            .map_err(|source| ForeignValueError::Name {
                name: name.clone(),
                source,
            })?;
        if let Some(first) = names.insert(key.clone(), name.clone()) {
            return Err(ForeignValueError::Collision {
                first,
                second: name,
                key,
            });
        }
        let value = Value::new(bytes, Encoding::Detect).map_err(|source| ForeignValueError::Value {
            name: name.clone(),
            source,
        })?;
        let renamed = (name.trim_matches('/') != path).then_some(name);
        let value = MappedValue {
            value,
            secret,
            renamed,
        };
        mapped.insert(key, value);
    }
    Ok(mapped)
}

/// The path nearest to a name, without a leading slash.
fn nearest_path(name: &str) -> String {
    let valid = |c: char| {
        if c.is_ascii_alphanumeric() || "._:-/".contains(c) {
            c
        } else {
            '_'
        }
    };
    let path: String = name.chars().map(valid).collect();
    let segments = path.split('/').filter(|segment| !segment.is_empty());
    segments.collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(name: &str) -> ForeignValue {
        ForeignValue {
            name: name.into(),
            bytes: b"x".to_vec(),
            secret: false,
        }
    }

    fn mapped(names: &[&str], prefix: &str) -> Result<Vec<(String, Option<String>)>, String> {
        let prefix = prefix.parse().expect("a prefix");
        let mapped = map_foreign(names.iter().map(|name| of(name)).collect(), &prefix);
        let mapped = mapped.map_err(|error| error.to_string())?;
        let items = mapped.into_iter();
        Ok(items
            .map(|(key, value)| (key.to_string(), value.renamed))
            .collect())
    }

    #[test]
    fn a_name_becomes_the_nearest_key() {
        for (name, key, is_renamed) in [
            ("db/url", "/db/url", false),
            ("/db/url", "/db/url", false),
            ("/db/", "/db", false),
            ("db//url", "/db/url", true),
            ("rds!db+1 ü/@x", "/rds_db_1__/_x", true),
            ("a:b.c-d", "/a:b.c-d", false),
        ] {
            let renamed = is_renamed.then(|| name.to_owned());
            assert_eq!(
                mapped(&[name], "/"),
                Ok(vec![(key.to_owned(), renamed)]),
                "{name}"
            );
        }
        assert_eq!(mapped(&["/a"], "/app"), Ok(vec![("/app/a".into(), None)]));
    }

    #[test]
    fn what_can_not_be_mapped_is_named() {
        for name in ["", "/", "//", "a/../b", "a/./b"] {
            assert_eq!(mapped(&[name], "/"), Err(format!("cannot use {name:?} as a key")));
            assert_eq!(
                mapped(&[name], "/p"),
                Err(format!("cannot use {name:?} as a key"))
            );
        }
        assert!(mapped(&[&"a".repeat(600)], "/").is_err());
        assert!(mapped(&[&"a/".repeat(20)], "/").is_err());
        let both = mapped(&["a b", "c", "a@b"], "/");
        let message = "\"a b\" and \"a@b\" would both become the key /a_b";
        assert_eq!(both, Err(message.into()));
        let large = ForeignValue {
            bytes: vec![b'x'; Value::MAX_BYTES + 1],
            ..of("large")
        };
        let error = map_foreign(vec![large], &Prefix::all()).expect_err("too large");
        assert_eq!(error.to_string(), "invalid value of \"large\"");
    }

    proptest! {
        #[test]
        fn a_key_is_mapped_to_itself(path in "(/[A-Za-z0-9_:-]{1,8}){1,16}") {
            prop_assert_eq!(mapped(&[&path], "/"), Ok(vec![(path.clone(), None)]));
        }

        #[test]
        fn no_name_panics(name in ".*") {
            let _ = mapped(&[&name], "/p");
        }
    }
}
