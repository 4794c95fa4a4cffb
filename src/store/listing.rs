use crate::model::{Entry, Key, Prefix, Section};

/// What to list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// The prefix to list.
    pub prefix: Prefix,
    /// Whether to list everything below the prefix, or one level with folders.
    pub recursive: bool,
    /// Begin after this name: a key, or a folder with its trailing slash.
    pub after: Option<String>,
    /// The maximum number of items.
    pub limit: Option<usize>,
    /// Sections to leave out.
    pub except: Vec<Section>,
}

impl Scope {
    /// All entries below the prefix.
    pub fn all(prefix: Prefix) -> Self {
        Self {
            prefix,
            recursive: true,
            after: None,
            limit: None,
            except: Vec::new(),
        }
    }

    /// One level below the prefix.
    pub fn level(prefix: Prefix) -> Self {
        Self {
            prefix,
            recursive: false,
            after: None,
            limit: None,
            except: Vec::new(),
        }
    }

    /// The folder that stands for `key` in this scope, with its trailing slash; none if the key itself is listed.
    pub fn folder_of<'k>(&self, key: &'k Key) -> Option<&'k str> {
        if self.recursive {
            return None;
        }
        let start = self.prefix.with_slash().len();
        let end = key.as_str().get(start..)?.find('/')?;
        key.as_str().get(..=start + end)
    }
}

/// One item of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Listed {
    /// An entry.
    Entry(Box<Entry>),
    /// A folder: its path with a trailing slash. It contains at least one entry that isn't expired.
    Folder(String),
}

impl Listed {
    /// The name that the listing is ordered by, and that [`Scope::after`] takes.
    pub fn name(&self) -> &str {
        match self {
            Self::Entry(entry) => entry.key.as_str(),
            Self::Folder(path) => path,
        }
    }
}
