//! A deployment that failed, and the resources that it failed at.

use std::fmt;

use crate::stack::inspect::state::StackState;

/// A deployment that failed, by its first cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeploymentFailure {
    /// The stack's name.
    pub stack: String,
    /// The stack's ARN, by which its events can still be read when it is deleted.
    pub stack_arn: String,
    /// The state in which it ended.
    pub state: StackState,
    /// The resource that failed first. Those that were cancelled because of it don't count.
    pub first: Option<FailedResource>,
    /// What it had created and CloudFormation did not delete again.
    pub kept: Vec<KeptResource>,
}

/// A resource that stays although its stack is deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptResource {
    /// Its logical id in the template.
    pub logical_id: String,
    /// What it is in plain words.
    pub words: String,
    /// Its name or id in its service.
    pub physical_id: String,
}

/// A resource that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedResource {
    /// Its logical id in the template.
    pub logical_id: String,
    /// What it is in plain words.
    pub words: String,
    /// Its type, such as `AWS::IAM::Role`.
    pub resource_type: String,
    /// Why it failed, in the service's words.
    pub reason: String,
}

impl fmt::Display for FailedResource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}): {}", self.words, self.logical_id, self.reason)
    }
}

impl fmt::Display for DeploymentFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the deployment of {} failed", self.stack)?;
        f.write_str(&at_resources(self.first.as_slice()))?;
        match self.state {
            StackState::DeleteComplete if self.kept.is_empty() => f.write_str("; nothing of it is left"),
            StackState::DeleteComplete => {
                let words: Vec<String> = self
                    .kept
                    .iter()
                    .map(|kept| format!("{} ({})", kept.words, kept.physical_id))
                    .collect();
                write!(f, "; the stack is deleted, but not {}", words.join(" and "))
            }
            StackState::UpdateRollbackComplete => f.write_str("; the stack is as it was before"),
            StackState::ImportRollbackComplete | StackState::ImportRollbackFailed => {
                write!(
                    f,
                    "; the stack is in {}, and the table is as it was before",
                    self.state
                )
            }
            _ => write!(f, "; the stack is in {}", self.state),
        }
    }
}

/// The resources of a message, each after `" at "`.
pub(super) fn at_resources(failed: &[FailedResource]) -> String {
    let words: Vec<String> = failed.iter().map(|failed| format!(" at {failed}")).collect();
    words.join(";")
}
