use std::path::PathBuf;

use super::{Cause, Limit};
use crate::model::{
    CommitId, Entry, ErrorKind, GrantName, Grouped, Guard, Key, PurgedValue, Revision, Section, Uncovered,
};

/// An error of an engine.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The config was not found: no table, no file.
    #[error("config {config:?} not found{place}", place = .place.as_ref().map(|p| format!(" ({p})")).unwrap_or_default())]
    NoConfig {
        /// Its name.
        config: String,
        /// Where discfg looked for it.
        place: Option<String>,
    },
    /// The key has no entry.
    #[error("key {0} not found")]
    NotFound(Key),
    /// The key has no time to live to renew.
    #[error("key {0} has no time to live to renew")]
    NoTtl(Key),
    /// A guard didn't hold. Nothing was written.
    #[error("{0}")]
    Conflict(Box<Conflict>),
    /// The revision was compacted.
    #[error("revision {wanted} of {section} was compacted; the oldest available is {oldest}")]
    Compacted {
        /// The section.
        section: Section,
        /// The requested revision.
        wanted: Revision,
        /// The oldest available revision.
        oldest: Revision,
    },
    /// The value was purged. Whether the key is there is another question.
    #[error(transparent)]
    Purged(#[from] PurgedValue),
    /// The key changed too short a while ago for its old values to be purged. Nothing was purged.
    #[error("key {key} changed too recently for its old values to be purged")]
    PurgeTooSoon {
        /// The key.
        key: Key,
        /// In how many seconds they can be purged, if it doesn't change again.
        wait: u64,
    },
    /// A limit is exceeded. Nothing was written.
    #[error("{0}")]
    Limit(Limit),
    /// A commit changes a key twice. Nothing was written.
    #[error("key {0} is changed twice in one commit")]
    Twice(Key),
    /// The commit's ID was already used for a commit with other changes. Nothing was written.
    #[error("commit ID {0} was already used for a commit with different changes")]
    IdReused(CommitId),
    /// These keys are or become secrets, and their new values are not encrypted. Nothing was written.
    /// [`StoreExt::write`](super::StoreExt::write) encrypts them.
    #[error("the new value of {} must be encrypted: the key is a secret", .0.first().map(ToString::to_string).unwrap_or_default())]
    Unsealed(Vec<Key>),
    /// A guard compares the value of a secret, which the store can't read. Nothing was written.
    #[error("key {0} is a secret: a guard can't compare its value")]
    GuardOnSecret(Key),
    /// A secret is too large to be encrypted within the limit of a value.
    #[error(
        "secret {key} too large: {} bytes; the limit for a secret is {}",
        Grouped(*.size),
        Grouped(*.max)
    )]
    SecretTooLarge {
        /// Its key.
        key: Key,
        /// Its size in bytes.
        size: usize,
        /// The largest allowed size, in bytes.
        max: usize,
    },
    /// The config has no encryption key for secrets.
    #[error("config {config:?} has no encryption key for secrets ({detail})")]
    NoSecretsKey {
        /// Its name.
        config: String,
        /// The alias that was not found, or the API that says so.
        detail: String,
    },
    /// The key file of an embedded config is missing, although there are secrets.
    #[error("key file {path} not found: the config's secrets are encrypted with it", path = .0.display())]
    NoKeyFile(PathBuf),
    /// The identity is not allowed to do this.
    #[error("access denied: {action}{subject}", subject = .subject.as_ref().map(|s| format!(" on {s}")).unwrap_or_default())]
    Denied {
        /// What was tried, such as `dynamodb:GetItem`.
        action: String,
        /// On which key or section.
        subject: Option<String>,
        /// The service's message.
        #[source]
        source: Option<Cause>,
    },
    /// The grant of this role doesn't cover the request.
    #[error("{uncovered}")]
    Uncovered {
        /// What was tried, such as `dynamodb:Query`.
        action: String,
        /// The grant.
        grant: GrantName,
        /// What it covers, and what it doesn't.
        uncovered: Box<Uncovered>,
        /// The service's message.
        #[source]
        source: Option<Cause>,
    },
    /// A commit changes several sections of which one is new, and the writer is not allowed to register it. Nothing was
    /// written.
    #[error("section {0} is not registered: this identity can't change it together with other sections")]
    Unregistered(Section),
    /// A section uses a feature that this version doesn't support.
    #[error("section {section} requires a newer version of discfg (feature {word:?})")]
    NeedsNewer {
        /// The section.
        section: Section,
        /// The required feature.
        word: String,
    },
    /// The sections of a grant are not recorded, so "everything" can't be resolved for it.
    #[error("cannot determine which sections grant {0} covers: the table has no record of it")]
    Unlisted(GrantName),
    /// The store was opened read-only.
    #[error("the config was opened read-only")]
    ReadOnly,
    /// The credentials are missing, expired or rejected.
    #[error("{problem}")]
    Credentials {
        /// What is wrong with them.
        problem: String,
        /// The cause.
        #[source]
        source: Option<Cause>,
    },
    /// The service throttled requests until the retries ended.
    #[error("{service} is throttling requests")]
    Throttled {
        /// Which service.
        service: String,
        /// The service's message.
        #[source]
        source: Option<Cause>,
    },
    /// Concurrent commits kept conflicting. Nothing was written; retrying may help.
    #[error("{0}")]
    Busy(String),
    /// The service could not be reached, or failed.
    #[error("{problem}")]
    Unavailable {
        /// What was tried and where.
        problem: String,
        /// The cause.
        #[source]
        source: Option<Cause>,
    },
    /// A commit was sent without a response: it may have been applied.
    #[error("outcome unknown: no response to commit {commit}")]
    OutcomeUnknown {
        /// The commit's ID.
        commit: CommitId,
        /// Why there was no response.
        #[source]
        source: Option<Cause>,
    },
    /// The data has the layout of a newer version of discfg.
    #[error("unsupported data layout {found}: this version of discfg supports layouts up to {known}")]
    Layout {
        /// The layout found.
        found: u32,
        /// The newest layout that this version supports.
        known: u32,
    },
    /// The stored data is corrupt.
    #[error("{what}")]
    Corrupt {
        /// The affected section, if it is limited to one: reads without that section succeed.
        section: Option<Section>,
        /// What is wrong, and where.
        what: String,
        /// The cause.
        #[source]
        source: Option<Cause>,
    },
    /// The API of the config can't serve the request, for a reason of the API.
    #[error("{api}: {problem}")]
    Api {
        /// Which API.
        api: String,
        /// Its message, or what is wrong with its response.
        problem: String,
        /// What sort of failure it is.
        kind: ErrorKind,
    },
    /// A file of the embedded engine can't be accessed.
    #[error("cannot access {path}", path = .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: Cause,
    },
    /// There is no space to write a file of the embedded engine: on the disk, or within a quota or a limit. Nothing was
    /// written.
    #[error("no space left to write {path}", path = .path.display())]
    Full {
        /// Which.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: Cause,
    },
    /// Anything else.
    #[error("{what} failed")]
    Other {
        /// What failed.
        what: String,
        /// The cause.
        #[source]
        source: Option<Cause>,
    },
}

/// The result of an operation on a store.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

impl StoreError {
    /// Returns the guard that didn't hold and the current state, if this is why the operation failed.
    pub fn conflict(&self) -> Option<&Conflict> {
        match self {
            Self::Conflict(conflict) => Some(conflict),
            _ => None,
        }
    }

    /// Whether a guard didn't hold.
    pub fn is_conflict(&self) -> bool {
        self.conflict().is_some()
    }

    /// The sort of failure.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::NoConfig { .. }
            | Self::NotFound(_)
            | Self::Purged(_)
            | Self::Unlisted(_)
            | Self::NoSecretsKey { .. } => ErrorKind::NotFound,
            Self::NoTtl(_) | Self::GuardOnSecret(_) | Self::IdReused(_) => ErrorKind::Usage,
            Self::Conflict(_) | Self::PurgeTooSoon { .. } => ErrorKind::Conflict,
            Self::Compacted { .. } => ErrorKind::Compacted,
            Self::Limit(_)
            | Self::Unregistered(_)
            | Self::Twice(_)
            | Self::Unsealed(_)
            | Self::SecretTooLarge { .. }
            | Self::NoKeyFile(_)
            | Self::File { .. } => ErrorKind::Invalid,
            Self::Full { .. } => ErrorKind::StorageFull,
            Self::Denied { .. } | Self::Uncovered { .. } | Self::ReadOnly | Self::Credentials { .. } => {
                ErrorKind::Denied
            }
            Self::Throttled { .. } => ErrorKind::Throttled,
            Self::Busy(_) | Self::Unavailable { .. } => ErrorKind::Unavailable,
            Self::OutcomeUnknown { .. } => ErrorKind::OutcomeUnknown,
            Self::Api { kind, .. } => *kind,
            Self::Layout { .. } | Self::NeedsNewer { .. } | Self::Corrupt { .. } | Self::Other { .. } => {
                ErrorKind::Internal
            }
        }
    }
}

/// A guard that didn't hold, and the current state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// The guard.
    pub guard: Guard,
    /// The current entry of the guard's key, if there is one.
    pub current: Option<Entry>,
    /// The current revision of the guard's section.
    pub revision: Revision,
}

impl std::fmt::Display for Conflict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (&self.guard, &self.current) {
            (Guard::Section(section, expected), _) => {
                let found = self.revision;
                write!(
                    f,
                    "section {section}: expected revision {expected}, found {found}"
                )
            }
            (Guard::Absent(key), None) => write!(f, "key {key} already exists"),
            (Guard::Absent(key), Some(now)) => write!(f, "key {key} already exists ({})", EntrySummary(now)),
            (Guard::Present(key), _) => write!(f, "key {key} not found; the guard requires it"),
            (Guard::Revision(key, expected), None) => {
                write!(f, "key {key}: expected revision {expected}, key not found")
            }
            (Guard::Revision(key, expected), Some(now)) => write!(
                f,
                "key {key}: expected revision {expected}, found {} ({})",
                now.revision,
                EntrySummary(now)
            ),
            (Guard::Value(key, _), None) => write!(f, "key {key}: expected the given value, key not found"),
            (Guard::Value(key, _), Some(now)) => {
                write!(
                    f,
                    "key {key}: expected the given value, found another ({})",
                    EntrySummary(now)
                )
            }
        }
    }
}

/// Displays the current entry without its value.
struct EntrySummary<'e>(&'e Entry);

impl std::fmt::Display for EntrySummary<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Entry {
            version,
            revision,
            modified,
            by,
            ..
        } = self.0;
        write!(
            f,
            "version {version}, revision {revision}, written {modified} by {by}"
        )
    }
}
