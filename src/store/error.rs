use std::path::PathBuf;

use super::{Cause, Limit};
use crate::model::{
    CommitId, Entry, ErrorKind, GrantName, Grouped, Guard, Key, Revision, Section, Uncovered, Value,
};

/// What went wrong in an engine.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The config isn't there: no table, no file.
    #[error("config {config:?} not found{place}", place = .place.as_ref().map(|p| format!(" ({p})")).unwrap_or_default())]
    NoConfig {
        /// Its name.
        config: String,
        /// Where it was looked for.
        place: Option<String>,
    },
    /// The key has no entry, and the operation needs one.
    #[error("key {0} not found")]
    NotFound(Key),
    /// The key has no time to live that could be renewed.
    #[error("key {0} has no time to live to renew")]
    NoTtl(Key),
    /// A guard didn't hold. Nothing was written.
    #[error("{0}")]
    Conflict(Box<Conflict>),
    /// The log no longer goes back that far.
    #[error("revision {wanted} of {section} was compacted; the oldest available is {oldest}")]
    Compacted {
        /// The section.
        section: Section,
        /// What was asked for.
        wanted: Revision,
        /// The oldest revision whose state can still be told.
        oldest: Revision,
    },
    /// A limit is passed. Nothing was written.
    #[error("{0}")]
    Limit(Limit),
    /// One key twice in one commit. Nothing was written.
    #[error("key {0} is changed twice in one commit")]
    Twice(Key),
    /// The commit's id is that of a commit which made other changes. Nothing was written.
    #[error("commit ID {0} was already used for a commit with different changes")]
    IdReused(CommitId),
    /// These keys are secrets, or are to be, and their new values are not sealed. Nothing was written.
    /// [`StoreExt::write`](super::StoreExt::write) seals them.
    #[error("the new value of {} must be encrypted: the key is a secret", .0.first().map(ToString::to_string).unwrap_or_default())]
    Unsealed(Vec<Key>),
    /// A guard asks for the value of a secret, which only its reader can tell. Nothing was written.
    #[error("key {0} is a secret: a guard can't compare its value")]
    GuardOnSecret(Key),
    /// A secret is too large to be encrypted within the limit of a value.
    #[error(
        "secret {key} too large: {} bytes of at most {} ({} when encrypted)",
        Grouped(*.size),
        Grouped(*.max),
        Grouped(Value::MAX_BYTES)
    )]
    SecretTooLarge {
        /// Its key.
        key: Key,
        /// Its size in bytes.
        size: usize,
        /// The largest that is allowed, in bytes.
        max: usize,
    },
    /// The config has no key that secrets could be encrypted with.
    #[error("config {config:?} has no encryption key for secrets ({missing} not found)")]
    NoSecretsKey {
        /// Its name.
        config: String,
        /// What was looked for.
        missing: String,
    },
    /// The key file of an embedded config isn't there, though there are secrets.
    #[error("key file {path} not found: the config's secrets are encrypted with it", path = .0.display())]
    NoKeyFile(PathBuf),
    /// The identity may not do this.
    #[error("access denied: {action}{subject}", subject = .subject.as_ref().map(|s| format!(" on {s}")).unwrap_or_default())]
    Denied {
        /// What was tried, such as `dynamodb:GetItem`.
        action: String,
        /// On which key or section.
        subject: Option<String>,
        /// The service's own words.
        #[source]
        source: Option<Cause>,
    },
    /// The grant whose role this is doesn't cover that.
    #[error("{uncovered}")]
    Uncovered {
        /// What was tried, such as `dynamodb:Query`.
        action: String,
        /// The grant.
        grant: GrantName,
        /// What it covers, and what was asked for besides.
        uncovered: Box<Uncovered>,
        /// The service's own words.
        #[source]
        source: Option<Cause>,
    },
    /// A commit changes several sections of which one is new, and the writer may not put it into the section list. Nothing
    /// was written.
    #[error("section {0} is not registered: this identity can't change it together with other sections")]
    Unregistered(Section),
    /// A section has something that this version doesn't know.
    #[error("section {section} requires a newer version of discfg (feature {word:?})")]
    NeedsNewer {
        /// The section.
        section: Section,
        /// What it requires.
        word: String,
    },
    /// What a grant covers is written nowhere, so that "everything" means nothing under it.
    #[error("cannot determine which sections grant {0} covers: the table has no record of it")]
    Unlisted(GrantName),
    /// The store was opened for reading only.
    #[error("the config was opened read-only")]
    ReadOnly,
    /// The credentials are missing, expired or not known to the service.
    #[error("{problem}")]
    Credentials {
        /// What is wrong with them.
        problem: String,
        /// The cause.
        #[source]
        source: Option<Cause>,
    },
    /// The service asked for patience until patience ended.
    #[error("{service} is throttling requests")]
    Throttled {
        /// Which service.
        service: String,
        /// The service's own words.
        #[source]
        source: Option<Cause>,
    },
    /// Others kept writing to the same place. Nothing was written; another try may help.
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
    /// A commit was sent and never answered: it may have happened.
    #[error("outcome unknown: no response to commit {commit}")]
    OutcomeUnknown {
        /// What to look for.
        commit: CommitId,
        /// Why there was no answer.
        #[source]
        source: Option<Cause>,
    },
    /// The data was written by a newer discfg.
    #[error("unsupported data layout {found}: this version of discfg supports layouts up to {known}")]
    Layout {
        /// What was found.
        found: u32,
        /// What this version knows.
        known: u32,
    },
    /// What is stored is not what discfg stores.
    #[error("{what}")]
    Corrupt {
        /// The section that it is in, where it is in one: reading without that section goes on.
        section: Option<Section>,
        /// What is wrong where.
        what: String,
        /// The cause.
        #[source]
        source: Option<Cause>,
    },
    /// The API through which the config is reached can't serve this, for a reason that is its own.
    #[error("{api}: {problem}")]
    Api {
        /// Which API.
        api: String,
        /// What it says, or what is wrong with what it answers.
        problem: String,
        /// What sort of failure it is.
        kind: ErrorKind,
    },
    /// A file of the embedded engine can't be used.
    #[error("cannot access {path}", path = .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
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

/// What an operation on a store gives.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

impl StoreError {
    /// The guard that didn't hold, and what is there instead, if this is why the operation failed.
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

    /// What sort of failure this is.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::NoConfig { .. } | Self::NotFound(_) | Self::Unlisted(_) | Self::NoSecretsKey { .. } => {
                ErrorKind::NotFound
            }
            Self::NoTtl(_) | Self::GuardOnSecret(_) | Self::IdReused(_) => ErrorKind::Usage,
            Self::Conflict(_) => ErrorKind::Conflict,
            Self::Compacted { .. } => ErrorKind::Compacted,
            Self::Limit(_)
            | Self::Unregistered(_)
            | Self::Twice(_)
            | Self::Unsealed(_)
            | Self::SecretTooLarge { .. }
            | Self::NoKeyFile(_)
            | Self::File { .. } => ErrorKind::Invalid,
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

/// A guard that didn't hold, and what is there now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// The guard.
    pub guard: Guard,
    /// The entry of the guard's key as it is now, if there is one.
    pub current: Option<Entry>,
    /// Where the guard's section stands now.
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
            (Guard::Present(key), _) => write!(f, "key {key} not found"),
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

/// What a conflict says of the entry that is there, without its value.
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
