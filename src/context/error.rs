use std::path::PathBuf;
use std::str::ParseBoolError;

use super::engine_name::EngineNameError;
use super::malformed_file::MalformedFile;
use crate::model::{ConfigNameError, ErrorKind, RegionError, RoleError};

/// Why no target could be settled.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TargetError {
    /// No config is chosen anywhere.
    #[error("no config selected")]
    NoConfig,
    /// An environment variable is not text, so that it would count as unset.
    #[error("invalid {0}: not valid UTF-8")]
    NotText(String),
    /// A file can't be read.
    #[error("cannot read {}", .path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file isn't what `use` writes.
    #[error("invalid file {}", .path.display())]
    Malformed {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: MalformedFile,
    },
    /// Another user could have written a file, and this one didn't say to trust it.
    #[error("refusing to use {}", .path.display())]
    Foreign {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file decides what only the user may decide.
    #[error("refusing to use {}: it sets {setting}, and `discfg use` did not write it on this machine", .path.display())]
    Untrusted {
        /// Which.
        path: PathBuf,
        /// What it sets.
        setting: String,
    },
    /// An environment variable holds no config name.
    #[error("invalid {variable}")]
    Config {
        /// Which.
        variable: &'static str,
        /// Why.
        #[source]
        source: ConfigNameError,
    },
    /// An environment variable names no engine.
    #[error("invalid {variable}")]
    Engine {
        /// Which.
        variable: &'static str,
        /// Why.
        #[source]
        source: EngineNameError,
    },
    /// An environment variable names no identity.
    #[error("invalid {variable}")]
    Role {
        /// Which.
        variable: &'static str,
        /// Why.
        #[source]
        source: RoleError,
    },
    /// An environment variable doesn't say whether to sign.
    #[error("invalid {variable}: expected true or false")]
    Sign {
        /// Which.
        variable: &'static str,
        /// Why.
        #[source]
        source: ParseBoolError,
    },
    /// An environment variable holds no region.
    #[error("invalid {variable}")]
    Region {
        /// Which.
        variable: &'static str,
        /// Why.
        #[source]
        source: RegionError,
    },
}

impl TargetError {
    /// What sort of failure this is.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::NoConfig
            | Self::NotText(_)
            | Self::Config { .. }
            | Self::Engine { .. }
            | Self::Role { .. }
            | Self::Sign { .. }
            | Self::Region { .. } => ErrorKind::Usage,
            Self::Unreadable { .. } | Self::Malformed { .. } => ErrorKind::Invalid,
            Self::Foreign { .. } | Self::Untrusted { .. } => ErrorKind::Denied,
        }
    }
}
