#[cfg(test)]
pub(super) mod texts;

use std::error::Error as StdError;
use std::fmt::Write as _;

use axum::Json;
use axum::http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};

use super::invalid_request::InvalidRequest;
use super::live::{LiveRefusal, StreamError};
use crate::model::{CommitId, ErrorKind, Key, Value};
use crate::ops::OpsError;
use crate::store::{Conflict, Limit, StoreError};
use crate::wire::{GuardSpec, Problem, ProblemCode, ProblemLayout, ProblemLimit, StoredNode};

/// The error that a request is answered with.
#[derive(Debug)]
pub(super) struct ApiError(Box<Problem>);

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
        ErrorKind::No | ErrorKind::Stack | ErrorKind::Interrupted | ErrorKind::Internal => {
            StatusCode::INTERNAL_SERVER_ERROR
        }
    }
}

/// The detail of a failure whose own words may show what lies behind the server.
fn discreet_detail(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Denied => "the server's own identity may not do this",
        ErrorKind::Unavailable => "what holds the data can't be reached; try again",
        ErrorKind::Throttled => "what holds the data asks for patience; try again",
        ErrorKind::NotFound => "what is asked for is not there",
        ErrorKind::Conflict => "it was changed meanwhile; try again",
        ErrorKind::Compacted => "the log no longer goes back that far",
        ErrorKind::Timeout | ErrorKind::OutcomeUnknown => "it took too long",
        ErrorKind::Usage
        | ErrorKind::Invalid
        | ErrorKind::No
        | ErrorKind::Stack
        | ErrorKind::Interrupted
        | ErrorKind::Internal => "the server failed; its log says why",
    }
}

impl ApiError {
    /// A failure with the status of its kind.
    pub(super) fn new(kind: ErrorKind, code: ProblemCode, detail: impl Into<String>) -> Self {
        Self::with_status(status_of(kind), kind, code, detail)
    }

    /// A failure for which HTTP has a status of its own.
    pub(super) fn with_status(
        status: StatusCode,
        kind: ErrorKind,
        code: ProblemCode,
        detail: impl Into<String>,
    ) -> Self {
        let title = status.canonical_reason().unwrap_or_default();
        Self(Box::new(Problem::new(status.as_u16(), title, kind, code, detail)))
    }

    /// That the caller may not do that.
    pub(super) fn denied(detail: impl Into<String>) -> Self {
        Self::new(ErrorKind::Denied, ProblemCode::Denied, detail)
    }

    /// That it took longer than a request may take.
    pub(super) fn too_slow() -> Self {
        Self::new(
            ErrorKind::Timeout,
            ProblemCode::Unavailable,
            "it took longer than a request may take; try again",
        )
    }

    /// That a store that is served can't be used.
    pub(super) fn not_ready(error: &StoreError) -> Self {
        log_error(error);
        let detail = "the data of a config can't be reached; the server's log says which and why";
        Self::new(ErrorKind::Unavailable, ProblemCode::Unavailable, detail)
    }

    /// That a commit was begun and its answer isn't known.
    pub(super) fn outcome_unknown(commit: &CommitId) -> Self {
        let detail = format!(
            "the commit {commit} was begun, and whether it happened is not known; sending it again with \
             Idempotency-Key: {commit} tells"
        );
        let mut failure = Self::new(ErrorKind::OutcomeUnknown, ProblemCode::OutcomeUnknown, detail);
        failure.0.commit = Some(commit.to_string());
        failure
    }

    /// That there is no such route.
    pub(super) fn no_route(uri: &Uri) -> Self {
        let detail = format!("there is no route {}", uri.path());
        Self::new(ErrorKind::NotFound, ProblemCode::NoRoute, detail)
    }

    /// That the route doesn't take the method.
    pub(super) fn no_method() -> Self {
        let detail = "this route doesn't take the method; the header Allow says which it takes";
        Self::with_status(
            StatusCode::METHOD_NOT_ALLOWED,
            ErrorKind::Usage,
            ProblemCode::NoMethod,
            detail,
        )
    }

    /// What the store said. Values of secrets are in it, as they are encrypted, only with `stored`.
    pub(super) fn of_store(error: StoreError, stored: bool) -> Self {
        let kind = error.kind();
        let told = error.to_string();
        match error {
            StoreError::NotFound(key) => Self::new(kind, ProblemCode::NoKey, told).about([key]),
            StoreError::NoTtl(key) => Self::new(kind, ProblemCode::NoTtl, told).about([key]),
            StoreError::Conflict(conflict) => Self::of_conflict(&conflict, stored),
            StoreError::Compacted {
                section,
                wanted,
                oldest,
            } => {
                let mut failure = Self::new(kind, ProblemCode::Compacted, told);
                failure.0.section = Some(section);
                failure.0.revision = Some(wanted);
                failure.0.oldest = Some(oldest);
                failure
            }
            StoreError::Limit(limit) => Self::of_limit(&limit),
            StoreError::Twice(key) => Self::new(kind, ProblemCode::Twice, told).about([key]),
            StoreError::IdReused(ref commit) => {
                let mut failure = Self::new(kind, ProblemCode::IdReused, told);
                failure.0.commit = Some(commit.to_string());
                failure
            }
            StoreError::Unsealed(keys) => Self::new(kind, ProblemCode::Unsealed, told).about(keys),
            StoreError::GuardOnSecret(key) => Self::new(kind, ProblemCode::GuardOnSecret, told).about([key]),
            StoreError::SecretTooLarge { key, size, max } => {
                let too_large = StatusCode::PAYLOAD_TOO_LARGE;
                let mut failure =
                    Self::with_status(too_large, kind, ProblemCode::SecretTooLarge, told).about([key]);
                failure.0.limit = Some(ProblemLimit::Bytes { size, max });
                failure
            }
            StoreError::NoSecretsKey { ref config, .. } => Self::new(
                kind,
                ProblemCode::NoSecretsKey,
                format!("the config {config} has no key for secrets"),
            ),
            StoreError::NoConfig { ref config, .. } => Self::new(
                kind,
                ProblemCode::NoConfig,
                format!("the config {config} is not there"),
            ),
            StoreError::Layout { found, known } => {
                let told = format!("the data has layout {found}; this server knows {known}: update it");
                let mut failure = Self::new(kind, ProblemCode::Layout, told);
                failure.0.layout = Some(ProblemLayout { found, known });
                failure
            }
            StoreError::Corrupt {
                section: Some(ref section),
                ..
            } => {
                log_error(&error);
                let mut failure = Self::new(kind, ProblemCode::Corrupt, told);
                failure.0.section = Some(section.clone());
                failure
            }
            // Neither the server nor what is behind it may use the key: the caller may have the right.
            StoreError::Denied { ref action, .. } if action.starts_with("kms:") => {
                log_error(&error);
                Self::denied(
                    "this server may not use the key for secrets: encrypt and decrypt with your own credentials, as the \
                     command line does",
                )
            }
            StoreError::Busy(_) => Self::new(kind, ProblemCode::Contended, told),
            StoreError::ReadOnly => Self::new(
                kind,
                ProblemCode::ReadOnly,
                "this server may only read this config",
            ),
            StoreError::OutcomeUnknown { ref commit, .. } => {
                log_error(&error);
                Self::outcome_unknown(commit)
            }
            // The server's own credentials, which are no caller's to mend: new ones may be there at the next try.
            StoreError::Credentials { .. } => Self::discreet(&error, ErrorKind::Unavailable),
            _ => Self::discreet(&error, kind),
        }
    }

    /// What an operation on a store said.
    pub(super) fn of_ops(error: OpsError) -> Self {
        let kind = error.kind();
        let told = error.to_string();
        match error {
            OpsError::Store(error) => Self::of_store(error, false),
            OpsError::Future { section, head, .. } => {
                let mut failure = Self::new(kind, ProblemCode::NoRevision, told);
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

    fn of_limit(limit: &Limit) -> Self {
        let mut failure = Self::new(ErrorKind::Invalid, ProblemCode::Limit, limit.to_string());
        failure.0.limit = Some(match *limit {
            Limit::Actions {
                changes,
                sections,
                new_sections,
                guards,
            } => ProblemLimit::Actions {
                changes,
                sections,
                new_sections,
                guards,
            },
            Limit::Bytes { size } => ProblemLimit::Bytes {
                size,
                max: Limit::MAX_BYTES,
            },
        });
        failure
    }

    /// A failure of what lies behind the server: its own words go to the log alone.
    fn discreet(error: &(dyn StdError + 'static), kind: ErrorKind) -> Self {
        log_error(error);
        let code = match kind {
            ErrorKind::Denied => ProblemCode::Denied,
            ErrorKind::Throttled => ProblemCode::Throttled,
            ErrorKind::Unavailable | ErrorKind::Timeout => ProblemCode::Unavailable,
            _ => ProblemCode::Internal,
        };
        // What is invalid here is what is stored or set up, not what was sent.
        let status = match kind {
            ErrorKind::Invalid => StatusCode::INTERNAL_SERVER_ERROR,
            kind => status_of(kind),
        };
        Self::with_status(status, kind, code, discreet_detail(kind))
    }

    fn about(mut self, keys: impl IntoIterator<Item = Key>) -> Self {
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
        let (kind, code, told) = (refusal.kind(), refusal.code(), refusal.to_string());
        let (size, max) = match refusal {
            InvalidRequest::TooLarge { size, max } => (size, max),
            InvalidRequest::ValueTooLarge { size, .. } => (size, Value::MAX_BYTES),
            _ => return Self::new(kind, code, told),
        };
        let mut failure = Self::with_status(StatusCode::PAYLOAD_TOO_LARGE, kind, code, told);
        failure.0.limit = Some(ProblemLimit::Bytes { size, max });
        failure
    }
}

impl From<LiveRefusal> for ApiError {
    fn from(refusal: LiveRefusal) -> Self {
        match refusal {
            LiveRefusal::Busy => {
                let told = "as many wait or stream as this server lets; try again";
                Self::new(ErrorKind::Unavailable, ProblemCode::Busy, told)
            }
            LiveRefusal::Stopping => Self::new(
                ErrorKind::Unavailable,
                ProblemCode::Unavailable,
                "the server stops",
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
        let mut response = (status, Json(self.0)).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
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
    tracing::warn!(error = chain, "a request failed");
}
