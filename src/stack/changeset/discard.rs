use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::ChangeSetStatus;

use super::plan::StackPlan;
use crate::stack::deploy::destroy::request_deletion;
use crate::stack::error::StackError;
use crate::stack::inspect::lookup;
use crate::stack::inspect::state::StackState;

/// Deletes a plan's change set, and the empty stack that it may have left, unless someone else uses it now.
pub async fn discard(cfn: &Client, plan: &StackPlan) -> Result<(), StackError> {
    cfn.delete_change_set()
        .stack_name(&plan.stack_arn)
        .change_set_name(&plan.change_set_arn)
        .send()
        .await
        .map_err(|error| StackError::request("cloudformation:DeleteChangeSet", &error))?;
    if !plan.creates {
        return Ok(());
    }
    // Someone may have executed, or be reviewing, a change set of their own in the meantime.
    let empty = matches!(
        lookup::describe(cfn, &plan.stack_arn).await?,
        Some(stack) if stack.state == StackState::ReviewInProgress
    );
    if empty && !is_under_review(cfn, plan).await? {
        request_deletion(cfn, &plan.stack, &plan.stack_arn, false).await?;
    }
    Ok(())
}

async fn is_under_review(cfn: &Client, plan: &StackPlan) -> Result<bool, StackError> {
    let answer = cfn
        .list_change_sets()
        .stack_name(&plan.stack_arn)
        .send()
        .await
        .map_err(|error| StackError::request("cloudformation:ListChangeSets", &error))?;
    Ok(answer.summaries().iter().any(|summary| {
        summary.change_set_id() != Some(&plan.change_set_arn)
            && matches!(
                summary.status(),
                Some(
                    ChangeSetStatus::CreatePending
                        | ChangeSetStatus::CreateInProgress
                        | ChangeSetStatus::CreateComplete
                )
            )
    }))
}
