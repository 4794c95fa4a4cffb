//! What is shown in place of a page.

use std::error::Error as StdError;
use std::fmt::Write as _;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::html;

use super::fields::{FieldError, FormFields};
use super::shell;
use crate::http::ApiError;
use crate::model::{ErrorKind, Key, Section};
use crate::ops::OpsError;

/// Why there is no page.
#[derive(Debug)]
pub(super) struct ConsoleError {
    status: StatusCode,
    title: &'static str,
    detail: String,
    takes_tokens: bool,
    /// What was typed into a form that can't be taken.
    typed: Option<String>,
}

impl ConsoleError {
    fn new(status: StatusCode, title: &'static str, detail: impl Into<String>) -> Self {
        Self {
            status,
            title,
            detail: detail.into(),
            takes_tokens: false,
            typed: None,
        }
    }

    /// The request belongs to no session.
    pub(super) fn signed_out(takes_tokens: bool) -> Self {
        let detail = if takes_tokens {
            "You are not signed in, or your session has ended."
        } else {
            "Your session has ended, or it belongs to another browser. Run discfg ui again to get a new link."
        };
        Self {
            takes_tokens,
            ..Self::new(StatusCode::UNAUTHORIZED, "Signed out", detail)
        }
    }

    /// The same with what was typed into the form's value, which would else be lost.
    pub(super) fn keeping(self, fields: &FormFields) -> Self {
        Self {
            typed: fields.get("value").map(String::from),
            ..self
        }
    }

    pub(super) fn link_over() -> Self {
        let detail = "The link is invalid, was used before, or is older than a minute. Run discfg ui again to get a new one.";
        Self::new(StatusCode::FORBIDDEN, "Link expired", detail)
    }

    pub(super) fn unavailable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "Unavailable", detail)
    }

    /// Somebody else changed the key after the page was shown.
    pub(super) fn overtaken(key: &Key) -> Self {
        let detail = format!(
            "Somebody else changed key {key} after you loaded the page. Nothing was saved: look at it again."
        );
        Self::new(StatusCode::CONFLICT, "Conflict", detail)
    }

    pub(super) fn title(&self) -> &str {
        self.title
    }

    pub(super) fn detail(&self) -> &str {
        &self.detail
    }

    pub(super) fn no_method() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "Not found",
            "This address is for a form.",
        )
    }

    pub(super) fn no_page() -> Self {
        Self::new(StatusCode::NOT_FOUND, "Not found", "Page not found.")
    }

    pub(super) fn no_config(name: &str) -> Self {
        let detail = format!("Config \"{name}\" is not served, or you can't access it.");
        Self::new(StatusCode::NOT_FOUND, "Not found", detail)
    }

    pub(super) fn no_section(section: &Section) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "Not found",
            format!("Section {section} not found."),
        )
    }

    pub(super) fn no_key(key: &Key) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "Not found",
            format!("Key {key} not found."),
        )
    }

    pub(super) fn denied(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "Not allowed", detail)
    }

    pub(super) fn invalid(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "Invalid input", detail)
    }

    /// An error of a store. Its causes are only shown in a personal console.
    pub(super) fn of_ops(error: impl Into<OpsError>, is_personal: bool) -> Self {
        let error = error.into();
        let kind = error.kind();
        let whole = explain(&error);
        let problem = ApiError::of_ops(error).into_problem();
        let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let title = match kind {
            ErrorKind::NotFound => "Not found",
            ErrorKind::Denied => "Not allowed",
            ErrorKind::Invalid | ErrorKind::Usage => "Invalid input",
            ErrorKind::Conflict => "Conflict",
            ErrorKind::Compacted => "No longer available",
            ErrorKind::Unavailable | ErrorKind::Throttled | ErrorKind::Timeout => "Unavailable",
            ErrorKind::OutcomeUnknown => "Outcome unknown",
            _ => "Something failed",
        };
        Self::new(status, title, if is_personal { whole } else { problem.detail })
    }
}

/// An error with its causes.
pub(super) fn explain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let _ = write!(text, ": {next}");
        cause = next.source();
    }
    text
}

impl From<FieldError> for ConsoleError {
    fn from(FieldError(problem): FieldError) -> Self {
        Self::invalid(problem)
    }
}

impl IntoResponse for ConsoleError {
    fn into_response(self) -> Response {
        let is_out = self.status == StatusCode::UNAUTHORIZED;
        let body = html! {
            section.centered {
                h1 { (self.title) }
                p.notice.bad role="alert" { (super::text::data(&self.detail)) }
                @if let Some(typed) = &self.typed {
                    label for="typed" { "What you typed" }
                    textarea #typed readonly rows="8" { "\n" (typed) }
                }
                @if !is_out { p { a.button href="/" { "Back to the configs" } } }
                @else if self.takes_tokens { p { a.button href="/signin" { "Sign in" } } }
            }
        };
        shell::bare(self.status, self.title, &body)
    }
}
