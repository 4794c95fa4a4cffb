use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The name of a config: `[a-z][a-z0-9-]{0,35}`, without `--` and without a trailing `-`.
///
/// `--` is kept free to part the config's name from a grant's, and 36 characters leave room for the region and
/// the suffix in a role's name, which IAM limits to 64 characters (IAM and STS quotas, "Role name").
///
/// ```
/// use discfg::model::ConfigName;
/// assert!("payments".parse::<ConfigName>().is_ok());
/// assert!("Payments".parse::<ConfigName>().is_err());
/// assert!("a--b".parse::<ConfigName>().is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ConfigName(String);

/// Why a text is no config name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigNameError {
    /// Nothing at all.
    #[error("invalid config name: it is empty")]
    Empty,
    /// More than 36 characters.
    #[error("config name {name:?} too long: {length} characters; the limit is {max}", max = ConfigName::MAX_LENGTH)]
    TooLong {
        /// What was given.
        name: String,
        /// Its length in characters.
        length: usize,
    },
    /// The first character isn't a lower-case letter.
    #[error("invalid config name {0:?}: must start with a letter a-z")]
    Start(String),
    /// A character that isn't allowed.
    #[error("invalid config name {name:?}: {character:?} is not allowed; use a-z, 0-9 and `-`")]
    Character {
        /// What was given.
        name: String,
        /// The first character that isn't allowed.
        character: char,
    },
    /// Two dashes in a row.
    #[error("invalid config name {0:?}: `--` is reserved for grants")]
    DoubleDash(String),
    /// A dash at the end.
    #[error("invalid config name {0:?}: must not end with `-`")]
    TrailingDash(String),
}

impl ConfigName {
    /// The longest name, in characters.
    pub const MAX_LENGTH: usize = 36;

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name of this config's DynamoDB table.
    pub fn table_name(&self) -> String {
        format!("discfg-{self}")
    }

    /// The name of this config's KMS key, if it has one.
    pub fn key_alias(&self) -> String {
        format!("alias/discfg-{self}")
    }

    /// The name of this config's CloudFormation stack.
    pub fn stack_name(&self) -> String {
        format!("discfg-{self}")
    }
}

impl FromStr for ConfigName {
    type Err = ConfigNameError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let first = name.chars().next().ok_or(ConfigNameError::Empty)?;
        if let Some(character) = name
            .chars()
            .find(|c| !(c.is_ascii_lowercase() || c.is_ascii_digit() || *c == '-'))
        {
            return Err(ConfigNameError::Character {
                name: name.into(),
                character,
            });
        }
        if !first.is_ascii_lowercase() {
            return Err(ConfigNameError::Start(name.into()));
        }
        if name.len() > Self::MAX_LENGTH {
            return Err(ConfigNameError::TooLong {
                name: name.into(),
                length: name.len(),
            });
        }
        if name.contains("--") {
            return Err(ConfigNameError::DoubleDash(name.into()));
        }
        if name.ends_with('-') {
            return Err(ConfigNameError::TrailingDash(name.into()));
        }
        Ok(Self(name.into()))
    }
}

impl TryFrom<String> for ConfigName {
    type Error = ConfigNameError;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        name.parse()
    }
}

impl From<ConfigName> for String {
    fn from(name: ConfigName) -> Self {
        name.0
    }
}

impl fmt::Display for ConfigName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn each_rule_has_its_own_error() {
        let error = |name: &str| name.parse::<ConfigName>().expect_err(name);
        assert_eq!(error(""), ConfigNameError::Empty);
        assert_eq!(error("1a"), ConfigNameError::Start("1a".into()));
        assert_eq!(error("-a"), ConfigNameError::Start("-a".into()));
        assert_eq!(
            error("aB"),
            ConfigNameError::Character {
                name: "aB".into(),
                character: 'B'
            }
        );
        assert_eq!(error("a--b"), ConfigNameError::DoubleDash("a--b".into()));
        assert_eq!(error("a-"), ConfigNameError::TrailingDash("a-".into()));
        let long = "a".repeat(37);
        assert_eq!(
            error(&long),
            ConfigNameError::TooLong {
                name: long.clone(),
                length: 37
            }
        );
        assert!("a".repeat(36).parse::<ConfigName>().is_ok());
    }

    proptest! {
        #[test]
        fn what_parses_prints_as_it_was(name in "[a-z](-?[a-z0-9]){0,17}") {
            let parsed: ConfigName = name.parse().expect("the pattern makes valid names");
            prop_assert_eq!(parsed.to_string(), name);
        }

        #[test]
        fn nothing_panics(name in ".*") {
            drop(name.parse::<ConfigName>());
        }
    }
}
