//! Planning: inspects the stack and creates a change set for the differences.

use std::collections::BTreeMap;

use aws_sdk_cloudformation::Client;

use super::adoption;
use super::change_set::{ChangeSetPurpose, make_change_set, review};
use super::discard::discard;
use super::leftover::{Leftover, Remedy};
use super::plan::{Basis, Proposal, StackPlan};
use crate::model::Region;
use crate::stack::error::StackError;
use crate::stack::inspect::lookup;
use crate::stack::inspect::lookup::Deployed;
use crate::stack::inspect::resource;
use crate::stack::inspect::state;
use crate::stack::inspect::state::NextAction;
use crate::stack::inspect::table;
use crate::stack::services::Services;
use crate::stack::template::blueprint::{Blueprint, CODE_MARK, Owner, Parameters};
use crate::stack::template::config_template::Parameter;
use crate::stack::template::size;
use crate::stack::template::spec::StackSpec;

/// Inspects the stack and creates a change set for the differences from `wanted`. Nothing is deployed.
///
/// Without differences this takes two requests: `DescribeStacks` and `GetTemplate`. It doesn't look for a table that an
/// earlier stack of a config left; [`plan_config`] does.
pub async fn plan(cfn: &Client, wanted: impl Into<Blueprint>) -> Result<Proposal, StackError> {
    let wanted = &wanted.into();
    check_place(cfn, wanted)?;
    match look(cfn, wanted).await? {
        ExistingStack::Nothing => change(cfn, wanted, ChangeSetPurpose::Create).await,
        ExistingStack::Stack(deployed) => change(cfn, wanted, ChangeSetPurpose::Update(deployed)).await,
        ExistingStack::Leftover(leftover) => Ok(Proposal::Clear(*leftover)),
    }
}

/// Plans a config's stack as [`plan`] does, and also inspects its table: a table without a stack is imported, in two
/// deployments ([`StackPlan::adopts`](crate::stack::StackPlan::adopts)), and the leftover of a failed create says which
/// table is deleted and which is kept.
pub async fn plan_config(services: &Services, spec: &StackSpec) -> Result<Proposal, StackError> {
    let mut wanted = Blueprint::from(spec);
    let cfn = &services.cfn;
    check_place(cfn, &wanted)?;
    match look(cfn, &wanted).await? {
        ExistingStack::Nothing => match table::find(&services.dynamodb, &spec.config).await? {
            None => change(cfn, &wanted, ChangeSetPurpose::Create).await,
            Some(table) => {
                adoption::begin(&mut wanted, &table)?;
                let earlier = adoption::restore_access(cfn, &table, &mut wanted).await?;
                let proposal = change(cfn, &wanted, ChangeSetPurpose::Adopt(table)).await?;
                Ok(match proposal {
                    Proposal::Ready(plan) => Proposal::Ready(StackPlan {
                        earlier_access: Some(earlier),
                        ..plan
                    }),
                    other => other,
                })
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

/// What exists before planning.
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
    match state::next_action(&deployed.state) {
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

/// Whether a stack has the output that identifies a stack like `wanted`.
fn is_marked(deployed: &Deployed, wanted: &Blueprint) -> bool {
    match &wanted.owner {
        Owner::Config(_) | Owner::Grant(..) => deployed.is_ours(),
        Owner::Code => deployed.outputs.contains_key(CODE_MARK),
    }
}

/// Whether a stack without outputs, because its first create failed, is a stack like `wanted`.
fn is_begun(deployed: &Deployed, wanted: &Blueprint) -> bool {
    deployed.outputs.is_empty()
        && deployed.state == crate::stack::StackState::CreateFailed
        && bears_name(deployed, wanted)
}

/// Whether the stack was created from a template of discfg, for the same config if it has one, so that it can be
/// deleted.
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
    // An import can't set tags; the update that follows does.
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
            // A failed cleanup must not hide the first error.
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
