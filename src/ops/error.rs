use crate::model::{ErrorKind, Key, Prefix, Revision, Section, SectionPart};
use crate::store::{Limit, StoreError};

/// An error of an operation on a store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpsError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The requested revision doesn't exist yet.
    #[error("revision {wanted} of {section} not found; the latest is {head}")]
    Future {
        /// The section.
        section: Section,
        /// The requested revision.
        wanted: Revision,
        /// The current revision.
        head: Revision,
    },
    /// A watch should start after a revision that doesn't exist yet.
    #[error("cannot watch {section} after revision {after}; the latest is {head}")]
    Ahead {
        /// The section.
        section: Section,
        /// After which revision.
        after: Revision,
        /// The current revision.
        head: Revision,
    },
    /// A watch should start after a revision of a section that it doesn't watch.
    #[error("section {section} is not part of the watched prefix {prefix}")]
    Unwatched {
        /// The section.
        section: Section,
        /// What is watched.
        prefix: Prefix,
    },
    /// A revision or a section guard was requested for keys in several sections.
    #[error("{0} spans several sections, and each section has its own revisions")]
    Spans(Prefix),
    /// A key is outside the part of a section that must contain all keys.
    #[error("key {key} is not in {}", .part.name())]
    Outside {
        /// The key.
        key: Key,
        /// The part.
        part: SectionPart,
    },
    /// The content doesn't have the expected digest. Nothing was written.
    #[error("expected digest {wanted}, found {found}")]
    Digest {
        /// The expected digest.
        wanted: String,
        /// The digest found.
        found: String,
    },
    /// The changes are too large for one commit. Nothing was written.
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

/// The result of an operation.
pub type OpsResult<T, E = OpsError> = std::result::Result<T, E>;

impl OpsError {
    /// The sort of failure.
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
