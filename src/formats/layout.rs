use std::collections::HashMap;

use super::FormatError;
use super::position::At;
use crate::model::{Encoding, Key, Prefix, Value};

/// How keys are laid out in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// What relative names are relative to.
    pub prefix: Prefix,
    /// Whether json, yaml and csv are written with names relative to the prefix, without a leading slash. The other
    /// formats always are.
    pub relative: bool,
    /// Whether json and yaml are written as a tree: one level a segment. Names are relative then.
    pub nested: bool,
    /// Whether each name in json or yaml is a whole key, so that an object is a value. Otherwise the names of a file
    /// without leading slashes are nested, and an object can't be written under one.
    pub flat: bool,
    /// The name of a Kubernetes object.
    pub name: String,
}

/// What is read from a file, with where each part of it stood.
pub(super) struct ParsedItems<'t> {
    seen: HashMap<Key, At<'t>>,
    items: Vec<(Key, Value)>,
}

impl<'t> ParsedItems<'t> {
    pub(super) fn new() -> Self {
        Self {
            seen: HashMap::new(),
            items: Vec::new(),
        }
    }

    /// Takes what a file holds under the name of a key relative to `prefix`.
    pub(super) fn add(
        &mut self,
        prefix: &Prefix,
        name: &str,
        value: impl Into<Vec<u8>>,
        encoding: Encoding,
        at: impl Into<At<'t>>,
    ) -> Result<(), FormatError> {
        let at = at.into();
        let key = key_below(prefix, name, at)?;
        self.add_key(key, value, encoding, at)
    }

    pub(super) fn add_key(
        &mut self,
        key: Key,
        value: impl Into<Vec<u8>>,
        encoding: Encoding,
        at: At<'t>,
    ) -> Result<(), FormatError> {
        let value = Value::new(value, encoding).map_err(|source| FormatError::Value {
            key: key.clone(),
            at: at.position(),
            source,
        })?;
        if let Some(first) = self.seen.insert(key.clone(), at) {
            return Err(FormatError::Duplicate {
                key,
                first: first.position(),
                second: at.position(),
            });
        }
        self.items.push((key, value));
        Ok(())
    }

    pub(super) fn into_items(self) -> Vec<(Key, Value)> {
        self.items
    }
}

/// The key that `name` is below `prefix`.
pub(super) fn key_below(prefix: &Prefix, name: &str, at: At<'_>) -> Result<Key, FormatError> {
    parse_key(&format!("{}{name}", prefix.with_slash()), name, at)
}

/// The key that a text is, which the file calls `name`.
pub(super) fn parse_key(text: &str, name: &str, at: At<'_>) -> Result<Key, FormatError> {
    text.parse().map_err(|source| FormatError::Key {
        name: name.to_owned(),
        at: at.position(),
        source,
    })
}

impl Layout {
    /// `key` relative to the prefix.
    pub(super) fn relative_name<'k>(&self, key: &'k Key) -> Result<&'k str, FormatError> {
        self.prefix.relative(key).ok_or_else(|| FormatError::Outside {
            key: key.clone(),
            prefix: self.prefix.clone(),
        })
    }

    /// `key` as json, yaml and csv name it where they aren't nested.
    pub(super) fn flat_name<'k>(&self, key: &'k Key) -> Result<&'k str, FormatError> {
        if self.relative {
            self.relative_name(key)
        } else {
            Ok(key.as_str())
        }
    }
}
