use std::fmt;
use std::str::FromStr;

use super::api_url::{ApiUrl, ApiUrlError};
use super::setting::{Setting, SettingOrigin};
use crate::model::Region;

/// Where a config's data lives.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum EngineName {
    /// A DynamoDB table.
    #[default]
    DynamoDb,
    /// A file on this machine.
    Local,
    /// A discfg API at that URL.
    Http(ApiUrl),
}

/// Why a text names no engine.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EngineNameError {
    /// It is none of them.
    #[error("invalid engine {0:?}: expected dynamodb, local or an http:// or https:// URL")]
    Unknown(String),
    /// It is a URL of no API.
    #[error("{0}")]
    Url(ApiUrlError),
}

impl EngineName {
    /// What has requests signed to it, if anything does: API Gateway's own hosts take no others, and of any other host
    /// it is said.
    pub(super) fn signed_by(&self, said: Option<Setting<bool>>) -> Option<SettingOrigin> {
        let Self::Http(url) = self else { return None };
        match said {
            Some(Setting { value, origin }) => value.then_some(origin),
            None => url.gateway_region().map(|_| SettingOrigin::Host),
        }
    }

    /// The region that the engine lies in, where its name tells.
    pub(super) fn region_of_host(&self) -> Option<Setting<Region>> {
        let Self::Http(url) = self else { return None };
        url.gateway_region().map(|value| Setting {
            value,
            origin: SettingOrigin::Host,
        })
    }
}

impl FromStr for EngineName {
    type Err = EngineNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "dynamodb" => Ok(Self::DynamoDb),
            "local" => Ok(Self::Local),
            url if url.starts_with("http://") || url.starts_with("https://") => {
                url.parse().map(Self::Http).map_err(EngineNameError::Url)
            }
            _ => Err(EngineNameError::Unknown(text.into())),
        }
    }
}

impl fmt::Display for EngineName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::DynamoDb => "dynamodb",
            Self::Local => "local",
            Self::Http(url) => url.as_str(),
        })
    }
}
