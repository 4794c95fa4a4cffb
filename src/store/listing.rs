use crate::model::{Entry, Key, Prefix, Section};

/// What to list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// Below which prefix.
    pub prefix: Prefix,
    /// Whether all that lies below, or one level with folders.
    pub recursive: bool,
    /// Begin after this name: a key, or a folder with its trailing slash.
    pub after: Option<String>,
    /// The most items to give.
    pub limit: Option<usize>,
    /// Sections that are left out.
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

    /// The folder in which `key` shows in this scope, with its trailing slash; none where the key itself shows.
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
    /// A folder: its path with a trailing slash. At least one entry that isn't expired lies below it.
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
