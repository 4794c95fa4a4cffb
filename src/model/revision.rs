use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The count of commits of one section. The first commit is revision 1; 0 stands for a section without any.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Revision(u64);

/// Why a text is no revision.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid revision {0:?}: expected a whole number")]
pub struct RevisionError(String);

impl Revision {
    /// Before the first commit.
    pub const ZERO: Self = Self(0);

    /// The revision of that number.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The revision of the next commit.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl FromStr for Revision {
    type Err = RevisionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // `u64` would take a leading plus sign, which nobody means.
        if !text.bytes().all(|b| b.is_ascii_digit()) {
            return Err(RevisionError(text.into()));
        }
        text.parse().map(Self).map_err(|_| RevisionError(text.into()))
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
