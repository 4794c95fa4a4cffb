use std::fmt;
use std::path::PathBuf;

/// Where a setting came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SettingOrigin {
    /// A flag or a positional of the call.
    Flag,
    /// An environment variable.
    Environment(&'static str),
    /// A `.discfg`.
    File(PathBuf),
    /// The host of the API.
    Host,
    /// Nobody chose it.
    Default,
}

impl fmt::Display for SettingOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag => f.write_str("the command line"),
            Self::Environment(name) => write!(f, "the environment variable {name}"),
            Self::File(path) => path.display().fmt(f),
            Self::Host => f.write_str("the host of the API"),
            Self::Default => f.write_str("the default"),
        }
    }
}

/// A setting and where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting<T> {
    /// What is set.
    pub value: T,
    /// By what.
    pub origin: SettingOrigin,
}
