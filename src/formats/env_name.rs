use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use crate::model::{Key, Prefix};

/// The name of an environment variable that every shell can hold: `[A-Za-z_][A-Za-z0-9_]*`.
///
/// A key is named in upper case, relative to a prefix, with `_` for each `/`, `-`, `.` and `:`.
///
/// ```
/// use discfg::formats::EnvName;
/// let key = "/db/read-url".parse().unwrap();
/// let name = |prefix: &str| EnvName::of(&key, &prefix.parse().unwrap()).unwrap();
/// assert_eq!(name("/").as_str(), "DB_READ_URL");
/// assert_eq!(name("/db").as_str(), "READ_URL");
/// assert!("1ST".parse::<EnvName>().is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EnvName(String);

/// Why there is no name of an environment variable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnvNameError {
    /// A text that no shell takes for a name.
    #[error("invalid variable name {0:?}: expected a letter or `_`, then letters, digits and `_`")]
    Text(String),
    /// A key whose name would begin with a digit.
    #[error("key {key} would be the variable {name}, which can't start with a digit")]
    Digit {
        /// The key.
        key: Key,
        /// What it would be named.
        name: String,
    },
    /// A key that doesn't lie below the prefix that it is to be named by.
    #[error("key {key} is not below {prefix}")]
    Outside {
        /// The key.
        key: Key,
        /// The prefix.
        prefix: Prefix,
    },
    /// Two keys below one prefix with one name.
    #[error("keys {first} and {second} would both be the variable {name}")]
    Collision {
        /// The name.
        name: EnvName,
        /// The first of the keys.
        first: Key,
        /// The second of the keys.
        second: Key,
    },
}

impl EnvName {
    /// The name of `key` relative to `prefix`. Fails where that begins with a digit, or where the key doesn't lie
    /// below the prefix.
    pub fn of(key: &Key, prefix: &Prefix) -> Result<Self, EnvNameError> {
        let Some(relative) = prefix.relative(key) else {
            return Err(EnvNameError::Outside {
                key: key.clone(),
                prefix: prefix.clone(),
            });
        };
        let name = relative.to_ascii_uppercase().replace(['/', '-', '.', ':'], "_");
        name.parse().map_err(|_| EnvNameError::Digit {
            key: key.clone(),
            name,
        })
    }

    /// The names of all these keys, in their order. Fails where one has none, or where two have the same.
    pub fn name_all<'k>(
        keys: impl IntoIterator<Item = &'k Key>,
        prefix: &Prefix,
    ) -> Result<Vec<Self>, EnvNameError> {
        let mut taken: HashMap<Self, &Key> = HashMap::new();
        keys.into_iter()
            .map(|key| {
                let name = Self::of(key, prefix)?;
                match taken.insert(name.clone(), key) {
                    Some(first) if first != key => Err(EnvNameError::Collision {
                        name,
                        first: first.clone(),
                        second: key.clone(),
                    }),
                    _ => Ok(name),
                }
            })
            .collect()
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for EnvName {
    type Err = EnvNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let begins = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        if begins && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            Ok(Self(text.to_owned()))
        } else {
            Err(EnvNameError::Text(text.to_owned()))
        }
    }
}

impl fmt::Display for EnvName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(text: &str) -> Key {
        text.parse().expect("a key")
    }

    fn name(text: &str, prefix: &str) -> String {
        let prefix = prefix.parse().expect("a prefix");
        EnvName::of(&key(text), &prefix).expect("a name").to_string()
    }

    #[test]
    fn a_key_is_named_relative_to_its_prefix() {
        assert_eq!(name("/db/url", "/"), "DB_URL");
        assert_eq!(name("/db/url", "/db"), "URL");
        assert_eq!(name("/db/eu-1/read.url:x_y", "/db"), "EU_1_READ_URL_X_Y");
        assert_eq!(name("/-a", "/"), "_A");
    }

    #[test]
    fn what_no_shell_holds_is_an_error_naming_the_key() {
        let prefix = "/db".parse().expect("a prefix");
        let error = EnvName::of(&key("/db/1st"), &prefix).expect_err("it begins with a digit");
        assert_eq!(
            error,
            EnvNameError::Digit {
                key: key("/db/1st"),
                name: "1ST".into()
            }
        );
        assert!(error.to_string().contains("/db/1st"));
        assert!(matches!(
            EnvName::of(&key("/app/x"), &prefix),
            Err(EnvNameError::Outside { .. })
        ));
        assert_eq!(name("/db/1st", "/"), "DB_1ST");
    }

    #[test]
    fn two_keys_for_one_name_are_named_both() {
        let keys = ["/db/a-b", "/db/c", "/db/a/b"].map(key);
        let error = EnvName::name_all(&keys, &Prefix::all()).expect_err("a collision");
        assert_eq!(
            error.to_string(),
            "keys /db/a-b and /db/a/b would both be the variable DB_A_B"
        );
        let names = EnvName::name_all(&keys[..2], &Prefix::all()).expect("names");
        assert_eq!(
            names.iter().map(EnvName::as_str).collect::<Vec<_>>(),
            ["DB_A_B", "DB_C"]
        );
        let [first, ..] = &keys;
        assert!(EnvName::name_all([first, first], &Prefix::all()).is_ok());
    }

    #[test]
    fn given_names() {
        for good in ["a", "_", "PATH", "a_1", "_9"] {
            assert_eq!(good.parse::<EnvName>().expect(good).as_str(), good);
        }
        for bad in ["", "1a", "a-b", "a.b", "a=b", "ä", "a b", "a\0", "a\n"] {
            assert_eq!(bad.parse::<EnvName>(), Err(EnvNameError::Text(bad.into())));
        }
    }

    proptest! {
        #[test]
        fn a_name_of_a_key_is_a_name(path in "(/[A-Za-z0-9._:-]{1,8}){1,8}", depth in 0..8_usize) {
            let Ok(key) = path.parse::<Key>() else { return Ok(()) };
            let parents: Vec<&str> = path[1..].split('/').collect();
            let above = parents[..depth.min(parents.len() - 1)].join("/");
            let prefix: Prefix = format!("/{above}").parse().expect("a prefix");
            let relative = prefix.relative(&key).expect("it lies below").to_owned();
            match EnvName::of(&key, &prefix) {
                Ok(name) => {
                    prop_assert_eq!(name.as_str().parse::<EnvName>(), Ok(name.clone()));
                    prop_assert_eq!(name.as_str().len(), relative.len());
                    prop_assert!(!name.as_str().contains(|c: char| c.is_ascii_lowercase()));
                }
                Err(_) => prop_assert!(relative.starts_with(|c: char| c.is_ascii_digit())),
            }
        }

        #[test]
        fn names_of_all_are_distinct_or_an_error(paths in prop::collection::btree_set("(/[ab.:-]{1,2}){1,3}", 1..12)) {
            let keys: Vec<Key> = paths.iter().filter_map(|path| path.parse().ok()).collect();
            let each: Vec<EnvName> = keys
                .iter()
                .map(|key| EnvName::of(key, &Prefix::all()).expect("it begins with no digit"))
                .collect();
            let distinct: std::collections::HashSet<&EnvName> = each.iter().collect();
            let all = EnvName::name_all(&keys, &Prefix::all());
            if distinct.len() == keys.len() {
                prop_assert_eq!(all, Ok(each));
            } else {
                let is_collision = matches!(all, Err(EnvNameError::Collision { .. }));
                prop_assert!(is_collision);
            }
        }

        #[test]
        fn no_text_panics(text in ".*") {
            if let Ok(name) = text.parse::<EnvName>() {
                prop_assert_eq!(name.as_str(), text);
            }
        }
    }
}
