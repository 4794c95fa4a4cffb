use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The path of an entry: `/db/url`.
///
/// - It begins with `/`; a missing one is added on parsing.
/// - Its segments are of `[A-Za-z0-9._:-]+`, none of them `.` or `..`, none empty.
/// - It has at most 512 bytes and 16 segments.
///
/// ```
/// use discfg::model::Key;
/// let key: Key = "db/url".parse().unwrap();
/// assert_eq!(key.as_str(), "/db/url");
/// assert_eq!(key.section().as_str(), "/db");
/// assert!("/db//url".parse::<Key>().is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Key(String);

/// Why a text is no key (or no prefix).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// Nothing at all, or only a slash.
    #[error("invalid key: it is empty")]
    Empty,
    /// Longer than 512 bytes.
    #[error("key too long: {length} bytes; the limit is {max}", max = Key::MAX_BYTES)]
    TooLong {
        /// Its length in bytes, with the leading slash.
        length: usize,
    },
    /// More than 16 segments.
    #[error("key {key:?} too deep: {segments} segments; the limit is {max}", max = Key::MAX_SEGMENTS)]
    TooDeep {
        /// What was given.
        key: String,
        /// Its number of segments.
        segments: usize,
    },
    /// Two slashes in a row.
    #[error("invalid key {0:?}: empty segment (`//`)")]
    EmptySegment(String),
    /// A slash at the end.
    #[error("invalid key {0:?}: must not end with `/`")]
    TrailingSlash(String),
    /// A segment `.` or `..`.
    #[error("invalid key {key:?}: the segment {segment:?} is not allowed")]
    DotSegment {
        /// What was given.
        key: String,
        /// The segment.
        segment: String,
    },
    /// A character that isn't allowed.
    #[error("invalid key {key:?}: {character:?} is not allowed; use A-Z, a-z, 0-9, `.`, `_`, `:` and `-`")]
    Character {
        /// What was given.
        key: String,
        /// The first character that isn't allowed.
        character: char,
    },
}

impl Key {
    /// The longest key, in bytes.
    pub const MAX_BYTES: usize = 512;
    /// The deepest key, in segments.
    pub const MAX_SEGMENTS: usize = 16;

    /// The key as text, with its leading slash.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The section that the key lies in: its first segment if it has two or more, else the root section.
    pub fn section(&self) -> Section {
        match self.0[1..].find('/') {
            Some(end) => Section(self.0[..=end].to_owned()),
            None => Section::root(),
        }
    }
}

impl FromStr for Key {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let path = text.strip_prefix('/').unwrap_or(text);
        if path.is_empty() {
            return Err(KeyError::Empty);
        }
        let length = path.len() + 1;
        if length > Self::MAX_BYTES {
            return Err(KeyError::TooLong { length });
        }
        let allowed = |c: char| c.is_ascii_alphanumeric() || "._:-/".contains(c);
        if let Some(character) = path.chars().find(|c| !allowed(*c)) {
            return Err(KeyError::Character {
                key: text.into(),
                character,
            });
        }
        if path.starts_with('/') || path.contains("//") {
            return Err(KeyError::EmptySegment(text.into()));
        }
        if path.ends_with('/') {
            return Err(KeyError::TrailingSlash(text.into()));
        }
        if let Some(segment) = path.split('/').find(|segment| matches!(*segment, "." | "..")) {
            return Err(KeyError::DotSegment {
                key: text.into(),
                segment: segment.into(),
            });
        }
        let segments = path.split('/').count();
        if segments > Self::MAX_SEGMENTS {
            return Err(KeyError::TooDeep {
                key: text.into(),
                segments,
            });
        }
        Ok(Self(format!("/{path}")))
    }
}

impl TryFrom<String> for Key {
    type Error = KeyError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Key> for String {
    fn from(key: Key) -> Self {
        key.0
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// The unit of order, of watching, of access and of load: the first segment of the keys in it (`/db`), or the
/// root section (`@root`) of the keys with one segment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Section(String);

/// Why a text is no section.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid section {0:?}: expected one segment, such as db or /db, or @root")]
pub struct SectionError(String);

impl Section {
    const ROOT: &'static str = "@root";

    /// The section of the keys with one segment.
    pub fn root() -> Self {
        Self(Self::ROOT.into())
    }

    /// Whether this is the root section.
    pub fn is_root(&self) -> bool {
        self.0 == Self::ROOT
    }

    /// The section as text: `/db` or `@root`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The section as a segment of a path of the HTTP API: `db` or `@root`.
    pub fn segment(&self) -> &str {
        self.0.trim_start_matches('/')
    }
}

impl FromStr for Section {
    type Err = SectionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == Self::ROOT {
            return Ok(Self::root());
        }
        match text.parse::<Key>() {
            Ok(key) if key.section().is_root() => Ok(Self(key.0)),
            _ => Err(SectionError(text.into())),
        }
    }
}

impl TryFrom<String> for Section {
    type Error = SectionError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Section> for String {
    fn from(section: Section) -> Self {
        section.0
    }
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// A set of keys: those strictly below a path. `/db` holds what begins with `/db/`, never the key `/db`, never
/// `/dbx`; `/` holds everything.
///
/// ```
/// use discfg::model::{Key, Prefix};
/// let prefix: Prefix = "/db".parse().unwrap();
/// assert!(prefix.holds(&"/db/url".parse().unwrap()));
/// assert!(!prefix.holds(&"/db".parse().unwrap()));
/// assert!(!prefix.holds(&"/dbx/url".parse().unwrap()));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Prefix(
    // With its trailing slash, so that `starts_with` can't be fooled by siblings.
    String,
);

impl Prefix {
    /// Everything.
    pub fn all() -> Self {
        Self("/".into())
    }

    /// Whether this is `/`.
    pub fn is_all(&self) -> bool {
        self.0 == "/"
    }

    /// The text that every key below begins with: it ends with a slash.
    pub fn with_slash(&self) -> &str {
        &self.0
    }

    /// Whether `key` lies strictly below.
    pub fn holds(&self, key: &Key) -> bool {
        key.as_str().starts_with(&self.0)
    }

    /// Whether everything below `other` lies below this one.
    pub fn covers(&self, other: &Self) -> bool {
        other.0.starts_with(&self.0)
    }

    /// The one section that all its keys lie in, or none for `/`.
    pub fn section(&self) -> Option<Section> {
        let end = self.0[1..].find('/')?;
        Some(Section(self.0[..=end].to_owned()))
    }

    /// `key` without this prefix: `url` for `/db/url` below `/db`. None where `key` doesn't lie below.
    pub fn relative<'k>(&self, key: &'k Key) -> Option<&'k str> {
        key.as_str().strip_prefix(&self.0)
    }
}

impl From<&Section> for Prefix {
    fn from(section: &Section) -> Self {
        if section.is_root() {
            Self::all()
        } else {
            Self(format!("{section}/"))
        }
    }
}

impl FromStr for Prefix {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "" => Err(KeyError::Empty),
            "/" => Ok(Self::all()),
            // One slash at the end is how `ls` shows a folder, and how people name one.
            _ => Ok(Self(format!(
                "{}/",
                text.strip_suffix('/').unwrap_or(text).parse::<Key>()?
            ))),
        }
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(if self.is_all() {
            "/"
        } else {
            self.0.trim_end_matches('/')
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn each_rule_has_its_own_error() {
        let error = |key: &str| key.parse::<Key>().expect_err(key);
        assert_eq!(error(""), KeyError::Empty);
        assert_eq!(error("/"), KeyError::Empty);
        assert_eq!(error("//a"), KeyError::EmptySegment("//a".into()));
        assert_eq!(error("a//b"), KeyError::EmptySegment("a//b".into()));
        assert_eq!(error("/a/"), KeyError::TrailingSlash("/a/".into()));
        assert_eq!(
            error("/a/../b"),
            KeyError::DotSegment {
                key: "/a/../b".into(),
                segment: "..".into()
            }
        );
        assert_eq!(
            error("a b"),
            KeyError::Character {
                key: "a b".into(),
                character: ' '
            }
        );
        assert_eq!(
            error("@head"),
            KeyError::Character {
                key: "@head".into(),
                character: '@'
            }
        );
        assert_eq!(error(&"a".repeat(512)), KeyError::TooLong { length: 513 });
        assert!("a".repeat(511).parse::<Key>().is_ok());
        assert!(["a"; 16].join("/").parse::<Key>().is_ok());
        assert!(matches!(
            error(&["a"; 17].join("/")),
            KeyError::TooDeep { segments: 17, .. }
        ));
    }

    #[test]
    fn sections() {
        let section = |key: &str| key.parse::<Key>().expect(key).section();
        assert_eq!(section("/db/url").as_str(), "/db");
        assert_eq!(section("/db/a/b").as_str(), "/db");
        assert!(section("/db").is_root());
        assert_eq!("db".parse::<Section>(), "/db".parse());
        for bad in ["", "/", "/a/b", "@meta", "@config", "@root2"] {
            assert!(bad.parse::<Section>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn prefixes() {
        let prefix = |text: &str| text.parse::<Prefix>().expect(text);
        assert_eq!(prefix("/db").section(), Some("/db".parse().expect("a section")));
        assert_eq!(prefix("/db/x").section(), Some("/db".parse().expect("a section")));
        assert_eq!(prefix("/").section(), None);
        assert_eq!(prefix("db/"), prefix("/db"));
        assert!(prefix("/").covers(&prefix("/db")));
        assert!(!prefix("/db").covers(&prefix("/dbx")));
        assert_eq!(
            prefix("/db").relative(&"/db/a/b".parse().expect("a key")),
            Some("a/b")
        );
        assert!("/db//".parse::<Prefix>().is_err());
    }

    proptest! {
        #[test]
        fn what_parses_prints_as_it_was(path in "(/[A-Za-z0-9_:-]{1,8}){1,16}") {
            let key: Key = path.parse().expect("the pattern makes valid keys");
            prop_assert_eq!(key.as_str(), path.as_str());
            let bare: Key = path[1..].parse().expect("without its slash too");
            prop_assert_eq!(&bare, &key);
            let section = key.section();
            prop_assert_eq!(section.to_string().parse::<Section>(), Ok(section.clone()));
            prop_assert!(Prefix::from(&section).holds(&key));
        }

        #[test]
        fn nothing_panics_and_no_reserved_name_is_a_key(text in ".*") {
            if let Ok(key) = text.parse::<Key>() {
                prop_assert!(!key.as_str().contains('@'));
            }
            drop(text.parse::<Prefix>());
            drop(text.parse::<Section>());
        }
    }
}
