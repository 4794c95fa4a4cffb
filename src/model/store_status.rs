use std::fmt;

/// The status of what holds a config's data.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreStatus {
    /// A file that can be used.
    Ok,
    /// A table in service.
    Active,
    /// A table that is being created.
    Creating,
    /// A table whose settings are being changed; it is in service.
    Updating,
    /// A table that is being deleted.
    Deleting,
    /// A status without a name here.
    Other(String),
    /// None is stated.
    Unknown,
}

impl StoreStatus {
    /// Reads the word for a status, as DynamoDB or a discfg API writes it.
    pub fn from_word(word: &str) -> Self {
        match word {
            "ok" => Self::Ok,
            "active" => Self::Active,
            "creating" => Self::Creating,
            "updating" => Self::Updating,
            "deleting" => Self::Deleting,
            "unknown" => Self::Unknown,
            other => Self::Other(other.to_owned()),
        }
    }

    /// The word for it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Ok => "ok",
            Self::Active => "active",
            Self::Creating => "creating",
            Self::Updating => "updating",
            Self::Deleting => "deleting",
            Self::Other(word) => word,
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for StoreStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_comes_back() {
        for word in [
            "ok",
            "active",
            "creating",
            "updating",
            "deleting",
            "unknown",
            "inaccessible_encryption_credentials",
        ] {
            assert_eq!(StoreStatus::from_word(word).as_str(), word);
        }
        assert_eq!(StoreStatus::from_word("active"), StoreStatus::Active);
    }
}
