use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::{EventFilter, OperationEvent};

use super::plan::StackPlan;
use crate::aws::Fault;
use crate::stack::error::{Objections, StackError};

/// The error of a change set that failed: its reason is only a summary, and the validation errors are in events.
pub(in crate::stack) async fn refusal(cfn: &Client, plan: &StackPlan, reason: String) -> StackError {
    let stack = plan.stack.clone();
    match objections(cfn, &plan.change_set_arn).await {
        Ok(found) if found.is_empty() => StackError::Refused { stack, reason },
        Ok(found) => StackError::Invalid {
            stack,
            reason,
            objections: Objections::Told(found),
        },
        // A service without this operation has no details.
        Err(error) if error.fault() == Some(Fault::Denied) && reason.contains("alidation") => {
            StackError::Invalid {
                stack,
                reason,
                objections: Objections::Denied,
            }
        }
        Err(error) => {
            tracing::debug!(%error, "no details of the rejection");
            StackError::Refused { stack, reason }
        }
    }
}

async fn objections(cfn: &Client, change_set_arn: &str) -> Result<Vec<String>, StackError> {
    let mut found: Vec<String> = Vec::new();
    let mut page = None;
    loop {
        let answer = cfn
            .describe_events()
            .change_set_name(change_set_arn)
            .filters(EventFilter::builder().failed_events(true).build())
            .set_next_token(page)
            .send()
            .await
            .map_err(|error| StackError::request("cloudformation:DescribeEvents", &error))?;
        for objection in answer.operation_events().iter().filter_map(objection) {
            if !found.contains(&objection) {
                found.push(objection);
            }
        }
        page = answer.next_token;
        if page.is_none() {
            return Ok(found);
        }
    }
}

fn objection(event: &OperationEvent) -> Option<String> {
    let reason = event
        .validation_status_reason()
        .or(event.hook_status_reason())
        .or(event.resource_status_reason())
        .filter(|reason| !reason.is_empty())?;
    let place = event.logical_resource_id().unwrap_or("template");
    Some(match event.validation_path() {
        Some(path) if !path.is_empty() => format!("{place}: {reason} (at {path})"),
        _ => format!("{place}: {reason}"),
    })
}
