use std::fmt;

use serde::Serialize;

/// Whether access is allowed. Ordered by the amount of access.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Answer {
    /// Not allowed.
    No,
    /// It can't be determined.
    Unknown,
    /// Allowed.
    Yes,
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::No => "no",
            Self::Unknown => "unknown",
            Self::Yes => "yes",
        })
    }
}

/// An answer, its reason, and what would change it to yes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The answer.
    pub answer: Answer,
    /// The reason.
    pub because: String,
    /// What is missing, if one thing is enough: a policy statement as JSON, or a command.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<String>,
}

impl Finding {
    pub(super) fn yes(because: impl Into<String>) -> Self {
        Self::new(Answer::Yes, because)
    }

    pub(super) fn no(because: impl Into<String>) -> Self {
        Self::new(Answer::No, because)
    }

    pub(super) fn unknown(because: impl Into<String>) -> Self {
        Self::new(Answer::Unknown, because)
    }

    pub(super) fn missing(self, what: impl Into<String>) -> Self {
        let missing = Some(what.into());
        Self { missing, ..self }
    }

    fn new(answer: Answer, because: impl Into<String>) -> Self {
        Self {
            answer,
            because: because.into(),
            missing: None,
        }
    }
}
