use std::fmt;

use aws_sdk_cloudformation::types::StackStatus;

/// The state of a stack (CloudFormation User Guide, "Stack status codes"), as an exhaustive enum.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are CloudFormation's")]
pub enum StackState {
    CreateComplete,
    CreateFailed,
    CreateInProgress,
    DeleteComplete,
    DeleteFailed,
    DeleteInProgress,
    ImportComplete,
    ImportInProgress,
    ImportRollbackComplete,
    ImportRollbackFailed,
    ImportRollbackInProgress,
    ReviewInProgress,
    RollbackComplete,
    RollbackFailed,
    RollbackInProgress,
    UpdateComplete,
    UpdateCompleteCleanupInProgress,
    UpdateFailed,
    UpdateInProgress,
    UpdateRollbackComplete,
    UpdateRollbackCompleteCleanupInProgress,
    UpdateRollbackFailed,
    UpdateRollbackInProgress,
    /// A state that this version doesn't know.
    Unknown(String),
}

impl StackState {
    /// Whether an operation is running on the stack, including its deletion.
    pub fn is_busy(&self) -> bool {
        next_action(self) == NextAction::Wait
    }

    /// Whether the stack is in a failed or unfinished state that it won't leave by itself.
    pub fn is_stuck(&self) -> bool {
        match next_action(self) {
            NextAction::Clear | NextAction::RollBack | NextAction::Continue => true,
            NextAction::Stop(_) => !matches!(self, Self::Unknown(_)),
            NextAction::Create => *self == Self::ReviewInProgress,
            NextAction::Update | NextAction::Wait => false,
        }
    }
}

impl From<&str> for StackState {
    fn from(status: &str) -> Self {
        match status {
            "CREATE_COMPLETE" => Self::CreateComplete,
            "CREATE_FAILED" => Self::CreateFailed,
            "CREATE_IN_PROGRESS" => Self::CreateInProgress,
            "DELETE_COMPLETE" => Self::DeleteComplete,
            "DELETE_FAILED" => Self::DeleteFailed,
            "DELETE_IN_PROGRESS" => Self::DeleteInProgress,
            "IMPORT_COMPLETE" => Self::ImportComplete,
            "IMPORT_IN_PROGRESS" => Self::ImportInProgress,
            "IMPORT_ROLLBACK_COMPLETE" => Self::ImportRollbackComplete,
            "IMPORT_ROLLBACK_FAILED" => Self::ImportRollbackFailed,
            "IMPORT_ROLLBACK_IN_PROGRESS" => Self::ImportRollbackInProgress,
            "REVIEW_IN_PROGRESS" => Self::ReviewInProgress,
            "ROLLBACK_COMPLETE" => Self::RollbackComplete,
            "ROLLBACK_FAILED" => Self::RollbackFailed,
            "ROLLBACK_IN_PROGRESS" => Self::RollbackInProgress,
            "UPDATE_COMPLETE" => Self::UpdateComplete,
            "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS" => Self::UpdateCompleteCleanupInProgress,
            "UPDATE_FAILED" => Self::UpdateFailed,
            "UPDATE_IN_PROGRESS" => Self::UpdateInProgress,
            "UPDATE_ROLLBACK_COMPLETE" => Self::UpdateRollbackComplete,
            "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS" => Self::UpdateRollbackCompleteCleanupInProgress,
            "UPDATE_ROLLBACK_FAILED" => Self::UpdateRollbackFailed,
            "UPDATE_ROLLBACK_IN_PROGRESS" => Self::UpdateRollbackInProgress,
            other => Self::Unknown(other.to_owned()),
        }
    }
}

impl From<&StackStatus> for StackState {
    fn from(status: &StackStatus) -> Self {
        Self::from(status.as_str())
    }
}

impl fmt::Display for StackState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::CreateComplete => "CREATE_COMPLETE",
            Self::CreateFailed => "CREATE_FAILED",
            Self::CreateInProgress => "CREATE_IN_PROGRESS",
            Self::DeleteComplete => "DELETE_COMPLETE",
            Self::DeleteFailed => "DELETE_FAILED",
            Self::DeleteInProgress => "DELETE_IN_PROGRESS",
            Self::ImportComplete => "IMPORT_COMPLETE",
            Self::ImportInProgress => "IMPORT_IN_PROGRESS",
            Self::ImportRollbackComplete => "IMPORT_ROLLBACK_COMPLETE",
            Self::ImportRollbackFailed => "IMPORT_ROLLBACK_FAILED",
            Self::ImportRollbackInProgress => "IMPORT_ROLLBACK_IN_PROGRESS",
            Self::ReviewInProgress => "REVIEW_IN_PROGRESS",
            Self::RollbackComplete => "ROLLBACK_COMPLETE",
            Self::RollbackFailed => "ROLLBACK_FAILED",
            Self::RollbackInProgress => "ROLLBACK_IN_PROGRESS",
            Self::UpdateComplete => "UPDATE_COMPLETE",
            Self::UpdateCompleteCleanupInProgress => "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
            Self::UpdateFailed => "UPDATE_FAILED",
            Self::UpdateInProgress => "UPDATE_IN_PROGRESS",
            Self::UpdateRollbackComplete => "UPDATE_ROLLBACK_COMPLETE",
            Self::UpdateRollbackCompleteCleanupInProgress => "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
            Self::UpdateRollbackFailed => "UPDATE_ROLLBACK_FAILED",
            Self::UpdateRollbackInProgress => "UPDATE_ROLLBACK_IN_PROGRESS",
            Self::Unknown(status) => status,
        })
    }
}

/// The next step in deploying a stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::stack) enum NextAction {
    /// It doesn't exist: create it.
    Create,
    /// It exists: compare and update it.
    Update,
    /// The first create or a deletion failed: the stack can only be deleted.
    Clear,
    /// An operation stopped half way: it can be rolled back.
    RollBack,
    /// The rollback failed, and must be continued after the cause is fixed.
    Continue,
    /// Another operation is running.
    Wait,
    /// It can't be deployed in this state. The text says what to do first.
    Stop(&'static str),
}

/// The next step of a deployment for each state.
pub(in crate::stack) fn next_action(state: &StackState) -> NextAction {
    match state {
        StackState::DeleteComplete | StackState::ReviewInProgress => NextAction::Create,
        StackState::CreateComplete
        | StackState::ImportComplete
        | StackState::UpdateComplete
        | StackState::UpdateRollbackComplete => NextAction::Update,
        StackState::RollbackComplete | StackState::RollbackFailed | StackState::DeleteFailed => {
            NextAction::Clear
        }
        StackState::CreateFailed | StackState::UpdateFailed => NextAction::RollBack,
        StackState::UpdateRollbackFailed => NextAction::Continue,
        StackState::CreateInProgress
        | StackState::DeleteInProgress
        | StackState::ImportInProgress
        | StackState::ImportRollbackInProgress
        | StackState::RollbackInProgress
        | StackState::UpdateCompleteCleanupInProgress
        | StackState::UpdateInProgress
        | StackState::UpdateRollbackCompleteCleanupInProgress
        | StackState::UpdateRollbackInProgress => NextAction::Wait,
        StackState::ImportRollbackComplete | StackState::ImportRollbackFailed => NextAction::Stop(
            "the import of the table failed and left the table unchanged. See `aws cloudformation \
                 describe-stack-events` for the reason, fix it, delete the stack with `aws cloudformation delete-stack`, \
                 which keeps the table, and rerun the command",
        ),
        StackState::Unknown(_) => NextAction::Stop(
            "this version of discfg doesn't know this state; see the stack in the AWS console",
        ),
    }
}

/// Whether a deployment has ended in a state that the stack's events report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::stack) enum StackEnd {
    /// It is still running.
    NotYet,
    /// It may have ended, or CloudFormation may still roll back or delete.
    Perhaps,
    /// It has failed.
    Failed,
    /// It succeeded.
    Done,
}

/// Matches each state, never a suffix: `ROLLBACK_COMPLETE` is not a success.
pub(in crate::stack) fn stack_end(state: &StackState) -> StackEnd {
    match state {
        StackState::CreateComplete | StackState::UpdateComplete | StackState::ImportComplete => {
            StackEnd::Done
        }
        StackState::DeleteComplete
        | StackState::DeleteFailed
        | StackState::ImportRollbackComplete
        | StackState::ImportRollbackFailed
        | StackState::UpdateRollbackComplete
        | StackState::UpdateRollbackFailed => StackEnd::Failed,
        // A create is made with OnStackFailure=DELETE, so that a deletion follows.
        StackState::CreateFailed
        | StackState::RollbackComplete
        | StackState::RollbackFailed
        | StackState::UpdateFailed => StackEnd::Perhaps,
        StackState::CreateInProgress
        | StackState::DeleteInProgress
        | StackState::ImportInProgress
        | StackState::ImportRollbackInProgress
        | StackState::ReviewInProgress
        | StackState::RollbackInProgress
        | StackState::UpdateCompleteCleanupInProgress
        | StackState::UpdateInProgress
        | StackState::UpdateRollbackCompleteCleanupInProgress
        | StackState::UpdateRollbackInProgress
        | StackState::Unknown(_) => StackEnd::NotYet,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_of_the_sdk_is_known_and_prints_as_it_was() {
        for status in StackStatus::values() {
            let state = StackState::from(*status);
            assert!(!matches!(state, StackState::Unknown(_)), "{status}");
            assert_eq!(state.to_string(), *status);
        }
    }

    #[test]
    fn a_stack_that_needs_somebody_is_neither_busy_nor_well() {
        let named = |are: fn(&StackState) -> bool| -> Vec<String> {
            let states = StackStatus::values()
                .iter()
                .map(|status| StackState::from(*status));
            states.filter(are).map(|state| state.to_string()).collect()
        };
        assert_eq!(
            named(StackState::is_stuck),
            [
                "CREATE_FAILED",
                "DELETE_FAILED",
                "IMPORT_ROLLBACK_COMPLETE",
                "IMPORT_ROLLBACK_FAILED",
                "REVIEW_IN_PROGRESS",
                "ROLLBACK_COMPLETE",
                "ROLLBACK_FAILED",
                "UPDATE_FAILED",
                "UPDATE_ROLLBACK_FAILED",
            ]
        );
        assert!(named(|state| state.is_stuck() && state.is_busy()).is_empty());
        assert!(!StackState::from("EXPORT_IN_PROGRESS").is_stuck());
    }

    #[test]
    fn a_rolled_back_create_is_no_success() {
        assert_eq!(stack_end(&StackState::RollbackComplete), StackEnd::Perhaps);
        assert_eq!(stack_end(&StackState::UpdateRollbackComplete), StackEnd::Failed);
        assert_eq!(next_action(&StackState::RollbackComplete), NextAction::Clear);
        assert_eq!(
            next_action(&StackState::UpdateRollbackComplete),
            NextAction::Update
        );
    }
}
