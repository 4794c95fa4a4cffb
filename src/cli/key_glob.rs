use std::str::FromStr;

use fast_glob::glob_match;

/// A glob for a whole key, or for its last segments if it has no leading slash: `*` and `?` stop at a slash, `**` does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KeyGlob(String);

/// Why a glob is invalid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum KeyGlobError {
    /// It would match nothing.
    #[error("empty pattern")]
    Empty,
    /// A set of characters isn't closed.
    #[error("invalid pattern {0:?}: unclosed [")]
    Unclosed(String),
}

impl KeyGlob {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn matches(&self, key: &str) -> bool {
        if self.0.starts_with('/') {
            glob_match(&self.0, key)
        } else {
            glob_match(format!("**/{}", self.0), key.trim_start_matches('/'))
        }
    }
}

impl FromStr for KeyGlob {
    type Err = KeyGlobError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() {
            return Err(KeyGlobError::Empty);
        }
        match text.rsplit_once('[') {
            Some((_, set)) if !set.contains(']') => Err(KeyGlobError::Unclosed(text.into())),
            _ => Ok(Self(text.into())),
        }
    }
}
