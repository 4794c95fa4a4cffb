use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::engine_name::EngineName;
use super::error::TargetError;
use super::malformed_file::MalformedFile;
use super::setting::{Setting, SettingOrigin};
use crate::files::{self, Durability, FileFault, Folder, Privacy};
use crate::model::{ConfigName, Region, Role};

/// The name of the file that `use` writes.
pub const FILE_NAME: &str = ".discfg";

/// The environment variable that lists folders, as absolute paths in the form of `PATH`, which the search for a
/// `.discfg` doesn't go up into. Its model is git's `GIT_CEILING_DIRECTORIES`.
pub const CEILING: &str = "DISCFG_CEILING";

/// The most bytes of a `.discfg`.
const MAX_BYTES: u64 = 64 * 1024;

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
            origin: SettingOrigin::Flag,
        });
        engine.is_some_and(|engine| engine.signed_by(said).is_some())
    }

    /// Reads TOML, or a bare config name, as the ancestor wrote it.
    fn parse(bytes: &[u8]) -> Result<Self, MalformedFile> {
        let text = std::str::from_utf8(bytes).map_err(|_| MalformedFile::Encoding)?;
        let bare = text.trim();
        if !bare.is_empty() && !bare.contains(['=', '\n', '[', '#']) {
            return Ok(Self {
                config: Some(bare.parse().map_err(|_| MalformedFile::Name)?),
                ..Self::default()
            });
        }
        toml::from_str(text).map_err(|error| {
            let before = error.span().and_then(|span| text.get(..span.start));
            MalformedFile::Line(before.unwrap_or_default().matches('\n').count() + 1)
        })
    }

    /// Writes the file into `folder` and gives it as it is there.
    pub fn write(&self, folder: &Path) -> io::Result<FoundTargetFile> {
        let path = folder.join(FILE_NAME);
        let text = toml::to_string(self).map_err(io::Error::other)?;
        files::replace(&path, text.as_bytes(), Privacy::Public, Durability::Lossy)?;
        Ok(FoundTargetFile {
            path,
            bytes: text.into_bytes().into(),
            fault: None,
        })
    }
}

/// A `.discfg` as it was when it was read, once: what is parsed is what is trusted.
pub struct FoundTargetFile {
    path: PathBuf,
    bytes: Zeroizing<Vec<u8>>,
    fault: Option<FileFault>,
}

impl FoundTargetFile {
    /// Returns the nearest `.discfg` from `folder`, an absolute path without links, upwards.
    ///
    /// The search ends with the home folder, and before a folder that [`CEILING`] lists; `folder` itself is always read.
    pub fn nearest(
        folder: &Path,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Option<Self>, TargetError> {
        let listed = environment(CEILING).unwrap_or_default();
        let ceilings: Vec<PathBuf> = env::split_paths(&listed)
            .filter(|ceiling| ceiling.is_absolute())
            .map(without_links)
            .collect();
        let home = environment("HOME").filter(|home| !home.is_empty());
        let home = home.map(PathBuf::from).or_else(|| etcetera::home_dir().ok());
        let home = home.map(without_links);
        for searched in folder.ancestors() {
            if searched != folder && ceilings.iter().any(|ceiling| ceiling == searched) {
                break;
            }
            if let Some(found) = Self::read(searched)? {
                return Ok(Some(found));
            }
            if home.as_deref() == Some(searched) {
                break;
            }
        }
        Ok(None)
    }

    /// Returns the `.discfg` in that folder, or nothing where there is none.
    pub fn read(folder: &Path) -> Result<Option<Self>, TargetError> {
        let path = folder.join(FILE_NAME);
        match Folder::come_to(folder).find(FILE_NAME, MAX_BYTES, Privacy::Public) {
            Ok(found) => Ok(Some(Self {
                path,
                bytes: found.bytes,
                fault: found.fault,
            })),
            // A folder of that name is somebody else's.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::IsADirectory
                ) =>
            {
                Ok(None)
            }
            Err(source) => Err(TargetError::Unreadable { path, source }),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it held when it was read.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Why another user could have written it, where one could.
    pub(super) fn fault(&self) -> Option<&FileFault> {
        self.fault.as_ref()
    }

    /// What it says, without regard to its writer.
    pub fn content_unjudged(&self) -> Result<TargetFile, TargetError> {
        TargetFile::parse(&self.bytes).map_err(|source| TargetError::Malformed {
            path: self.path.clone(),
            source,
        })
    }
}

/// The path as the system gives the working folder; as it is where it doesn't exist.
fn without_links(path: PathBuf) -> PathBuf {
    fs::canonicalize(&path).unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The config that a file says which was found.
    fn config(found: Result<Option<FoundTargetFile>, TargetError>) -> Option<String> {
        let content = found.expect("readable")?.content_unjudged();
        Some(
            content
                .expect("it is understood")
                .config
                .expect("a name")
                .to_string(),
        )
    }

    /// Which folder's file is found from `home/app/a` with these settings; each folder has one but `a`.
    fn found(ceiling: &[&str], home: &str) -> Option<String> {
        let top = tempfile::tempdir().expect("a folder");
        let top = fs::canonicalize(top.path()).expect("it is there");
        let start = top.join("home/app/a");
        fs::create_dir_all(&start).expect("folders");
        for (folder, name) in [(".", "top"), ("home", "home"), ("home/app", "app")] {
            fs::write(top.join(folder).join(FILE_NAME), name).expect("a file");
        }
        let ceiling = env::join_paths(ceiling.iter().map(|folder| top.join(folder))).expect("paths");
        let environment = |name: &str| match name {
            CEILING => ceiling.to_str().map(str::to_owned),
            "HOME" => top.join(home).to_str().map(str::to_owned),
            _ => None,
        };
        config(FoundTargetFile::nearest(&start, &environment))
    }

    #[test]
    fn the_search_goes_up_to_the_home_folder_and_not_into_a_ceiling() {
        assert_eq!(found(&["nowhere"], "nowhere").as_deref(), Some("app"));
        assert_eq!(found(&["home/app"], "home"), None);
        assert_eq!(
            found(&["home/app/a"], "home").as_deref(),
            Some("app"),
            "the start is no ceiling"
        );
        assert_eq!(found(&["nowhere", "home/app"], "home"), None, "any of the list");
    }

    #[test]
    fn the_home_folder_is_the_last_that_is_read() {
        let top = tempfile::tempdir().expect("a folder");
        let top = fs::canonicalize(top.path()).expect("it is there");
        let work = top.join("home/app");
        fs::create_dir_all(&work).expect("folders");
        fs::write(top.join(FILE_NAME), "top").expect("a file");
        let home = top.join("home").to_str().map(str::to_owned);
        let at_home = |name: &str| home.clone().filter(|_| name == "HOME");
        assert_eq!(config(FoundTargetFile::nearest(&work, &at_home)), None);
        let elsewhere = |name: &str| (name == "HOME").then(|| "/nowhere".to_owned());
        assert_eq!(
            config(FoundTargetFile::nearest(&work, &elsewhere)).as_deref(),
            Some("top")
        );
        fs::write(top.join("home").join(FILE_NAME), "home").expect("a file");
        assert_eq!(
            config(FoundTargetFile::nearest(&work, &at_home)).as_deref(),
            Some("home"),
            "the home's own"
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_ceiling_that_is_a_link_stands_for_what_it_leads_to() {
        let top = tempfile::tempdir().expect("a folder");
        let top = fs::canonicalize(top.path()).expect("it is there");
        let work = top.join("real/app");
        fs::create_dir_all(&work).expect("folders");
        fs::write(top.join("real").join(FILE_NAME), "real").expect("a file");
        std::os::unix::fs::symlink(top.join("real"), top.join("link")).expect("a link");
        let link = top.join("link").to_str().map(str::to_owned);
        let environment = |name: &str| link.clone().filter(|_| name == CEILING);
        assert_eq!(config(FoundTargetFile::nearest(&work, &environment)), None);
    }
}
