use crate::aws::{PlainAnswer, PlainHttpError, SigningError};
use crate::wire::Problem;

/// Why a call wasn't served.
pub(super) enum CallFailure {
    /// The API says so.
    Problem(Box<Problem>),
    /// Something else answers, or what is no answer.
    Strange(PlainAnswer),
    /// Nothing does.
    Silence(PlainHttpError),
    /// It wasn't sent, since it can't be signed.
    Unsigned(SigningError),
}

impl CallFailure {
    /// Whether another try may be served.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::Problem(problem) => problem.status == 503,
            Self::Strange(answer) => matches!(answer.status, 429 | 502..=504),
            Self::Silence(error) => matches!(error, PlainHttpError::NotSent(_) | PlainHttpError::Cut(_)),
            Self::Unsigned(_) => false,
        }
    }
}

/// What an API said, or what is to be said of it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct ApiStatement(pub(super) String);
