//! Creating a change set, and reading its changes.

use std::collections::BTreeMap;

use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::operation::describe_change_set::DescribeChangeSetOutput;
use aws_sdk_cloudformation::types::{
    Capability, ChangeSetStatus, ChangeSetType, OnStackFailure, ResourceToImport, Tag,
};
use uuid::Uuid;

use super::change::{ResourceChange, TableLoss};
use super::plan::{Basis, StackPlan};
use super::validation;
use crate::aws::Fault;
use crate::stack::deploy::pace::PollPace;
use crate::stack::error::StackError;
use crate::stack::inspect::lookup::Deployed;
use crate::stack::inspect::table::FoundTable;
use crate::stack::template::blueprint::{Blueprint, Parameters};
use crate::stack::template::config_template::TABLE;
use crate::stack::template::resource_words;

/// The reasons that CloudFormation gives for a change set without changes, which it reports as failed without a code.
const NO_CHANGES: [&str; 3] = [
    "The submitted information didn't contain changes",
    "No updates are to be performed",
    "There are no changes",
];

/// The purpose of a change set.
#[derive(Debug)]
pub(super) enum ChangeSetPurpose {
    Create,
    /// The stack is created around an existing table.
    Adopt(FoundTable),
    Update(Box<Deployed>),
}

impl ChangeSetPurpose {
    pub(super) fn deployed(&self) -> Option<&Deployed> {
        match self {
            Self::Create | Self::Adopt(_) => None,
            Self::Update(deployed) => Some(deployed),
        }
    }
}

pub(super) async fn make_change_set(
    cfn: &Client,
    wanted: &Blueprint,
    parameters: &Parameters,
    making: &ChangeSetPurpose,
    tags: &BTreeMap<String, String>,
) -> Result<StackPlan, StackError> {
    let stack = wanted.stack();
    let name = format!("discfg-{}", Uuid::new_v4());
    let (kind, on_failure, imported) = match making {
        ChangeSetPurpose::Create => (ChangeSetType::Create, Some(OnStackFailure::Delete), None),
        ChangeSetPurpose::Adopt(table) => (ChangeSetType::Import, None, Some(imported(table))),
        ChangeSetPurpose::Update(_) => (ChangeSetType::Update, None, None),
    };
    let tag = |(key, value): (&String, &String)| Tag::builder().key(key).value(value).build();
    let made = cfn
        .create_change_set()
        .stack_name(&stack)
        .change_set_name(&name)
        .client_token(&name)
        .change_set_type(kind)
        .set_on_stack_failure(on_failure)
        .set_resources_to_import(imported.map(|table| vec![table]))
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
    Ok(StackPlan {
        stack_arn: made.stack_id.ok_or_else(|| missing("StackId"))?,
        change_set_arn: made.id.ok_or_else(|| missing("Id"))?,
        stack,
        creates: !matches!(making, ChangeSetPurpose::Update(_)),
        adopts: match making {
            ChangeSetPurpose::Adopt(table) => Some(table.clone()),
            ChangeSetPurpose::Create | ChangeSetPurpose::Update(_) => None,
        },
        earlier_access: None,
        changes: Vec::new(),
        parameters: Vec::new(),
        tags: None,
        access: Vec::new(),
        basis: Basis::default(),
    })
}

fn imported(table: &FoundTable) -> ResourceToImport {
    ResourceToImport::builder()
        .resource_type("AWS::DynamoDB::Table")
        .logical_resource_id(TABLE)
        .resource_identifier("TableName", &table.name)
        .build()
}

/// Waits for the change set and reads its changes into `plan`. False if it has none.
pub(super) async fn review(cfn: &Client, plan: &mut StackPlan) -> Result<bool, StackError> {
    let mut page = wait_for_change_set(cfn, plan).await?;
    if page.status() == Some(&ChangeSetStatus::Failed) {
        let reason = page.status_reason().unwrap_or("it gives no reason");
        if NO_CHANGES.iter().any(|start| reason.starts_with(start)) {
            return Ok(false);
        }
        return Err(validation::refusal(cfn, plan, reason.to_owned()).await);
    }
    loop {
        for given in page
            .changes()
            .iter()
            .filter_map(|change| change.resource_change())
        {
            let change = ResourceChange::new(given);
            let stack = plan.stack.clone();
            match change.loses_table(given) {
                None => {}
                Some(TableLoss::Replaced(property)) => {
                    return Err(StackError::ReplacesTable { stack, property });
                }
                Some(TableLoss::Removed) => return Err(StackError::RemovesTable { stack }),
            }
            plan.changes.push(change);
        }
        match page.next_token() {
            None => break,
            Some(token) => page = describe_change_set(cfn, plan, Some(token.to_owned())).await?,
        }
    }
    plan.changes
        .sort_by_key(|change| resource_words::template_position(&change.logical_id));
    Ok(true)
}

async fn wait_for_change_set(cfn: &Client, plan: &StackPlan) -> Result<DescribeChangeSetOutput, StackError> {
    let mut pace = PollPace::new(cfn);
    loop {
        match describe_change_set(cfn, plan, None).await {
            Ok(answer) => match answer.status() {
                None | Some(ChangeSetStatus::CreatePending | ChangeSetStatus::CreateInProgress) => {
                    pace.as_usual();
                }
                Some(ChangeSetStatus::CreateComplete | ChangeSetStatus::Failed) => return Ok(answer),
                Some(_) => {
                    return Err(StackError::StaleChangeSet {
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
    plan: &StackPlan,
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

/// Turns a validation error into one about the template or a parameter, which CloudFormation's message names.
fn refused(stack: &str, error: StackError) -> StackError {
    match error {
        StackError::Request { source, .. } if source.is("ValidationError") => StackError::Refused {
            stack: stack.to_owned(),
            reason: source.message,
        },
        other => other,
    }
}
