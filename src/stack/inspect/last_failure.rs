use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types;

use super::lookup::Deployed;
use crate::model::Timestamp;
use crate::stack::deploy::event::{ResourceOutcome, ResourceWork, StackEvent};
use crate::stack::deploy::event_feed::{EventFeed, to_event};
use crate::stack::error::StackError;
use crate::stack::failed_resource::FailedResource;

/// How far back a failure is searched: 10 pages of 100 events.
const PAGES: usize = 10;

/// A failed operation on a stack, with its first cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastFailure {
    /// The operation: create, update, delete or import.
    pub work: ResourceWork,
    /// The time of its first cause, by CloudFormation's clock.
    pub at: Timestamp,
    /// CloudFormation's operation ID, if it has one.
    pub operation: Option<String>,
    /// The resource that failed first; those that were cancelled because of it don't count.
    pub first: FailedResource,
    /// Whether another operation followed.
    pub is_over: bool,
}

/// The last failed operation of a stack among its last thousand events. Needs
/// `cloudformation:DescribeStackEvents`.
pub async fn last_failure(cfn: &Client, stack: &Deployed) -> Result<Option<PastFailure>, StackError> {
    let latest = EventFeed::new(cfn, &stack.arn).latest(PAGES).await?;
    Ok(find(&latest, &stack.arn))
}

/// Finds the last failure in events, newest first.
fn find(newest_first: &[types::StackEvent], stack_arn: &str) -> Option<PastFailure> {
    let mut work = ResourceWork::Other;
    let mut failed_already = false;
    let mut last: Option<PastFailure> = None;
    for given in newest_first.iter().rev() {
        let event = to_event(given, stack_arn);
        if event.is_stack && begins(&event) {
            work = event.phase.work;
            failed_already = false;
            if let Some(last) = &mut last {
                last.is_over = true;
            }
        }
        if let Some(first) = event.failure()
            && !failed_already
        {
            failed_already = true;
            last = Some(PastFailure {
                work: if work == ResourceWork::Other {
                    event.phase.work
                } else {
                    work
                },
                at: event.at.into(),
                operation: given.operation_id().map(str::to_owned),
                first,
                is_over: false,
            });
        }
    }
    last
}

/// Whether a new operation starts. A rollback, and the deletion after a failed create, belong to the previous one.
fn begins(event: &StackEvent) -> bool {
    event.phase.outcome == ResourceOutcome::InProgress
        && matches!(
            event.status.as_str(),
            "CREATE_IN_PROGRESS" | "UPDATE_IN_PROGRESS" | "DELETE_IN_PROGRESS" | "IMPORT_IN_PROGRESS"
        )
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_cloudformation::primitives::DateTime;
    use aws_sdk_cloudformation::types::ResourceStatus;

    const ARN: &str = "arn:aws:cloudformation:eu-central-1:123456789012:stack/discfg-shop/one";

    fn events(given: &[(&str, &str, &str)]) -> Vec<types::StackEvent> {
        let event = |(at, (id, status, reason)): (usize, &(&str, &str, &str))| {
            types::StackEvent::builder()
                .stack_id(ARN)
                .event_id(at.to_string())
                .logical_resource_id(*id)
                .physical_resource_id(if *id == "discfg-shop" { ARN } else { "physical" })
                .resource_status(ResourceStatus::from(*status))
                .resource_status_reason(*reason)
                .operation_id(format!("operation of {at}"))
                .timestamp(DateTime::from_secs(i64::try_from(at).expect("small")))
                .build()
        };
        let mut events: Vec<_> = given.iter().enumerate().map(event).collect();
        events.reverse();
        events
    }

    #[test]
    fn a_failure_is_told_by_its_first_cause_and_its_operation() {
        let given = [
            ("discfg-shop", "CREATE_IN_PROGRESS", ""),
            ("discfg-shop", "CREATE_COMPLETE", ""),
            ("discfg-shop", "UPDATE_IN_PROGRESS", ""),
            ("WriteRole", "UPDATE_FAILED", "Resource update cancelled"),
            ("ReadRole", "UPDATE_FAILED", "iam:UpdateRole is not allowed"),
            ("Table", "UPDATE_FAILED", "a later failure"),
            ("discfg-shop", "UPDATE_ROLLBACK_IN_PROGRESS", ""),
            ("ReadRole", "UPDATE_FAILED", "rolling back failed too"),
            ("discfg-shop", "UPDATE_ROLLBACK_COMPLETE", ""),
        ];
        let found = find(&events(&given), ARN).expect("a failure");
        assert_eq!(found.first.reason, "iam:UpdateRole is not allowed");
        assert_eq!(
            (found.work, found.at),
            (ResourceWork::Update, Timestamp::from_epoch(4))
        );
        assert_eq!(found.operation.as_deref(), Some("operation of 4"));
        assert!(!found.is_over);

        let mut later = given.to_vec();
        later.push(("discfg-shop", "UPDATE_IN_PROGRESS", ""));
        later.push(("discfg-shop", "UPDATE_COMPLETE", ""));
        let found = find(&events(&later), ARN).expect("a failure");
        assert_eq!(found.first.reason, "iam:UpdateRole is not allowed");
        assert!(found.is_over);
    }

    #[test]
    fn where_nothing_failed_nothing_is_told() {
        let given = [
            ("discfg-shop", "CREATE_IN_PROGRESS", ""),
            ("Table", "CREATE_COMPLETE", ""),
            ("discfg-shop", "CREATE_COMPLETE", ""),
        ];
        assert_eq!(find(&events(&given), ARN), None);
        assert_eq!(find(&[], ARN), None);
    }
}
