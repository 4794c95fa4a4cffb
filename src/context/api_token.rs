use std::fmt;
use std::str::FromStr;

use zeroize::Zeroizing;

/// What shows a discfg API who is calling: a bearer token (RFC 6750), of at most 4,096 characters.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiToken(Zeroizing<String>);

/// A text is no token. It may be one that was pasted badly, so that it isn't repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "invalid token: expected one word of A-Z, a-z, 0-9, `-`, `.`, `_`, `~`, `+` and `/`, with `=` only at the end"
)]
pub struct TokenFormError;

impl ApiToken {
    const MAX_CHARACTERS: usize = 4096;

    /// The token as it is sent.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl FromStr for ApiToken {
    type Err = TokenFormError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_part = |c: char| c.is_ascii_alphanumeric() || "-._~+/".contains(c);
        let word = text.trim_end_matches('=');
        if word.is_empty() || text.len() > Self::MAX_CHARACTERS || !word.chars().all(is_part) {
            return Err(TokenFormError);
        }
        Ok(Self(Zeroizing::new(text.to_owned())))
    }
}

impl fmt::Debug for ApiToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiToken")
    }
}
