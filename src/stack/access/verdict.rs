use serde::Serialize;

use super::answer::{Answer, Finding};
use crate::model::Role;

/// Whether access is given, and by which ways.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// The best of the ways' answers.
    pub answer: Answer,
    /// Every way that there is, in the order in which one would try them.
    pub ways: Vec<Way>,
}

/// One way to access: in a role, or with the principal's own policies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Way {
    /// What `--as` calls it.
    #[serde(rename = "as", serialize_with = "as_text")]
    pub role: Role,
    /// The role's ARN, where it is one.
    #[serde(rename = "role", skip_serializing_if = "Option::is_none")]
    pub arn: Option<String>,
    /// The least of the steps' answers, without those for sessions with tags alone.
    pub answer: Answer,
    /// What must be allowed, in order.
    pub steps: Vec<AccessStep>,
}

/// One thing that must be allowed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AccessStep {
    /// `trust`, or the IAM actions with commas between.
    pub of: String,
    /// What was found.
    #[serde(flatten)]
    pub finding: Finding,
    /// Whether it is asked of sessions alone whose tags pass on to the role. Whether the principal's do isn't known.
    #[serde(rename = "onlyWithTags", skip_serializing_if = "std::ops::Not::not")]
    pub only_with_tags: bool,
    /// Whether it is asked of requests to the config's HTTP API alone.
    #[serde(rename = "onlyByApi", skip_serializing_if = "std::ops::Not::not")]
    pub only_by_api: bool,
}

fn as_text<S: serde::Serializer>(role: &Role, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(role)
}

impl Verdict {
    pub(super) fn new(ways: Vec<Way>) -> Self {
        Self {
            answer: ways.iter().map(|way| way.answer).max().unwrap_or(Answer::No),
            ways,
        }
    }
}

impl Way {
    pub(super) fn new(role: Role, arn: Option<String>, steps: Vec<AccessStep>) -> Self {
        let asked = steps
            .iter()
            .filter(|step| !step.only_with_tags && !step.only_by_api);
        let answers = asked.map(|step| step.finding.answer);
        Self {
            role,
            arn,
            answer: answers.min().unwrap_or(Answer::Unknown),
            steps,
        }
    }
}

impl AccessStep {
    pub(super) fn new(of: impl Into<String>, finding: Finding) -> Self {
        Self {
            of: of.into(),
            finding,
            only_with_tags: false,
            only_by_api: false,
        }
    }

    /// The same, asked of requests to the API alone.
    pub(super) fn by_api(self) -> Self {
        Self {
            only_by_api: true,
            ..self
        }
    }

    /// The same, asked of sessions alone whose tags pass on.
    pub(super) fn with_tags(self) -> Self {
        Self {
            only_with_tags: true,
            ..self
        }
    }
}
