use std::fmt;
use std::time::SystemTime;

use aws_sdk_cloudformation::types::{self, ResourceStatus};

use crate::stack::failed_resource::{FailedResource, KeptResource};
use crate::stack::template::resource_words;

/// An event of a stack or one of its resources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackEvent {
    /// The resource's logical id in the template; the stack's name for an event of the stack itself.
    pub logical_id: String,
    /// The name of the resource for people.
    pub words: String,
    /// The resource's type, such as `AWS::IAM::Role`.
    pub resource_type: String,
    /// The resource's name or id in its service; empty until it has one.
    pub physical_id: String,
    /// Whether it is an event of the stack itself.
    pub is_stack: bool,
    /// CloudFormation's status, such as `CREATE_IN_PROGRESS`.
    pub status: String,
    /// The status, parsed.
    pub phase: ResourcePhase,
    /// The reason, where CloudFormation gives one.
    pub reason: Option<String>,
    /// The time, by CloudFormation's clock.
    pub at: SystemTime,
}

/// The operation on a resource, and its progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResourcePhase {
    /// The operation.
    pub work: ResourceWork,
    /// Its progress.
    pub outcome: ResourceOutcome,
}

/// An operation on a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResourceWork {
    /// It is created.
    Create,
    /// It is updated.
    Update,
    /// It is deleted.
    Delete,
    /// It is imported into the stack.
    Import,
    /// It is exported from the stack.
    Export,
    /// It is rolled back.
    RollBack,
    /// A change to the stack is being reviewed.
    Review,
    /// An operation that this version doesn't know.
    Other,
}

/// The progress of an operation on a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResourceOutcome {
    /// It is running.
    InProgress,
    /// It is done.
    Complete,
    /// It failed.
    Failed,
    /// It was skipped, such as the deletion of a table that is kept.
    Skipped,
}

impl fmt::Display for ResourcePhase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let work = match self.work {
            ResourceWork::Create => "create",
            ResourceWork::Update => "update",
            ResourceWork::Delete => "delete",
            ResourceWork::Import => "import",
            ResourceWork::Export => "export",
            ResourceWork::RollBack => "roll back",
            ResourceWork::Review => "review",
            ResourceWork::Other => "work",
        };
        let outcome = match self.outcome {
            ResourceOutcome::InProgress => "in progress",
            ResourceOutcome::Complete => "complete",
            ResourceOutcome::Failed => "failed",
            ResourceOutcome::Skipped => "skipped",
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
                "stack".to_owned()
            } else {
                resource_words::describe(&logical_id, &resource_type)
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

    /// The resource that outlives the stack's deletion, if this event reports one.
    pub(in crate::stack) fn kept(&self) -> Option<KeptResource> {
        let stays = !self.is_stack
            && self.phase.work == ResourceWork::Delete
            && self.phase.outcome == ResourceOutcome::Skipped;
        stays.then(|| KeptResource {
            logical_id: self.logical_id.clone(),
            words: self.words.clone(),
            physical_id: self.physical_id.clone(),
        })
    }

    /// The failed resource, if this event reports one that failed by itself.
    pub(in crate::stack) fn failure(&self) -> Option<FailedResource> {
        let fails =
            !self.is_stack && self.phase.outcome == ResourceOutcome::Failed && !self.is_cancellation();
        fails.then(|| FailedResource {
            logical_id: self.logical_id.clone(),
            words: self.words.clone(),
            resource_type: self.resource_type.clone(),
            reason: self
                .reason
                .clone()
                .unwrap_or_else(|| "CloudFormation gives no reason".into()),
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

fn phase(status: Option<&ResourceStatus>) -> ResourcePhase {
    use ResourceOutcome::{Complete, Failed, InProgress, Skipped};
    // The SDK's type isn't exhaustive, and it has no word for the states that only stacks have.
    let (work, outcome) = match status.map(ResourceStatus::as_str).unwrap_or_default() {
        "CREATE_IN_PROGRESS" => (ResourceWork::Create, InProgress),
        "CREATE_COMPLETE" => (ResourceWork::Create, Complete),
        "CREATE_FAILED" => (ResourceWork::Create, Failed),
        "UPDATE_IN_PROGRESS" | "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS" => (ResourceWork::Update, InProgress),
        "UPDATE_COMPLETE" => (ResourceWork::Update, Complete),
        "UPDATE_FAILED" => (ResourceWork::Update, Failed),
        "DELETE_IN_PROGRESS" => (ResourceWork::Delete, InProgress),
        "DELETE_COMPLETE" => (ResourceWork::Delete, Complete),
        "DELETE_FAILED" => (ResourceWork::Delete, Failed),
        "DELETE_SKIPPED" => (ResourceWork::Delete, Skipped),
        "IMPORT_IN_PROGRESS" => (ResourceWork::Import, InProgress),
        "IMPORT_COMPLETE" => (ResourceWork::Import, Complete),
        "IMPORT_FAILED" => (ResourceWork::Import, Failed),
        "EXPORT_IN_PROGRESS" => (ResourceWork::Export, InProgress),
        "EXPORT_COMPLETE" => (ResourceWork::Export, Complete),
        "EXPORT_FAILED" => (ResourceWork::Export, Failed),
        "ROLLBACK_IN_PROGRESS"
        | "UPDATE_ROLLBACK_IN_PROGRESS"
        | "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS"
        | "IMPORT_ROLLBACK_IN_PROGRESS"
        | "EXPORT_ROLLBACK_IN_PROGRESS" => (ResourceWork::RollBack, InProgress),
        "ROLLBACK_COMPLETE"
        | "UPDATE_ROLLBACK_COMPLETE"
        | "IMPORT_ROLLBACK_COMPLETE"
        | "EXPORT_ROLLBACK_COMPLETE" => (ResourceWork::RollBack, Complete),
        "ROLLBACK_FAILED"
        | "UPDATE_ROLLBACK_FAILED"
        | "IMPORT_ROLLBACK_FAILED"
        | "EXPORT_ROLLBACK_FAILED" => (ResourceWork::RollBack, Failed),
        "REVIEW_IN_PROGRESS" => (ResourceWork::Review, InProgress),
        _ => (ResourceWork::Other, InProgress),
    };
    ResourcePhase { work, outcome }
}
