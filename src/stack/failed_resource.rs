//! A deployment that failed, and the resources that it failed at.

use std::fmt;

use crate::stack::inspect::state::StackState;

/// A failed deployment with its first cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeploymentFailure {
    /// The stack's name.
    pub stack: String,
    /// The stack's ARN, under which its events can be read even after its deletion.
    pub stack_arn: String,
    /// The final state.
    pub state: StackState,
    /// The resource that failed first; those that were cancelled because of it don't count.
    pub first: Option<FailedResource>,
    /// Resources that it created and CloudFormation did not delete.
    pub kept: Vec<KeptResource>,
}

/// A resource that outlives its stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptResource {
    /// Its logical id in the template.
    pub logical_id: String,
    /// Its name for people, such as `read role`.
    pub words: String,
    /// Its name or id in its service.
    pub physical_id: String,
}

/// A resource that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedResource {
    /// Its logical id in the template.
    pub logical_id: String,
    /// Its name for people, such as `read role`.
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
        write!(f, "deployment of {} failed", self.stack)?;
        match self.state {
            StackState::DeleteComplete if self.kept.is_empty() => {
                f.write_str(" and the new stack was deleted")?;
            }
            StackState::DeleteComplete => {
                let words: Vec<String> = self
                    .kept
                    .iter()
                    .map(|kept| format!("{} ({})", kept.words, kept.physical_id))
                    .collect();
                write!(f, " and the new stack was deleted; kept: {}", words.join(" and "))?;
            }
            StackState::UpdateRollbackComplete => f.write_str(" and was rolled back")?,
            StackState::ImportRollbackComplete | StackState::ImportRollbackFailed => {
                write!(f, "; the table is unchanged, and the stack is in {}", self.state)?;
            }
            _ => write!(f, "; the stack is in {}", self.state)?,
        }
        f.write_str(&at_resources(self.first.as_slice()))
    }
}

/// The end of a message that names the failed resources, each with its reason.
pub(super) fn at_resources(failed: &[FailedResource]) -> String {
    if failed.is_empty() {
        return String::new();
    }
    let words: Vec<String> = failed.iter().map(ToString::to_string).collect();
    format!(": {}", words.join("; "))
}
