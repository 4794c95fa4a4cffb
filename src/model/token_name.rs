use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The name of a token of the HTTP API, under which its writes are written down: `[A-Za-z0-9._-]`, 1 to 64 characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TokenName(String);

/// Why a text is no name of a token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid token name {0:?}: expected 1 to 64 characters of A-Z, a-z, 0-9, `.`, `_` and `-`")]
pub struct TokenNameError(String);

impl TokenName {
    const LONGEST: usize = 64;

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TokenName {
    type Err = TokenNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        if (1..=Self::LONGEST).contains(&text.len()) && text.bytes().all(fits) {
            Ok(Self(text.into()))
        } else {
            Err(TokenNameError(text.into()))
        }
    }
}

impl TryFrom<String> for TokenName {
    type Error = TokenNameError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<TokenName> for String {
    fn from(name: TokenName) -> Self {
        name.0
    }
}

impl fmt::Display for TokenName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_goes_into_logs_and_lists_as_it_is() {
        for name in ["ci", "Team.A_deploy-2", "7", &"a".repeat(64)] {
            assert_eq!(name.parse::<TokenName>().unwrap().as_str(), name);
        }
        for text in ["", "a b", "a\nb", "a:b", "a/b", "ä", "\"", &"a".repeat(65)] {
            let text = text.parse::<TokenName>().unwrap_err().to_string();
            assert!(text.contains("1 to 64 characters"), "{text}");
        }
    }
}
