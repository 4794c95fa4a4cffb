use std::fmt;

use serde::Serialize;

/// What is said of a permission. Ordered by how much it gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Answer {
    /// It isn't there.
    No,
    /// It can't be judged from here.
    Unknown,
    /// It is there.
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

/// An answer, why it is so, and what would make it a yes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The answer.
    pub answer: Answer,
    /// What decides it, in words.
    pub because: String,
    /// What is missing, where one thing would do: a statement to add in IAM's JSON, or what to run.
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
