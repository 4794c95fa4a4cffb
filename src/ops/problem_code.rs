//! The API's problem code of each error, as its problems bear it over HTTP and failures in JSON on the command line.

use super::OpsError;
use crate::model::ErrorKind;
use crate::store::StoreError;
use crate::wire::ProblemCode;

/// Returns the code of an error of that kind of which nothing more is known; none where the API has no code for it.
pub fn problem_code_of_kind(kind: ErrorKind) -> Option<ProblemCode> {
    match kind {
        ErrorKind::Compacted => Some(ProblemCode::Compacted),
        ErrorKind::Denied => Some(ProblemCode::Denied),
        ErrorKind::Throttled => Some(ProblemCode::Throttled),
        ErrorKind::Unavailable => Some(ProblemCode::Unavailable),
        ErrorKind::OutcomeUnknown => Some(ProblemCode::OutcomeUnknown),
        ErrorKind::StorageFull => Some(ProblemCode::StorageFull),
        ErrorKind::Internal => Some(ProblemCode::Internal),
        ErrorKind::No
        | ErrorKind::Usage
        | ErrorKind::NotFound
        | ErrorKind::Conflict
        | ErrorKind::Stack
        | ErrorKind::Invalid
        | ErrorKind::Timeout
        | ErrorKind::Interrupted => None,
    }
}

/// Returns the code of a store's error.
pub fn problem_code_of_store(error: &StoreError) -> Option<ProblemCode> {
    Some(match error {
        StoreError::NotFound(_) => ProblemCode::NoKey,
        StoreError::NoTtl(_) => ProblemCode::NoTtl,
        StoreError::Conflict(_) => ProblemCode::GuardFailed,
        StoreError::Compacted { .. } => ProblemCode::Compacted,
        StoreError::Purged(_) => ProblemCode::Purged,
        StoreError::PurgeTooSoon { .. } => ProblemCode::PurgeTooSoon,
        StoreError::Limit(_) => ProblemCode::Limit,
        StoreError::Twice(_) => ProblemCode::Twice,
        StoreError::IdReused(_) => ProblemCode::IdReused,
        StoreError::Unsealed(_) => ProblemCode::Unsealed,
        StoreError::GuardOnSecret(_) => ProblemCode::GuardOnSecret,
        StoreError::SecretTooLarge { .. } => ProblemCode::SecretTooLarge,
        StoreError::NoSecretsKey { .. } => ProblemCode::NoSecretsKey,
        StoreError::NoConfig { .. } => ProblemCode::NoConfig,
        StoreError::Layout { .. } => ProblemCode::Layout,
        StoreError::Corrupt { section: Some(_), .. } => ProblemCode::Corrupt,
        StoreError::Busy(_) => ProblemCode::Contended,
        StoreError::ReadOnly => ProblemCode::ReadOnly,
        other => return problem_code_of_kind(other.kind()),
    })
}

impl OpsError {
    /// Returns the code of the error.
    pub fn problem_code(&self) -> Option<ProblemCode> {
        match self {
            Self::Store(error) => problem_code_of_store(error),
            Self::Future { .. } => Some(ProblemCode::NoRevision),
            Self::Limit(_) => Some(ProblemCode::Limit),
            other => problem_code_of_kind(other.kind()),
        }
    }
}
