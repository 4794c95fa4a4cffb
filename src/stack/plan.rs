use std::collections::BTreeMap;

use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::operation::describe_change_set::DescribeChangeSetOutput;
use aws_sdk_cloudformation::types::{Capability, ChangeSetStatus, ChangeSetType, OnStackFailure, Tag};
use uuid::Uuid;

use super::blueprint::{Blueprint, ParameterChange, Parameters};
use super::change::ResourceChange;
use super::error::StackError;
use super::lookup::{self, Deployed};
use super::pace::Pace;
use super::spec::StackSpec;
use super::state::{self, Next, StackState};
use super::template::{self, Parameter};
use crate::aws::Fault;
use crate::model::Region;

/// What can be done to make a stack as a [`StackSpec`] says.
#[derive(Debug)]
pub enum Proposal {
    /// Nothing: it is so already.
    Unchanged(Box<Deployed>),
    /// Something is in the way and has to be cleared first, after asking; then plan again.
    Clear(Leftover),
    /// A change set is made and waits for its execution.
    Ready(Plan),
}

/// What a first create that failed has left: an empty stack that CloudFormation can only delete.
#[derive(Debug)]
pub struct Leftover {
    /// The stack.
    pub stack: Deployed,
}

/// A change set that waits to be executed with [`super::deploy`], or removed with [`discard`].
#[derive(Debug)]
pub struct Plan {
    /// The stack's name.
    pub stack: String,
    /// The stack's ARN. A new stack has one already, empty and in `REVIEW_IN_PROGRESS`.
    pub stack_arn: String,
    /// The change set's ARN. Requests about it name the stack as well: policies allow them by the stack.
    pub change_set_arn: String,
    /// Whether the stack is new.
    pub creates: bool,
    /// What happens to each resource.
    pub changes: Vec<ResourceChange>,
    /// The parameters that change.
    pub parameters: Vec<ParameterChange>,
    /// The stack's tags before and after, if they change.
    pub tags: Option<(BTreeMap<String, String>, BTreeMap<String, String>)>,
}

/// Why CloudFormation says that a change set has failed when there is nothing to change. It has no code for that.
const NO_CHANGES: [&str; 3] = [
    "The submitted information didn't contain changes",
    "No updates are to be performed",
    "There are no changes",
];

/// Looks at the stack and makes a change set for what differs from `wanted`. Nothing is deployed.
///
/// If nothing differs, this takes two requests: `DescribeStacks` and `GetTemplate`.
pub async fn plan(cfn: &Client, wanted: impl Into<Blueprint>) -> Result<Proposal, StackError> {
    let wanted = &wanted.into();
    check_place(cfn, wanted)?;
    let stack = wanted.stack();
    let Some(deployed) = lookup::describe(cfn, &stack).await? else {
        return change(cfn, wanted, None).await;
    };
    match state::next(&deployed.state) {
        Next::Create => change(cfn, wanted, None).await,
        Next::Update if !deployed.is_ours() => Err(StackError::NotOurs { stack }),
        Next::Update => change(cfn, wanted, Some(deployed)).await,
        Next::Clear => Ok(Proposal::Clear(Leftover { stack: deployed })),
        Next::Wait => Err(StackError::Busy {
            stack,
            state: deployed.state,
            since: deployed.since,
        }),
        Next::Stop(advice) => Err(StackError::Stuck {
            stack,
            state: deployed.state,
            advice,
        }),
    }
}

/// Deletes what a failed first create has left, and waits until it is gone.
pub async fn clear(cfn: &Client, leftover: &Leftover) -> Result<(), StackError> {
    let stack = &leftover.stack;
    delete_stack(cfn, &stack.arn).await?;
    match lookup::settle(cfn, &stack.arn).await? {
        None => Ok(()),
        Some(gone) if gone.state == StackState::DeleteComplete => Ok(()),
        Some(left) => Err(StackError::Stuck {
            stack: stack.name.clone(),
            advice: match state::next(&left.state) {
                Next::Stop(advice) => advice,
                Next::Create | Next::Update | Next::Clear | Next::Wait => {
                    "it could not be deleted; try again"
                }
            },
            state: left.state,
        }),
    }
}

/// Removes a plan's change set, and the empty stack that it may have left, unless someone else has come to use it.
pub async fn discard(cfn: &Client, plan: &Plan) -> Result<(), StackError> {
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
        delete_stack(cfn, &plan.stack_arn).await?;
    }
    Ok(())
}

fn check_place(cfn: &Client, wanted: &Blueprint) -> Result<(), StackError> {
    let region = cfn
        .config()
        .region()
        .and_then(|region| region.as_ref().parse::<Region>().ok());
    region.map_or(Ok(()), |region| wanted.check_place(&region))
}

async fn change(
    cfn: &Client,
    wanted: &Blueprint,
    deployed: Option<Deployed>,
) -> Result<Proposal, StackError> {
    let nothing = BTreeMap::new();
    let (before, had) = deployed
        .as_ref()
        .map_or((&nothing, &nothing), |stack| (&stack.parameters, &stack.tags));
    let parameters = Parameters::new(wanted, before);
    if parameters.trusts_unbounded() {
        return Err(StackError::Unbounded);
    }
    if let Some(key) = parameters.replaced_key() {
        return Err(StackError::ReplacesKey {
            stack: wanted.stack(),
            key: key.to_owned(),
        });
    }
    let tags = wanted.tags.as_ref().unwrap_or(had);
    let same = match &deployed {
        Some(stack) => {
            parameters.changes.is_empty() && tags == had && has_template(cfn, stack, wanted.template).await?
        }
        None => false,
    };
    if same && let Some(stack) = deployed {
        return Ok(Proposal::Unchanged(Box::new(stack)));
    }

    let mut plan = make_change_set(cfn, wanted, &parameters, deployed.is_none(), tags).await?;
    plan.tags = (tags != had).then(|| (had.clone(), tags.clone()));
    plan.parameters = parameters.changes;
    let outcome = review(cfn, &mut plan).await;
    if matches!(outcome, Ok(true)) {
        return Ok(Proposal::Ready(plan));
    }
    let cleaned = discard(cfn, &plan).await;
    match (outcome, deployed) {
        (Ok(_), Some(stack)) => cleaned.map(|()| Proposal::Unchanged(Box::new(stack))),
        (outcome, _) => {
            // What hinders the cleaning up hides nothing of why there is anything to clean up.
            if let Err(error) = cleaned {
                tracing::warn!(change_set = plan.change_set_arn, %error, "the change set stays behind");
            }
            Err(outcome.err().unwrap_or(StackError::Incomplete {
                stack: plan.stack,
                what: "Changes",
            }))
        }
    }
}

async fn make_change_set(
    cfn: &Client,
    wanted: &Blueprint,
    parameters: &Parameters,
    creates: bool,
    tags: &BTreeMap<String, String>,
) -> Result<Plan, StackError> {
    let stack = wanted.stack();
    let name = format!("discfg-{}", Uuid::new_v4());
    let kind = if creates {
        ChangeSetType::Create
    } else {
        ChangeSetType::Update
    };
    let tag = |(key, value): (&String, &String)| Tag::builder().key(key).value(value).build();
    let made = cfn
        .create_change_set()
        .stack_name(&stack)
        .change_set_name(&name)
        .client_token(&name)
        .change_set_type(kind)
        .set_on_stack_failure(creates.then_some(OnStackFailure::Delete))
        .template_body(wanted.template)
        .capabilities(Capability::CapabilityNamedIam)
        .set_parameters(Some(parameters.to_sdk()))
        .set_tags(Some(tags.iter().map(tag).collect()))
        .set_role_arn(wanted.cfn_role.clone())
        .send()
        .await
        .map_err(|error| {
            refused(
                &stack,
                StackError::request("cloudformation:CreateChangeSet", &error),
            )
        })?;
    let missing = |what| StackError::Incomplete {
        stack: stack.clone(),
        what,
    };
    Ok(Plan {
        stack_arn: made.stack_id.ok_or_else(|| missing("StackId"))?,
        change_set_arn: made.id.ok_or_else(|| missing("Id"))?,
        stack,
        creates,
        changes: Vec::new(),
        parameters: Vec::new(),
        tags: None,
    })
}

/// Waits for the change set and reads what it does into `plan`. False if it does nothing.
async fn review(cfn: &Client, plan: &mut Plan) -> Result<bool, StackError> {
    let mut page = wait_for_change_set(cfn, plan).await?;
    if page.status() == Some(&ChangeSetStatus::Failed) {
        let reason = page.status_reason().unwrap_or("it gives no reason");
        if NO_CHANGES.iter().any(|start| reason.starts_with(start)) {
            return Ok(false);
        }
        return Err(StackError::Refused {
            stack: plan.stack.clone(),
            reason: reason.to_owned(),
        });
    }
    loop {
        for given in page
            .changes()
            .iter()
            .filter_map(|change| change.resource_change())
        {
            let change = ResourceChange::new(given);
            if let Some(property) = change.replaces_table(given) {
                return Err(StackError::ReplacesTable {
                    stack: plan.stack.clone(),
                    property,
                });
            }
            plan.changes.push(change);
        }
        match page.next_token() {
            None => break,
            Some(token) => page = describe_change_set(cfn, plan, Some(token.to_owned())).await?,
        }
    }
    plan.changes
        .sort_by_key(|change| template::position(&change.logical_id));
    Ok(true)
}

async fn wait_for_change_set(cfn: &Client, plan: &Plan) -> Result<DescribeChangeSetOutput, StackError> {
    let mut pace = Pace::new(cfn);
    loop {
        match describe_change_set(cfn, plan, None).await {
            Ok(answer) => match answer.status() {
                None | Some(ChangeSetStatus::CreatePending | ChangeSetStatus::CreateInProgress) => {
                    pace.as_usual();
                }
                Some(ChangeSetStatus::CreateComplete | ChangeSetStatus::Failed) => return Ok(answer),
                Some(_) => {
                    return Err(StackError::Overtaken {
                        stack: plan.stack.clone(),
                    });
                }
            },
            Err(error) if error.fault() == Some(Fault::Throttled) => pace.slower(),
            Err(error) => return Err(error),
        }
        pace.pause().await;
    }
}

async fn describe_change_set(
    cfn: &Client,
    plan: &Plan,
    page: Option<String>,
) -> Result<DescribeChangeSetOutput, StackError> {
    cfn.describe_change_set()
        .stack_name(&plan.stack_arn)
        .change_set_name(&plan.change_set_arn)
        .set_next_token(page)
        .send()
        .await
        .map_err(|error| StackError::request("cloudformation:DescribeChangeSet", &error))
}

async fn has_template(cfn: &Client, stack: &Deployed, template: &str) -> Result<bool, StackError> {
    let answer = cfn
        .get_template()
        .stack_name(&stack.arn)
        .send()
        .await
        .map_err(|error| StackError::request("cloudformation:GetTemplate", &error))?;
    Ok(answer
        .template_body()
        .is_some_and(|body| body.trim_end() == template.trim_end()))
}

async fn is_under_review(cfn: &Client, plan: &Plan) -> Result<bool, StackError> {
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

async fn delete_stack(cfn: &Client, stack_arn: &str) -> Result<(), StackError> {
    cfn.delete_stack()
        .stack_name(stack_arn)
        .client_request_token(Uuid::new_v4().to_string())
        .send()
        .await
        .map(drop)
        .map_err(|error| StackError::request("cloudformation:DeleteStack", &error))
}

/// A validation error is about the template or a parameter, and CloudFormation's words say which.
fn refused(stack: &str, error: StackError) -> StackError {
    match error {
        StackError::Request { source, .. } if source.is("ValidationError") => StackError::Refused {
            stack: stack.to_owned(),
            reason: source.message,
        },
        other => other,
    }
}

/// The parameters that a [`StackSpec`] decides, in the JSON form that the AWS CLI takes.
pub fn parameters_json(spec: &StackSpec) -> serde_json::Value {
    let entry = |(parameter, value): (Parameter, String)| serde_json::json!({"ParameterKey": parameter.name(), "ParameterValue": value});
    spec.parameters().into_iter().map(entry).collect()
}
