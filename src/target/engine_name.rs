use std::fmt;
use std::str::FromStr;

/// Where a config's data lives.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum EngineName {
    /// A DynamoDB table.
    #[default]
    DynamoDb,
    /// A file on this machine.
    Local,
    /// A discfg API at that URL.
    Http(String),
}

/// Why a text names no engine.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} names no engine: expected dynamodb, local or a URL that begins with http:// or https://")]
pub struct EngineNameError(String);

impl FromStr for EngineName {
    type Err = EngineNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "dynamodb" => Ok(Self::DynamoDb),
            "local" => Ok(Self::Local),
            url if url.starts_with("http://") || url.starts_with("https://") => Ok(Self::Http(url.into())),
            _ => Err(EngineNameError(text.into())),
        }
    }
}

impl fmt::Display for EngineName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::DynamoDb => "dynamodb",
            Self::Local => "local",
            Self::Http(url) => url,
        })
    }
}
