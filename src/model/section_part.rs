use std::fmt;
use std::str::FromStr;

use super::{Key, KeyError, Prefix, Section};

/// What lies in one section, or below a prefix within it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SectionPart {
    section: Section,
    prefix: Prefix,
}

impl SectionPart {
    /// The keys of `section` below `prefix`, which lies within it; it is `/` for the root section, whose keys have no prefix.
    pub fn new(section: Section, prefix: Prefix) -> Self {
        Self { section, prefix }
    }

    /// The section.
    pub fn section(&self) -> &Section {
        &self.section
    }

    /// The prefix; `/` for the root section, whose keys have none.
    pub fn prefix(&self) -> &Prefix {
        &self.prefix
    }

    /// Whether `key` is in this part.
    pub fn holds(&self, key: &Key) -> bool {
        self.prefix.holds(key) && key.section() == self.section
    }

    /// The section, or the prefix within it, as a text that no other has: `@root` or `/db/`.
    pub fn name(&self) -> &str {
        if self.section.is_root() {
            self.section.as_str()
        } else {
            self.prefix.with_slash()
        }
    }
}

impl From<Section> for SectionPart {
    fn from(section: Section) -> Self {
        Self {
            prefix: Prefix::from(&section),
            section,
        }
    }
}

/// A prefix, or `@root` for the keys at the root.
///
/// ```
/// use discfg::model::PrefixOrRoot;
/// let root: PrefixOrRoot = "@root".parse().unwrap();
/// assert!(root.is_root_section() && root.prefix().is_all());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrefixOrRoot {
    prefix: Prefix,
    is_root_section: bool,
}

impl PrefixOrRoot {
    /// The prefix; `/` for `@root`.
    pub fn prefix(&self) -> &Prefix {
        &self.prefix
    }

    /// Whether this is `@root`: not all keys below `/`, but only those of one segment.
    pub fn is_root_section(&self) -> bool {
        self.is_root_section
    }

    /// The one section that all its keys lie in, or none for `/`.
    pub fn section(&self) -> Option<Section> {
        if self.is_root_section {
            Some(Section::root())
        } else {
            self.prefix.section()
        }
    }
}

impl From<Prefix> for PrefixOrRoot {
    fn from(prefix: Prefix) -> Self {
        Self {
            prefix,
            is_root_section: false,
        }
    }
}

impl FromStr for PrefixOrRoot {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_root_section = text == Section::root().as_str();
        Ok(Self {
            prefix: if is_root_section {
                Prefix::all()
            } else {
                text.parse()?
            },
            is_root_section,
        })
    }
}

impl fmt::Display for PrefixOrRoot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_root_section {
            f.pad(Section::root().as_str())
        } else {
            self.prefix.fmt(f)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_holds_the_keys_of_its_section_only() {
        let root = SectionPart::from(Section::root());
        let db = SectionPart::from("db".parse::<Section>().expect("a section"));
        let key = |key: &str| key.parse::<Key>().expect("a key");
        assert!(root.holds(&key("/mode")) && !root.holds(&key("/db/url")));
        assert!(db.holds(&key("/db/url")) && !db.holds(&key("/db")) && !db.holds(&key("/dbx/url")));
        assert_eq!((root.name(), db.name()), ("@root", "/db/"));
    }

    #[test]
    fn prefixes_and_the_root_section_print_and_parse() {
        for text in ["@root", "/", "/db", "/db/pool"] {
            assert_eq!(text.parse::<PrefixOrRoot>().expect(text).to_string(), text);
        }
        assert!("@roots".parse::<PrefixOrRoot>().is_err());
    }
}
