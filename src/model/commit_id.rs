use std::fmt;
use std::str::FromStr;

/// The name of a commit: 1 to 64 characters of `[A-Za-z0-9._:-]`. Chosen by the writer, so that a commit whose
/// answer was lost can be looked for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommitId(String);

/// Why a text is no commit id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid commit ID {0:?}: expected 1 to 64 characters of A-Z, a-z, 0-9, `.`, `_`, `:` and `-`")]
pub struct CommitIdError(String);

impl CommitId {
    /// A new id that no other commit has (UUID version 4).
    pub fn random() -> Self {
        Self(uuid::Uuid::new_v4().to_string())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for CommitId {
    type Err = CommitIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let sound = (1..=64).contains(&text.len())
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"._:-".contains(&b));
        if sound {
            Ok(Self(text.into()))
        } else {
            Err(CommitIdError(text.into()))
        }
    }
}

impl fmt::Display for CommitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}
