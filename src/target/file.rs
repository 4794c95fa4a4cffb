use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{EngineName, Origin, Setting, TargetError};
use crate::model::{ConfigName, Region, Role};

/// The name of the file that `use` writes.
pub const FILE_NAME: &str = ".discfg";

/// What a `.discfg` says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetFile {
    /// The config.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config: Option<ConfigName>,
    /// The engine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub engine: Option<EngineName>,
    /// Whether requests to the engine, an API, are signed as those to AWS are. Where nothing is said, its host tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sign: Option<bool>,
    /// The region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<Region>,
    /// The AWS profile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// The identity.
    #[serde(rename = "as", skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
}

impl Serialize for EngineName {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for EngineName {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

impl TargetFile {
    /// Whether requests to its engine are signed, by what it says alone.
    pub fn signs(&self) -> bool {
        let engine = self.engine.as_ref();
        let said = self.sign.map(|value| Setting {
            value,
            origin: Origin::Flag,
        });
        engine.is_some_and(|engine| engine.signed_by(said).is_some())
    }

    /// The nearest `.discfg` from `folder` upwards, and what it says.
    pub fn find(folder: &Path) -> Result<Option<(PathBuf, Self)>, TargetError> {
        for folder in folder.ancestors() {
            let path = folder.join(FILE_NAME);
            match fs::read_to_string(&path) {
                Ok(text) => {
                    let file = Self::parse(&text).map_err(|source| TargetError::Malformed {
                        path: path.clone(),
                        source,
                    })?;
                    return Ok(Some((path, file)));
                }
                Err(error)
                    if matches!(
                        error.kind(),
                        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                    ) => {}
                // A folder of that name is somebody else's.
                Err(error) if error.kind() == io::ErrorKind::IsADirectory => {}
                Err(source) => return Err(TargetError::Unreadable { path, source }),
            }
        }
        Ok(None)
    }

    /// Reads TOML, or a bare config name, as the ancestor wrote it.
    fn parse(text: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let bare = text.trim();
        if !bare.is_empty() && !bare.contains(['=', '\n', '[', '#']) {
            return Ok(Self {
                config: Some(bare.parse()?),
                ..Self::default()
            });
        }
        Ok(toml::from_str(text)?)
    }

    /// Writes the file into `folder` and gives its path.
    pub fn write(&self, folder: &Path) -> io::Result<PathBuf> {
        let path = folder.join(FILE_NAME);
        let text = toml::to_string(self).map_err(io::Error::other)?;
        fs::write(&path, text)?;
        Ok(path)
    }
}
