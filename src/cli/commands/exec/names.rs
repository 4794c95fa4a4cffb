//! Names that are given to single keys.

use std::str::FromStr;

use crate::formats::{EnvName, EnvNameError};
use crate::model::{Key, KeyError};

/// `NAME=KEY`.
#[derive(Debug, Clone)]
pub(in crate::cli) struct NamedKey {
    pub(super) name: EnvName,
    pub(super) key: Key,
}

/// Why a text is no `NAME=KEY`.
#[derive(Debug, thiserror::Error)]
pub(in crate::cli) enum NamedKeyError {
    #[error("expected NAME=KEY")]
    Form,
    #[error(transparent)]
    Name(#[from] EnvNameError),
    #[error(transparent)]
    Key(#[from] KeyError),
}

impl FromStr for NamedKey {
    type Err = NamedKeyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, key) = text.split_once('=').ok_or(NamedKeyError::Form)?;
        Ok(Self {
            name: name.parse()?,
            key: key.parse()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::failure::texts::arguments::Refused;
    use crate::cli::failure::texts::book::{Variants, variants};

    variants!(NamedKeyError: Form Name Key);

    #[test]
    fn what_is_refused_says_why() {
        let texts = ["/db/url", "1ST=/db/url", "DB_URL=/db//url"];
        Refused::default()
            .called::<NamedKey>(&["exec", "payments", "--env={}", "--", "env"], &texts)
            .keep::<NamedKeyError>("named_error");
    }
}
