use std::fmt;
use std::str::FromStr;

use super::{ConfigName, ConfigNameError, Key, KeyError, Prefix, PrefixOrRoot, Revision, RevisionError};

/// One side of a comparison or a copy: `CONFIG`, `/PREFIX` or `CONFIG:/PREFIX`, each with `@REVISION` or without. In the
/// place of the prefix, `@root` is the keys at the root.
///
/// ```
/// use discfg::model::Side;
/// let side: Side = "payments:/db@7".parse().unwrap();
/// assert_eq!(side.config.unwrap().as_str(), "payments");
/// assert_eq!(side.below.to_string(), "/db");
/// assert_eq!(side.revision.unwrap().get(), 7);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Side {
    /// The config, if the side names one.
    pub config: Option<ConfigName>,
    /// Below which prefix: everything, if none is named.
    pub below: PrefixOrRoot,
    /// The key of the same path; none if the path ends with `/`, and then only what lies below is meant.
    pub key: Option<Key>,
    /// As of which revision of the prefix's section: now, if none is named.
    pub revision: Option<Revision>,
}

/// Why a text is no side.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SideError {
    /// The part before `:/` is no config.
    #[error("expected CONFIG, /PATH or CONFIG:/PATH: a path begins with a slash")]
    Config(#[source] ConfigNameError),
    /// The part that begins with `/` is no prefix.
    #[error("{0}")]
    Prefix(#[source] KeyError),
    /// The part after `@` is no revision.
    #[error("{0}")]
    Revision(#[source] RevisionError),
}

impl Side {
    /// Below which prefix its keys lie: `/` for a whole config, and for the keys at the root.
    pub fn prefix(&self) -> &Prefix {
        self.below.prefix()
    }

    /// Whether all keys of a config are meant.
    pub fn is_whole_config(&self) -> bool {
        self.prefix().is_all() && !self.below.is_root_section()
    }
}

impl FromStr for Side {
    type Err = SideError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (place, revision) = match text.rsplit_once('@') {
            Some((config, "root")) if config.is_empty() || config.ends_with(':') => (text, None),
            Some((place, revision)) => (place, Some(revision.parse().map_err(SideError::Revision)?)),
            None => (text, None),
        };
        let (config, below) = match place.find(['/', '@']) {
            None => (Some(place), None),
            Some(0) => (None, Some(place)),
            Some(end) => (
                Some(place[..end].strip_suffix(':').unwrap_or(place)),
                Some(&place[end..]),
            ),
        };
        Ok(Self {
            config: config.map(str::parse).transpose().map_err(SideError::Config)?,
            below: below
                .map_or(Ok(Prefix::all().into()), str::parse)
                .map_err(SideError::Prefix)?,
            key: below.and_then(|path| path.parse().ok()),
            revision,
        })
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.config {
            Some(config) if self.is_whole_config() => write!(f, "{config}")?,
            Some(config) => write!(f, "{config}:")?,
            None if self.is_whole_config() => write!(f, "/")?,
            None => {}
        }
        match &self.key {
            Some(key) => write!(f, "{key}")?,
            None if self.is_whole_config() => {}
            None if self.below.is_root_section() => write!(f, "{}", self.below)?,
            None => write!(f, "{}", self.prefix().with_slash())?,
        }
        match self.revision {
            Some(revision) => write!(f, "@{revision}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sides_print_and_parse() {
        for text in [
            "payments",
            "/",
            "/db",
            "/db/",
            "payments:/db",
            "payments:/db/",
            "/db@7",
            "payments:/db/pool@12",
            "@root",
            "@root@7",
            "payments:@root",
            "payments:@root@7",
        ] {
            let side: Side = text.parse().expect(text);
            assert_eq!(side.to_string(), text);
        }
        let whole: Side = "payments:/".parse().expect("a whole config");
        assert_eq!(whole.to_string(), "payments");
    }

    #[test]
    fn what_is_no_side_is_refused() {
        let parse = |text: &str| text.parse::<Side>().expect_err(text);
        assert!(matches!(parse(""), SideError::Config(_)));
        assert!(matches!(parse("Pay"), SideError::Config(_)));
        assert!(matches!(parse("payments/db"), SideError::Config(_)));
        assert!(matches!(parse("payments:db"), SideError::Config(_)));
        assert!(matches!(parse("payments@root"), SideError::Revision(_)));
        assert!(matches!(parse("/db//x"), SideError::Prefix(_)));
        assert!(matches!(parse("/db@"), SideError::Revision(_)));
        assert!(matches!(parse("/db@x"), SideError::Revision(_)));
    }
}
