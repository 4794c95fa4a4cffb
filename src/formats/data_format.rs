use std::fmt;
use std::path::Path;
use std::str::FromStr;

use super::EnvName;
use crate::model::{Key, Prefix};

/// A format that keys and values are written in and read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DataFormat {
    /// One JSON object.
    Json,
    /// One YAML mapping.
    Yaml,
    /// A `.env` file as python-dotenv, Node's dotenv and Ruby's read it.
    Dotenv,
    /// What `docker run --env-file` reads: a line is taken as it stands.
    DockerEnv,
    /// Terraform's variable definitions.
    Tfvars,
    /// Java's properties.
    Properties,
    /// RFC 4180, with the columns `key` and `value`.
    Csv,
    /// Lines that a POSIX shell sources: sh, bash, dash, ksh, zsh.
    Shell,
    /// Lines that fish sources.
    Fish,
    /// What is appended to the file that `$GITHUB_ENV` names.
    GithubEnv,
    /// A Kubernetes Secret.
    K8sSecret,
    /// A Kubernetes `ConfigMap`.
    K8sConfigmap,
}

/// A word that names no format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid data format {word:?}: expected {}", DataFormat::ALL.map(DataFormat::as_str).join(", "))]
pub struct DataFormatError {
    word: String,
}

impl DataFormat {
    /// Every format.
    pub const ALL: [Self; 12] = [
        Self::Json,
        Self::Yaml,
        Self::Dotenv,
        Self::DockerEnv,
        Self::Tfvars,
        Self::Properties,
        Self::Csv,
        Self::Shell,
        Self::Fish,
        Self::GithubEnv,
        Self::K8sSecret,
        Self::K8sConfigmap,
    ];

    /// The variable that a key becomes in the environment of a process that is given a file of this format; none where
    /// it becomes none.
    pub fn variable(self, key: &Key, prefix: &Prefix) -> Option<EnvName> {
        match self {
            Self::Dotenv | Self::DockerEnv | Self::Shell | Self::Fish | Self::GithubEnv => {
                EnvName::of(key, prefix).ok()
            }
            // By `envFrom`.
            Self::K8sSecret | Self::K8sConfigmap => prefix.relative(key)?.replace('/', ".").parse().ok(),
            Self::Json | Self::Yaml | Self::Tfvars | Self::Properties | Self::Csv => None,
        }
    }

    /// The name for people: `JSON`, and `dotenv`.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Json => "JSON",
            Self::Yaml => "YAML",
            Self::Csv => "CSV",
            Self::Properties => ".properties",
            other => other.as_str(),
        }
    }

    /// The word for it on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Yaml => "yaml",
            Self::Dotenv => "dotenv",
            Self::DockerEnv => "docker-env",
            Self::Tfvars => "tfvars",
            Self::Properties => "properties",
            Self::Csv => "csv",
            Self::Shell => "shell",
            Self::Fish => "fish",
            Self::GithubEnv => "github-env",
            Self::K8sSecret => "k8s-secret",
            Self::K8sConfigmap => "k8s-configmap",
        }
    }

    /// The format of a file by its name: `.json`, `.yaml`, `.yml`, `.env` (also `.env.local` and the like),
    /// `.tfvars`, `.properties`, `.csv`, `.sh`, `.fish`. None where the name doesn't tell.
    ///
    /// A Kubernetes object is YAML by its name, so its format must be given.
    pub fn of_file(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?.to_ascii_lowercase();
        if name == ".env" || name.starts_with(".env.") {
            return Some(Self::Dotenv);
        }
        match name.rsplit_once('.')?.1 {
            "json" => Some(Self::Json),
            "yaml" | "yml" => Some(Self::Yaml),
            "env" => Some(Self::Dotenv),
            "tfvars" => Some(Self::Tfvars),
            "properties" => Some(Self::Properties),
            "csv" => Some(Self::Csv),
            "sh" => Some(Self::Shell),
            "fish" => Some(Self::Fish),
            _ => None,
        }
    }

    /// Whether the format can hold a tree, so that [`Layout::nested`](super::Layout) means something to it.
    pub fn nests(self) -> bool {
        matches!(self, Self::Json | Self::Yaml)
    }
}

impl fmt::Display for DataFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for DataFormat {
    type Err = DataFormatError;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|format| format.as_str() == word)
            .ok_or_else(|| DataFormatError { word: word.into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_names_its_format() {
        for format in DataFormat::ALL {
            assert_eq!(format.as_str().parse(), Ok(format));
        }
        let error = "toml".parse::<DataFormat>().expect_err("no such format");
        assert_eq!(
            error.to_string(),
            "invalid data format \"toml\": expected json, yaml, dotenv, docker-env, tfvars, properties, csv, \
             shell, fish, github-env, k8s-secret, k8s-configmap"
        );
    }

    #[test]
    fn a_file_name_tells_the_format() {
        let of = |name: &str| DataFormat::of_file(Path::new(name));
        assert_eq!(of("a/b.json"), Some(DataFormat::Json));
        assert_eq!(of("b.YML"), Some(DataFormat::Yaml));
        assert_eq!(of(".env"), Some(DataFormat::Dotenv));
        assert_eq!(of(".env.local"), Some(DataFormat::Dotenv));
        assert_eq!(of("prod.env"), Some(DataFormat::Dotenv));
        assert_eq!(of("x.auto.tfvars"), Some(DataFormat::Tfvars));
        assert_eq!(of("x.tfvars.json"), Some(DataFormat::Json));
        for nothing in ["", "-", "json", "a.txt", "env", "/"] {
            assert_eq!(of(nothing), None, "{nothing:?}");
        }
    }
}
