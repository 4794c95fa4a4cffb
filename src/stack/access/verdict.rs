use serde::Serialize;

use super::answer::{Answer, Finding};
use crate::model::Role;

/// The result of an access evaluation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// The best answer of the ways.
    pub answer: Answer,
    /// All ways, in the order in which a caller would try them.
    pub ways: Vec<Way>,
}

/// A way of access: in a role, or with the principal's own policies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Way {
    /// The value for `--as`.
    #[serde(rename = "as", serialize_with = "as_text")]
    pub role: Role,
    /// The role's ARN, if it is a role.
    #[serde(rename = "role", skip_serializing_if = "Option::is_none")]
    pub arn: Option<String>,
    /// The worst answer of the steps, without those only for tagged sessions or the HTTP API.
    pub answer: Answer,
    /// The required permissions, in order.
    pub steps: Vec<AccessStep>,
}

/// A required permission.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AccessStep {
    /// `trust`, or the IAM actions, comma-separated.
    pub of: String,
    /// The result.
    #[serde(flatten)]
    pub finding: Finding,
    /// Whether it is only required for sessions whose tags pass on to the role, which is unknown for a principal.
    #[serde(rename = "onlyWithTags", skip_serializing_if = "std::ops::Not::not")]
    pub only_with_tags: bool,
    /// Whether it is only required for requests to the config's HTTP API.
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

    /// The same, only required for requests to the HTTP API.
    pub(super) fn by_api(self) -> Self {
        Self {
            only_by_api: true,
            ..self
        }
    }

    /// The same, only required for sessions whose tags pass on.
    pub(super) fn with_tags(self) -> Self {
        Self {
            only_with_tags: true,
            ..self
        }
    }
}
