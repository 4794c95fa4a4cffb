#[cfg(test)]
pub(super) mod texts;

use std::error::Error as StdError;
use std::fmt::Write as _;

use axum::Json;
use axum::http::header::{ACCEPT_ENCODING, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};

use super::invalid_request::InvalidRequest;
use super::live::{LiveRefusal, StreamError};
use crate::model::{CommitId, ErrorKind, Grouped, Key, PurgedValue, Value};
use crate::ops::{OpsError, problem_code_of_kind, problem_code_of_store};
use crate::store::{Conflict, Limit, StoreError};
use crate::wire::{
    ActionLimit, ByteLimit, GuardSpec, Problem, ProblemCode, ProblemLayout, ProblemLimit, StoredNode,
};

/// The error response to a request.
#[derive(Debug)]
pub(crate) struct ApiError(Box<Problem>);

/// The status of a failure of that kind.
fn status_of(kind: ErrorKind) -> StatusCode {
    match kind {
        ErrorKind::Usage => StatusCode::BAD_REQUEST,
        ErrorKind::NotFound => StatusCode::NOT_FOUND,
        ErrorKind::Compacted => StatusCode::GONE,
        ErrorKind::Conflict => StatusCode::PRECONDITION_FAILED,
        ErrorKind::Denied => StatusCode::FORBIDDEN,
        ErrorKind::Unavailable | ErrorKind::Throttled | ErrorKind::Timeout => StatusCode::SERVICE_UNAVAILABLE,
        ErrorKind::OutcomeUnknown => StatusCode::GATEWAY_TIMEOUT,
        ErrorKind::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
        ErrorKind::StorageFull => StatusCode::INSUFFICIENT_STORAGE,
        ErrorKind::No | ErrorKind::Stack | ErrorKind::Interrupted | ErrorKind::Internal => {
            StatusCode::INTERNAL_SERVER_ERROR
        }
    }
}

/// The detail of a failure whose own message could expose the backend.
fn discreet_detail(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Denied => "the server's identity is not allowed to do this",
        ErrorKind::Unavailable => "the backend is unavailable; retry after 1 s",
        ErrorKind::Throttled => "the backend is throttling requests; retry after 1 s",
        ErrorKind::NotFound => "not found",
        ErrorKind::Conflict => "conflicting change; retry",
        ErrorKind::Compacted => "the revision was compacted",
        ErrorKind::Timeout | ErrorKind::OutcomeUnknown => "timed out",
        ErrorKind::StorageFull => "the server has no space left to store this; nothing was written",
        ErrorKind::Usage
        | ErrorKind::Invalid
        | ErrorKind::No
        | ErrorKind::Stack
        | ErrorKind::Interrupted
        | ErrorKind::Internal => "internal error; see the server's log",
    }
}

impl ApiError {
    /// A failure with the status of its kind.
    pub(super) fn new(kind: ErrorKind, code: ProblemCode, detail: impl Into<String>) -> Self {
        Self::with_status(status_of(kind), kind, code, detail)
    }

    /// A failure with a specific HTTP status.
    pub(super) fn with_status(
        status: StatusCode,
        kind: ErrorKind,
        code: ProblemCode,
        detail: impl Into<String>,
    ) -> Self {
        let title = status.canonical_reason().unwrap_or_default();
        Self(Box::new(Problem::new(status.as_u16(), title, kind, code, detail)))
    }

    /// What the response says.
    #[cfg(feature = "console")]
    pub(crate) fn into_problem(self) -> Problem {
        *self.0
    }

    /// The caller is not allowed to do that.
    pub(super) fn denied(detail: impl Into<String>) -> Self {
        Self::new(ErrorKind::Denied, ProblemCode::Denied, detail)
    }

    /// The request timed out.
    pub(super) fn too_slow() -> Self {
        Self::new(
            ErrorKind::Timeout,
            ProblemCode::Unavailable,
            "the request timed out; retry after 1 s",
        )
    }

    /// The backend of a served config is unavailable.
    pub(super) fn not_ready(error: &StoreError) -> Self {
        log_error(error);
        let detail = "the backend of a config is unavailable; see the server's log";
        Self::new(ErrorKind::Unavailable, ProblemCode::Unavailable, detail)
    }

    /// A commit was started and its outcome is unknown.
    pub(super) fn outcome_unknown(commit: &CommitId) -> Self {
        let detail = format!(
            "outcome unknown: no response to commit {commit}; to find out, send it again with Idempotency-Key: {commit}"
        );
        let mut failure = Self::new(ErrorKind::OutcomeUnknown, ProblemCode::OutcomeUnknown, detail);
        failure.0.commit = Some(commit.to_string());
        failure
    }

    /// The route does not exist.
    pub(super) fn no_route(uri: &Uri) -> Self {
        let detail = format!("no route for {}", uri.path());
        Self::new(ErrorKind::NotFound, ProblemCode::NoRoute, detail)
    }

    /// The route does not allow the method.
    pub(super) fn no_method() -> Self {
        let detail = "method not allowed; the Allow header lists the allowed methods";
        Self::with_status(
            StatusCode::METHOD_NOT_ALLOWED,
            ErrorKind::Usage,
            ProblemCode::NoMethod,
            detail,
        )
    }

    /// An error of the store. It contains values of secrets, encrypted, only with `stored`.
    pub(super) fn of_store(error: StoreError, stored: bool) -> Self {
        let kind = error.kind();
        let code = problem_code_of_store(&error).unwrap_or(ProblemCode::Internal);
        let detail = error.to_string();
        match error {
            StoreError::NotFound(key)
            | StoreError::NoTtl(key)
            | StoreError::Twice(key)
            | StoreError::GuardOnSecret(key) => Self::new(kind, code, detail).about([key]),
            StoreError::Conflict(conflict) => Self::of_conflict(&conflict, stored),
            StoreError::Compacted {
                section,
                wanted,
                oldest,
            } => {
                let mut failure = Self::new(kind, code, detail);
                failure.0.section = Some(section);
                failure.0.revision = Some(wanted);
                failure.0.oldest = Some(oldest);
                failure
            }
            StoreError::Purged(PurgedValue { key, revision }) => {
                let mut failure = Self::new(kind, code, detail).about([key]);
                failure.0.revision = Some(revision);
                failure
            }
            StoreError::PurgeTooSoon { key, wait } => {
                let mut failure = Self::with_status(StatusCode::CONFLICT, kind, code, detail).about([key]);
                failure.0.wait = Some(wait);
                failure
            }
            StoreError::Limit(limit) => Self::of_limit(&limit),
            StoreError::IdReused(ref commit) => {
                let mut failure = Self::new(kind, code, detail);
                failure.0.commit = Some(commit.to_string());
                failure
            }
            StoreError::Unsealed(keys) => Self::new(kind, code, detail).about(keys),
            StoreError::SecretTooLarge { key, size, max } => {
                let too_large = StatusCode::PAYLOAD_TOO_LARGE;
                let mut failure = Self::with_status(too_large, kind, code, detail).about([key]);
                failure.0.limit = Some(ProblemLimit::Bytes(ByteLimit { size, max }));
                failure
            }
            StoreError::NoSecretsKey { ref config, .. } => Self::new(
                kind,
                code,
                format!("config {config:?} has no encryption key for secrets"),
            ),
            StoreError::NoConfig { ref config, .. } => {
                Self::new(kind, code, format!("config {config:?} not found"))
            }
            StoreError::Layout { found, known } => {
                let detail = format!(
                    "unsupported data layout {found}: this server supports layouts up to {known}; update the server"
                );
                let mut failure = Self::new(kind, code, detail);
                failure.0.layout = Some(ProblemLayout { found, known });
                failure
            }
            StoreError::Corrupt {
                section: Some(ref section),
                ..
            } => {
                log_error(&error);
                let mut failure = Self::new(kind, code, detail);
                failure.0.section = Some(section.clone());
                failure
            }
            // The server is not allowed to use the key, but the caller may be.
            StoreError::Denied { ref action, .. } if action.starts_with("kms:") => {
                log_error(&error);
                Self::denied(
                    "the server is not allowed to use the encryption key; encrypt and decrypt with your own credentials, \
                     as the command line does",
                )
            }
            StoreError::Busy(_) => Self::new(kind, code, detail),
            StoreError::ReadOnly => Self::new(kind, code, "the server serves this config read-only"),
            StoreError::OutcomeUnknown { ref commit, .. } => {
                log_error(&error);
                Self::outcome_unknown(commit)
            }
            // The server's own credentials, which no caller can fix: they may be renewed before the next try.
            StoreError::Credentials { .. } => Self::discreet(&error, ErrorKind::Unavailable),
            _ => Self::discreet(&error, kind),
        }
    }

    /// An error of an operation on a store.
    pub(crate) fn of_ops(error: OpsError) -> Self {
        let kind = error.kind();
        let code = error.problem_code().unwrap_or(ProblemCode::Internal);
        let detail = error.to_string();
        match error {
            OpsError::Store(error) => Self::of_store(error, false),
            OpsError::Future { section, head, .. } => {
                let mut failure = Self::new(kind, code, detail);
                failure.0.section = Some(section);
                failure.0.revision = Some(head);
                failure
            }
            _ => Self::discreet(&error, kind),
        }
    }

    fn of_conflict(conflict: &Conflict, stored: bool) -> Self {
        let mut failure = Self::new(
            ErrorKind::Conflict,
            ProblemCode::GuardFailed,
            conflict.to_string(),
        );
        failure.0.keys = conflict.guard.key().cloned().into_iter().collect();
        failure.0.section = Some(conflict.guard.section());
        failure.0.revision = Some(conflict.revision);
        failure.0.guard = Some(GuardSpec::new(&conflict.guard));
        let current = conflict.current.as_ref();
        failure.0.current = current
            .filter(|entry| stored || !entry.secret)
            .map(StoredNode::from);
        failure
    }

    /// The tags in `If-Match` or `If-None-Match` don't permit a write of the key as it is.
    pub(super) fn of_preconditions(key: &Key, conflict: &Conflict) -> Self {
        let mut failure = Self::of_conflict(conflict, false);
        // It is the server's guess, not what the client demanded.
        failure.0.guard = None;
        failure.0.detail = match &conflict.current {
            Some(entry) => format!(
                "key {key}: if-match or if-none-match does not permit revision {}",
                entry.revision
            ),
            None => format!("key {key}: if-match does not permit a key that does not exist"),
        };
        failure
    }

    fn of_limit(limit: &Limit) -> Self {
        let mut failure = Self::new(ErrorKind::Invalid, ProblemCode::Limit, limit.to_string());
        failure.0.limit = Some(match *limit {
            Limit::Actions {
                changes,
                sections,
                new_sections,
                guards,
            } => ProblemLimit::Actions(ActionLimit {
                changes,
                sections,
                new_sections,
                guards,
            }),
            Limit::Bytes { size } => ProblemLimit::Bytes(ByteLimit {
                size,
                max: Limit::MAX_BYTES,
            }),
        });
        failure
    }

    /// A failure of the backend: its own message goes only to the log.
    fn discreet(error: &(dyn StdError + 'static), kind: ErrorKind) -> Self {
        log_error(error);
        let code = match kind {
            ErrorKind::Timeout => ProblemCode::Unavailable,
            kind => problem_code_of_kind(kind).unwrap_or(ProblemCode::Internal),
        };
        // What is invalid here is what is stored or set up, not what was sent.
        let status = match kind {
            ErrorKind::Invalid => StatusCode::INTERNAL_SERVER_ERROR,
            kind => status_of(kind),
        };
        Self::with_status(status, kind, code, discreet_detail(kind))
    }

    /// The failure with the keys that it is about.
    pub(super) fn about(mut self, keys: impl IntoIterator<Item = Key>) -> Self {
        self.0.keys.extend(keys);
        self
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        Self::of_store(error, false)
    }
}

impl From<InvalidRequest> for ApiError {
    fn from(refusal: InvalidRequest) -> Self {
        let (kind, code, detail) = (refusal.kind(), refusal.code(), refusal.to_string());
        let (size, max) = match refusal {
            InvalidRequest::TooLarge { size, max } => (size, max),
            InvalidRequest::ValueTooLarge { size, .. } => (size, Value::MAX_BYTES),
            InvalidRequest::MediaType(_) | InvalidRequest::ContentEncoding(_) => {
                return Self::with_status(StatusCode::UNSUPPORTED_MEDIA_TYPE, kind, code, detail);
            }
            _ => return Self::new(kind, code, detail),
        };
        let mut failure = Self::with_status(StatusCode::PAYLOAD_TOO_LARGE, kind, code, detail);
        failure.0.limit = Some(ProblemLimit::Bytes(ByteLimit { size, max }));
        failure
    }
}

impl From<LiveRefusal> for ApiError {
    fn from(refusal: LiveRefusal) -> Self {
        match refusal {
            LiveRefusal::Busy { limit } => {
                let limit = Grouped(limit);
                let detail =
                    format!("too many waiting or streaming requests (limit {limit}); retry after 1 s");
                Self::new(ErrorKind::Unavailable, ProblemCode::Busy, detail)
            }
            LiveRefusal::Stopping => Self::new(
                ErrorKind::Unavailable,
                ProblemCode::Unavailable,
                "the server is shutting down",
            ),
        }
    }
}

impl From<StreamError> for ApiError {
    fn from(not: StreamError) -> Self {
        match not {
            StreamError::Refused(refusal) => refusal.into(),
            StreamError::Store(error) => error.into(),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let (code, wait) = (self.0.code, self.0.wait);
        let mut response = (status, Json(self.0)).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        if let Some(wait) = wait {
            headers.insert(RETRY_AFTER, HeaderValue::from(wait));
        }
        // By this a client tells it from a media type that isn't taken (RFC 9110, 12.5.3).
        if code == Some(ProblemCode::ContentEncoding) {
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        }
        response
    }
}

/// Writes an error with its causes to the log. No error of a store holds a value.
fn log_error(error: &(dyn StdError + 'static)) {
    let mut chain = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let _ = write!(chain, ": {next}");
        cause = next.source();
    }
    tracing::warn!(error = chain, "request failed");
}
