use crate::model::{ErrorKind, Key, Prefix, Revision, Section};
use crate::store::{Limit, StoreError};

/// What went wrong in an operation on a store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpsError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A revision is asked for that hasn't been.
    #[error("revision {wanted} of {section} not found; the latest is {head}")]
    Future {
        /// The section.
        section: Section,
        /// What was asked for.
        wanted: Revision,
        /// Where the section stands.
        head: Revision,
    },
    /// A watch is to begin after a revision that hasn't been.
    #[error("cannot watch {section} after revision {after}; the latest is {head}")]
    Ahead {
        /// The section.
        section: Section,
        /// After which revision.
        after: Revision,
        /// Where the section stands.
        head: Revision,
    },
    /// A watch is to begin after a revision of a section that it doesn't watch.
    #[error("section {section} is not part of the watched prefix {prefix}")]
    Unwatched {
        /// The section.
        section: Section,
        /// What is watched.
        prefix: Prefix,
    },
    /// A revision or a section guard is asked for of keys in more than one section.
    #[error("{0} spans several sections, and each section has its own revisions")]
    Spans(Prefix),
    /// A key is given that doesn't lie below the prefix that everything must lie below.
    #[error("key {key} is not below {prefix}")]
    Outside {
        /// The key.
        key: Key,
        /// The prefix.
        prefix: Prefix,
    },
    /// The content isn't what it was to be. Nothing was written.
    #[error("expected digest {wanted}, found {found}")]
    Digest {
        /// What it was to be.
        wanted: String,
        /// What it is.
        found: String,
    },
    /// It doesn't go into one commit. Nothing was written.
    #[error("{0}")]
    Limit(Limit),
    /// The log can't be read as a whole: it keeps changing, or lines are missing.
    #[error("cannot read the log of {section} up to revision {head}: it keeps changing or has gaps")]
    Unsettled {
        /// The section.
        section: Section,
        /// Up to where.
        head: Revision,
    },
}

/// What an operation gives.
pub type OpsResult<T, E = OpsError> = std::result::Result<T, E>;

impl OpsError {
    /// What sort of failure this is.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Store(error) => error.kind(),
            Self::Future { .. } => ErrorKind::NotFound,
            Self::Spans(_) | Self::Unwatched { .. } => ErrorKind::Usage,
            Self::Ahead { .. } | Self::Outside { .. } | Self::Limit(_) => ErrorKind::Invalid,
            Self::Digest { .. } => ErrorKind::Conflict,
            Self::Unsettled { .. } => ErrorKind::Unavailable,
        }
    }
}
