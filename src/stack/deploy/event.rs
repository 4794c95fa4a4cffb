use std::fmt;
use std::time::SystemTime;

use aws_sdk_cloudformation::types::{self, ResourceStatus};

use crate::stack::error::{FailedResource, KeptResource};
use crate::stack::template::resource_words;

/// Something that happened to a resource of a stack, or to the stack itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackEvent {
    /// The resource's logical id in the template; the stack's name if it is about the stack.
    pub logical_id: String,
    /// What the resource is in plain words.
    pub words: String,
    /// The resource's type, such as `AWS::IAM::Role`.
    pub resource_type: String,
    /// The resource's name or id in its service; empty before it has one.
    pub physical_id: String,
    /// Whether it is about the stack itself.
    pub is_stack: bool,
    /// The state in CloudFormation's word, such as `CREATE_IN_PROGRESS`.
    pub status: String,
    /// What the state means.
    pub phase: Phase,
    /// Why, where CloudFormation says so.
    pub reason: Option<String>,
    /// When, by CloudFormation's clock.
    pub at: SystemTime,
}

/// What is being done to a resource, and how far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Phase {
    /// What is being done.
    pub work: Work,
    /// How far it is.
    pub outcome: Outcome,
}

/// What is being done to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// It is made.
    Create,
    /// It is changed.
    Update,
    /// It is removed.
    Delete,
    /// It is taken into the stack.
    Import,
    /// It is taken out of the stack.
    Export,
    /// What was done to it is undone.
    RollBack,
    /// A change to the stack is being reviewed.
    Review,
    /// Something that this version doesn't know.
    Other,
}

/// How far the work on a resource is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It goes on.
    InProgress,
    /// It is done.
    Complete,
    /// It failed.
    Failed,
    /// It was left out, as when a table is kept.
    Skipped,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let work = match self.work {
            Work::Create => "create",
            Work::Update => "update",
            Work::Delete => "delete",
            Work::Import => "import",
            Work::Export => "export",
            Work::RollBack => "roll back",
            Work::Review => "review",
            Work::Other => "work",
        };
        let outcome = match self.outcome {
            Outcome::InProgress => "in progress",
            Outcome::Complete => "complete",
            Outcome::Failed => "failed",
            Outcome::Skipped => "skipped",
        };
        write!(f, "{work} {outcome}")
    }
}

impl StackEvent {
    pub(in crate::stack) fn new(event: &types::StackEvent, stack_arn: &str, at: SystemTime) -> Self {
        let logical_id = event.logical_resource_id().unwrap_or_default().to_owned();
        let resource_type = event.resource_type().unwrap_or_default().to_owned();
        let physical_id = event.physical_resource_id().unwrap_or_default().to_owned();
        let is_stack = physical_id == stack_arn;
        let status = event.resource_status();
        Self {
            words: if is_stack {
                "the stack".to_owned()
            } else {
                resource_words::words(&logical_id, &resource_type)
            },
            is_stack,
            phase: phase(status),
            status: status.map(ResourceStatus::as_str).unwrap_or_default().to_owned(),
            reason: event
                .resource_status_reason()
                .filter(|reason| !reason.is_empty())
                .map(str::to_owned),
            at,
            logical_id,
            resource_type,
            physical_id,
        }
    }

    /// What stays although the stack goes, if it tells of such.
    pub(in crate::stack) fn kept(&self) -> Option<KeptResource> {
        let stays =
            !self.is_stack && self.phase.work == Work::Delete && self.phase.outcome == Outcome::Skipped;
        stays.then(|| KeptResource {
            logical_id: self.logical_id.clone(),
            words: self.words.clone(),
            physical_id: self.physical_id.clone(),
        })
    }

    /// The failure of a resource of its own that it tells, if it does.
    pub(in crate::stack) fn failure(&self) -> Option<FailedResource> {
        let fails = !self.is_stack && self.phase.outcome == Outcome::Failed && !self.is_cancellation();
        fails.then(|| FailedResource {
            logical_id: self.logical_id.clone(),
            words: self.words.clone(),
            resource_type: self.resource_type.clone(),
            reason: self.reason.clone().unwrap_or_else(|| "no reason is given".into()),
        })
    }

    /// Whether the resource only failed because another one did. CloudFormation has no state for that.
    fn is_cancellation(&self) -> bool {
        const STARTS: [&str; 4] = [
            "Resource creation cancelled",
            "Resource update cancelled",
            "Resource deletion cancelled",
            "Resource import cancelled",
        ];
        self.reason
            .as_deref()
            .is_some_and(|reason| STARTS.iter().any(|start| reason.starts_with(start)))
    }
}

fn phase(status: Option<&ResourceStatus>) -> Phase {
    use Outcome::{Complete, Failed, InProgress, Skipped};
    // The SDK's type isn't exhaustive, and it has no word for the states that only stacks have.
    let (work, outcome) = match status.map(ResourceStatus::as_str).unwrap_or_default() {
        "CREATE_IN_PROGRESS" => (Work::Create, InProgress),
        "CREATE_COMPLETE" => (Work::Create, Complete),
        "CREATE_FAILED" => (Work::Create, Failed),
        "UPDATE_IN_PROGRESS" | "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS" => (Work::Update, InProgress),
        "UPDATE_COMPLETE" => (Work::Update, Complete),
        "UPDATE_FAILED" => (Work::Update, Failed),
        "DELETE_IN_PROGRESS" => (Work::Delete, InProgress),
        "DELETE_COMPLETE" => (Work::Delete, Complete),
        "DELETE_FAILED" => (Work::Delete, Failed),
        "DELETE_SKIPPED" => (Work::Delete, Skipped),
        "IMPORT_IN_PROGRESS" => (Work::Import, InProgress),
        "IMPORT_COMPLETE" => (Work::Import, Complete),
        "IMPORT_FAILED" => (Work::Import, Failed),
        "EXPORT_IN_PROGRESS" => (Work::Export, InProgress),
        "EXPORT_COMPLETE" => (Work::Export, Complete),
        "EXPORT_FAILED" => (Work::Export, Failed),
        "ROLLBACK_IN_PROGRESS"
        | "UPDATE_ROLLBACK_IN_PROGRESS"
        | "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS"
        | "IMPORT_ROLLBACK_IN_PROGRESS"
        | "EXPORT_ROLLBACK_IN_PROGRESS" => (Work::RollBack, InProgress),
        "ROLLBACK_COMPLETE"
        | "UPDATE_ROLLBACK_COMPLETE"
        | "IMPORT_ROLLBACK_COMPLETE"
        | "EXPORT_ROLLBACK_COMPLETE" => (Work::RollBack, Complete),
        "ROLLBACK_FAILED"
        | "UPDATE_ROLLBACK_FAILED"
        | "IMPORT_ROLLBACK_FAILED"
        | "EXPORT_ROLLBACK_FAILED" => (Work::RollBack, Failed),
        "REVIEW_IN_PROGRESS" => (Work::Review, InProgress),
        _ => (Work::Other, InProgress),
    };
    Phase { work, outcome }
}
