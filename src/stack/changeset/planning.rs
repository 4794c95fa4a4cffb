//! How a stack comes to be as wanted: what is there, and the change set for what differs.

use std::collections::BTreeMap;

use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::operation::describe_change_set::DescribeChangeSetOutput;
use aws_sdk_cloudformation::types::{
    Capability, ChangeSetStatus, ChangeSetType, OnStackFailure, ResourceToImport, Tag,
};
use uuid::Uuid;

use super::adoption;
use super::change::{ResourceChange, TableLoss};
use super::discard::discard;
use super::leftover::{Leftover, Remedy};
use super::plan::{Basis, Proposal, StackPlan};
use super::validation;
use crate::aws::Fault;
use crate::model::Region;
use crate::stack::deploy::pace::PollPace;
use crate::stack::error::StackError;
use crate::stack::inspect::lookup;
use crate::stack::inspect::lookup::Deployed;
use crate::stack::inspect::resource;
use crate::stack::inspect::state;
use crate::stack::inspect::state::NextAction;
use crate::stack::inspect::table;
use crate::stack::inspect::table::FoundTable;
use crate::stack::services::Services;
use crate::stack::template::blueprint::{Blueprint, CODE_MARK, Owner, Parameters};
use crate::stack::template::config_template::Parameter;
use crate::stack::template::config_template::TABLE;
use crate::stack::template::resource_words;
use crate::stack::template::size;
use crate::stack::template::spec::StackSpec;

/// Why CloudFormation says that a change set has failed when there is nothing to change. It has no code for that.
const NO_CHANGES: [&str; 3] = [
    "The submitted information didn't contain changes",
    "No updates are to be performed",
    "There are no changes",
];

/// Looks at the stack and makes a change set for what differs from `wanted`. Nothing is deployed.
///
/// If nothing differs, this takes two requests: `DescribeStacks` and `GetTemplate`. It doesn't look for a table that
/// an earlier stack of a config has left: that does [`plan_config`].
pub async fn plan(cfn: &Client, wanted: impl Into<Blueprint>) -> Result<Proposal, StackError> {
    let wanted = &wanted.into();
    check_place(cfn, wanted)?;
    match look(cfn, wanted).await? {
        ExistingStack::Nothing => change(cfn, wanted, ChangeSetPurpose::Create).await,
        ExistingStack::Stack(deployed) => change(cfn, wanted, ChangeSetPurpose::Update(deployed)).await,
        ExistingStack::Leftover(leftover) => Ok(Proposal::Clear(*leftover)),
    }
}

/// Does for a config what [`plan`] does, and beyond the stack looks at its table: one that is there without a stack is
/// adopted, in two deployments ([`StackPlan::adopts`]), and of what a failed create has left it says which table goes and
/// which stays.
pub async fn plan_config(services: &Services, spec: &StackSpec) -> Result<Proposal, StackError> {
    let mut wanted = Blueprint::from(spec);
    let cfn = &services.cfn;
    check_place(cfn, &wanted)?;
    match look(cfn, &wanted).await? {
        ExistingStack::Nothing => match table::find(&services.dynamodb, &spec.config).await? {
            None => change(cfn, &wanted, ChangeSetPurpose::Create).await,
            Some(table) => {
                adoption::begin(&mut wanted, &table)?;
                change(cfn, &wanted, ChangeSetPurpose::Adopt(table)).await
            }
        },
        ExistingStack::Stack(deployed) => {
            if deployed.is_adopting() {
                adoption::complete(&mut wanted, &deployed);
            }
            change(cfn, &wanted, ChangeSetPurpose::Update(deployed)).await
        }
        ExistingStack::Leftover(mut leftover) => {
            leftover.look(services, &spec.config).await?;
            Ok(Proposal::Clear(*leftover))
        }
    }
}

/// What is there before anything is planned.
enum ExistingStack {
    Nothing,
    Stack(Box<Deployed>),
    Leftover(Box<Leftover>),
}

async fn look(cfn: &Client, wanted: &Blueprint) -> Result<ExistingStack, StackError> {
    let stack = wanted.stack();
    let Some(deployed) = lookup::describe(cfn, &stack).await? else {
        return Ok(ExistingStack::Nothing);
    };
    let leftover = |deployed, remedy| Ok(ExistingStack::Leftover(Box::new(Leftover::new(deployed, remedy))));
    match state::next(&deployed.state) {
        NextAction::Create => Ok(ExistingStack::Nothing),
        NextAction::Update | NextAction::RollBack
            if !is_marked(&deployed, wanted) && !is_begun(&deployed, wanted) =>
        {
            Err(not_ours(wanted))
        }
        NextAction::Update => Ok(ExistingStack::Stack(Box::new(deployed))),
        NextAction::Clear if !bears_name(&deployed, wanted) => Err(not_ours(wanted)),
        NextAction::Clear => leftover(deployed, Remedy::Delete),
        NextAction::RollBack => leftover(deployed, Remedy::RollBack),
        NextAction::Wait => Err(StackError::Busy {
            stack,
            state: deployed.state,
            since: deployed.since,
        }),
        NextAction::Continue => Err(resource::rollback_stuck(cfn, deployed).await),
        NextAction::Stop(advice) => Err(StackError::Stuck {
            stack,
            state: deployed.state,
            advice,
        }),
    }
}

fn not_ours(wanted: &Blueprint) -> StackError {
    StackError::NotOurs {
        stack: wanted.stack(),
        mark: wanted.owner.mark(),
    }
}

/// Whether a stack bears the mark of what `wanted` would make.
fn is_marked(deployed: &Deployed, wanted: &Blueprint) -> bool {
    match &wanted.owner {
        Owner::Config(_) | Owner::Grant(..) => deployed.is_ours(),
        Owner::Code => deployed.outputs.contains_key(CODE_MARK),
    }
}

/// Whether a stack that has no outputs yet, because its first create failed, is what `wanted` would make.
fn is_begun(deployed: &Deployed, wanted: &Blueprint) -> bool {
    deployed.outputs.is_empty()
        && deployed.state == crate::stack::StackState::CreateFailed
        && bears_name(deployed, wanted)
}

/// Whether the stack was made from a template like ours, for the same config if it is one's: what is deleted must be.
fn bears_name(deployed: &Deployed, wanted: &Blueprint) -> bool {
    let given = |parameter| deployed.parameters.get(parameter).map(String::as_str);
    match &wanted.owner {
        Owner::Config(config) | Owner::Grant(config, _) => {
            given(Parameter::Config.name()) == Some(config.as_str())
        }
        Owner::Code => given(CODE_MARK).is_some(),
    }
}

fn check_place(cfn: &Client, wanted: &Blueprint) -> Result<(), StackError> {
    region(cfn).map_or(Ok(()), |region| wanted.check_place(&region))
}

fn region(cfn: &Client) -> Option<Region> {
    cfn.config().region()?.as_ref().parse().ok()
}

/// How a stack comes to be as wanted.
#[derive(Debug)]
enum ChangeSetPurpose {
    Create,
    /// It is made around a table that is there.
    Adopt(FoundTable),
    Update(Box<Deployed>),
}

impl ChangeSetPurpose {
    fn deployed(&self) -> Option<&Deployed> {
        match self {
            Self::Create | Self::Adopt(_) => None,
            Self::Update(deployed) => Some(deployed),
        }
    }
}

async fn change(cfn: &Client, wanted: &Blueprint, making: ChangeSetPurpose) -> Result<Proposal, StackError> {
    let nothing = BTreeMap::new();
    let deployed = making.deployed();
    let (before, had) = deployed.map_or((&nothing, &nothing), |stack| (&stack.parameters, &stack.tags));
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
    // An import may give no tags: the update that follows does.
    let tags = match &making {
        ChangeSetPurpose::Adopt(_) => had,
        ChangeSetPurpose::Create | ChangeSetPurpose::Update(_) => wanted.tags.as_ref().unwrap_or(had),
    };
    if let ChangeSetPurpose::Update(stack) = &making
        && !stack.is_adopting()
        && parameters.changes.is_empty()
        && tags == had
        && has_template(cfn, stack, wanted.template).await?
    {
        return Ok(Proposal::Unchanged(stack.clone()));
    }

    if let Some(region) = region(cfn) {
        let before = deployed.as_ref().map(|stack| &stack.parameters);
        size::check(
            &wanted.stack(),
            wanted.template,
            &region,
            before,
            &parameters.after(),
        )?;
    }
    let mut plan = make_change_set(cfn, wanted, &parameters, &making, tags).await?;
    plan.tags = (tags != had).then(|| (had.clone(), tags.clone()));
    plan.basis = Basis {
        template: wanted.template,
        before: deployed.as_ref().map(|stack| stack.parameters.clone()),
        after: parameters.after(),
    };
    plan.parameters = parameters.changes;
    let outcome = review(cfn, &mut plan).await;
    if matches!(outcome, Ok(true)) {
        return Ok(Proposal::Ready(plan));
    }
    let cleaned = discard(cfn, &plan).await;
    match (outcome, making) {
        (Ok(_), ChangeSetPurpose::Update(stack)) => cleaned.map(|()| Proposal::Unchanged(stack)),
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

/// Waits for the change set and reads what it does into `plan`. False if it does nothing.
async fn review(cfn: &Client, plan: &mut StackPlan) -> Result<bool, StackError> {
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
        .sort_by_key(|change| resource_words::position(&change.logical_id));
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
