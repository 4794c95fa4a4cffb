use serde::Serialize;

use crate::wire::ProblemCode;

/// A failure of a command under `-f json`: the last line of stderr.
#[derive(Debug, Serialize)]
pub(crate) struct ErrorResult {
    pub(crate) error: ErrorShape,
}

/// What failed, for programs.
#[derive(Debug, Serialize)]
pub(crate) struct ErrorShape {
    /// What sort of failure it is, such as `not-found`: the kind of the API's problems.
    pub(crate) kind: &'static str,
    /// The process's exit code.
    pub(crate) exit: u8,
    /// The API's problem code, where it has one for this.
    pub(crate) code: Option<ProblemCode>,
    /// What failed.
    pub(crate) message: String,
    /// Why, where it is known.
    pub(crate) cause: Option<String>,
    /// What to do, each an action.
    pub(crate) hints: Vec<String>,
}
