use std::collections::BTreeMap;
use std::sync::Arc;

use aws_sdk_cloudformation::Client;
use aws_sdk_dynamodb::Client as DynamoDb;
use aws_sdk_iam::Client as Iam;

use super::text::{is_unknown, text};
use crate::aws::Aws;
use crate::cli::denied_lookups::DeniedLookups;
use crate::cli::failure::Failure;
use crate::cli::output::show;
use crate::cli::running_code::foreign;
use crate::cli::session::Session;
use crate::cli::terminal::Terminal;
use crate::cli::terminal::wait::with_progress;
use crate::context::Target;
use crate::engine::{self, OpenError};
use crate::model::{Access, AwsNames, ConfigName, ErrorKind, GrantName};
use crate::stack::{
    self, Deployed, DriftedResource, Grant, PastFailure, Price, ResourceWork, RunningCode, StackError,
    StackState, TableFacts,
};
use crate::wire::result::{
    CodeShape, DifferenceShape, DriftShape, FailureShape, GrantStatusShape, RoleShape, StackShape, Status,
    TableShape,
};

pub(super) async fn run(
    with_drift: bool,
    session: &mut Session,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let target = session.target()?.clone();
    let config = target.config()?.clone();
    let aws = session.aws().await?;
    let mut status = Status {
        action: "status",
        config: config.to_string(),
        engine: "dynamodb",
        region: aws.region().to_string(),
        stack: None,
        outputs: BTreeMap::new(),
        parameters: BTreeMap::new(),
        roles: Vec::new(),
        grants: None,
        table: None,
        code: None,
        last_failure: None,
        drift: None,
        price: None,
        price_words: None,
        unknown: Vec::new(),
    };
    let mut denied_lookups = DeniedLookups::default();
    let mut state = None;
    let mut foreign_code = None;
    if let Some(account) = other_account(&aws, &target).await? {
        status.unknown.push(format!(
            "the stack: it is in account {account}, and CloudFormation only responds to callers of that account"
        ));
        status.table = other_accounts_table(&aws, &target, &mut denied_lookups).await?;
    } else {
        let cfn = Client::new(aws.sdk());
        let deployed = denied_lookups
            .record("the stack", stack::status(&cfn, &config).await)?
            .flatten();
        if let Some(deployed) = &deployed {
            if deployed.state != StackState::ReviewInProgress && deployed.owner().is_none() {
                return Err(StackError::NotOurs {
                    stack: deployed.name.clone(),
                    mark: stack::Output::DiscfgLayout.name(),
                }
                .into());
            }
            state = Some(deployed.state.clone());
            status.last_failure = denied_lookups
                .record("the last failure", stack::last_failure(&cfn, deployed).await)?
                .flatten()
                .map(failure_shape);
            if with_drift {
                let drift = with_progress("detecting drift", terminal, stack::drift(&cfn, deployed)).await;
                status.drift = denied_lookups
                    .record("the drift", drift)?
                    .map(|drift| drift.into_iter().map(drift_shape).collect());
            }
            if let Some(price) = Price::of_deployed(deployed) {
                status.price_words = Some(price.words());
                status.price = Some(price.into());
            }
            let running = stack::running_code(aws.sdk(), aws.region(), deployed, aws.requests()).await;
            if let Some(running) = denied_lookups.record("the function's code", running)?.flatten() {
                status.code = code_shape(&running);
                if let RunningCode::Foreign { sha256, expected } = &running {
                    foreign_code = Some(foreign(deployed, sha256, expected));
                }
            }
            status.outputs.clone_from(&deployed.outputs);
            status.parameters.clone_from(&deployed.parameters);
            status.stack = Some(stack_shape(deployed));
        }
        let grants = stack::grant_stacks(&cfn, &config).await;
        status.grants = denied_lookups.record("the grants", grants)?.map(|grants| {
            grants
                .into_iter()
                .map(|(name, stack)| grant_shape(&name, stack))
                .collect()
        });
        if deployed.is_some() || !denied_lookups.is_empty() {
            status.roles = roles(&aws, &config, &mut denied_lookups).await?;
        }
        status.table = table(&DynamoDb::new(aws.sdk()), &config, &mut denied_lookups).await?;
    }
    status.unknown.extend(denied_lookups.lines());
    if let Some(statement) = denied_lookups.statement() {
        terminal.hint(&format!(
            "hint: to see everything, add to your own policies: {statement}"
        ));
    }
    end(&status, state.as_ref(), &config, with_drift, session, terminal)?;
    foreign_code.map_or(Ok(()), Err)
}

/// Shows the status, and sets the exit code by the state of the config.
fn end(
    status: &Status,
    state: Option<&StackState>,
    config: &ConfigName,
    with_drift: bool,
    session: &Session,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let word = state.map_or_else(
        || {
            if is_unknown(status, "the stack") {
                "UNKNOWN".into()
            } else {
                "ABSENT".into()
            }
        },
        StackState::to_string,
    );
    let stack = config.stack_name();
    if state.is_none() && word == "ABSENT" && status.table.is_none() && !is_unknown(status, "the table") {
        return Err(Failure::new(
            ErrorKind::NotFound,
            format!(
                "config \"{config}\" not found (no stack {stack} in {})",
                status.region
            ),
        )
        .hint(format!(
            "create it with `discfg init {config}`, or list the configs with `discfg configs`"
        )));
    }
    show(
        terminal,
        session.format(),
        status,
        || text(status),
        || format!("{word}\n").into_bytes(),
    )?;
    match state {
        None if is_unknown(status, "the stack") && status.table.is_none() => Err(Failure::new(
            ErrorKind::Denied,
            format!("access denied: these credentials can't see anything of {config}"),
        )),
        None if is_unknown(status, "the stack") => Ok(()),
        None => Err(Failure::new(
            ErrorKind::NotFound,
            format!("stack {stack} of config \"{config}\" not found, only its table exists"),
        )
        .hint(format!(
            "import the table with `discfg init {config}`, or delete it with `discfg destroy {config} --delete-data`"
        ))),
        Some(state) if state.is_stuck() => Err(Failure::new(
            ErrorKind::Stack,
            format!("the stack {stack} is in {state} and needs repair"),
        )
        .hint(format!(
            "run `discfg init {config}`: it repairs the stack, or says what to do first"
        ))),
        Some(StackState::ImportComplete | StackState::UpdateRollbackComplete)
            if status.stack.as_ref().is_some_and(|stack| stack.adopting) =>
        {
            Err(StackError::OnlyTable { stack }.into())
        }
        Some(_) if with_drift && status.drift.as_ref().is_some_and(|drift| !drift.is_empty()) => {
            Err(Failure::no())
        }
        Some(_) if with_drift && status.drift.is_none() => Err(Failure::new(
            ErrorKind::Denied,
            format!("cannot determine whether {stack} has drifted"),
        )),
        Some(_) => Ok(()),
    }
}

/// The requested account, if it is not the caller's.
async fn other_account(aws: &Aws, target: &Target) -> Result<Option<String>, Failure> {
    let Some(account) = &target.account else {
        return Ok(None);
    };
    let caller = aws.caller().await?;
    Ok((caller.account != *account).then(|| account.clone()))
}

/// Reads the table of another account in the read role, which can describe it and may trust this account.
async fn other_accounts_table(
    aws: &Arc<Aws>,
    target: &Target,
    denied_lookups: &mut DeniedLookups,
) -> Result<Option<TableShape>, Failure> {
    let opened = engine::open(target, Access::Read, Some(aws), engine::OpenSettings::default()).await?;
    let session = opened.session.as_ref().ok_or_else(|| {
        Failure::from(OpenError::Engine("self".into())).hint("omit --as: the table is shown in the read role")
    })?;
    let dynamodb = DynamoDb::new(&aws.sdk_as(session.provider()));
    table(&dynamodb, target.config()?, denied_lookups).await
}

async fn table(
    dynamodb: &DynamoDb,
    config: &ConfigName,
    denied_lookups: &mut DeniedLookups,
) -> Result<Option<TableShape>, Failure> {
    let facts = denied_lookups.record("the table", stack::table(dynamodb, config).await)?;
    let Some(facts) = facts.flatten() else {
        return Ok(None);
    };
    let recovery = stack::point_in_time_recovery(dynamodb, config).await;
    let recovery = denied_lookups.record("point-in-time recovery", recovery)?;
    let ttl = denied_lookups.record("time to live", stack::time_to_live(dynamodb, config).await)?;
    Ok(Some(table_shape(facts, recovery, ttl.flatten())))
}

async fn roles(
    aws: &Aws,
    config: &ConfigName,
    denied_lookups: &mut DeniedLookups,
) -> Result<Vec<RoleShape>, Failure> {
    let names = AwsNames::new(config, aws.region()).map_err(|error| {
        Failure::caused(ErrorKind::Invalid, "invalid config name for this region", &error)
    })?;
    let iam = Iam::new(aws.sdk());
    let mut roles = Vec::new();
    for access in [Access::Read, Access::Write] {
        let name = names.role(access);
        let found = denied_lookups.record("the roles", stack::role(&iam, &name).await)?;
        if let Some(facts) = found {
            roles.push(RoleShape {
                purpose: access.to_string(),
                name,
                arn: facts.as_ref().map(|facts| facts.arn.clone()),
                last_used: facts.and_then(|facts| facts.last_used).map(|at| at.to_string()),
            });
        }
    }
    Ok(roles)
}

fn stack_shape(deployed: &Deployed) -> StackShape {
    StackShape {
        name: deployed.name.clone(),
        arn: deployed.arn.clone(),
        status: deployed.state.to_string(),
        reason: deployed.reason.clone(),
        created: deployed.created.to_string(),
        since: deployed.since.to_string(),
        protected: deployed.protected,
        adopting: deployed.is_adopting(),
    }
}

fn grant_shape(name: &GrantName, stack: Deployed) -> GrantStatusShape {
    let said = Grant::of(&stack).ok();
    let scope = said.as_ref().map(|grant| &grant.scope);
    GrantStatusShape {
        name: name.to_string(),
        access: scope.map(|scope| scope.access().to_string()),
        sections: scope.map_or_else(Vec::new, |scope| {
            scope.sections().iter().map(ToString::to_string).collect()
        }),
        status: stack.state.to_string(),
        stack: stack.name,
        principals: said
            .as_ref()
            .map_or_else(Vec::new, |grant| grant.principals.clone()),
        oidc: said.as_ref().map_or_else(Vec::new, |grant| {
            grant.oidc.iter().map(ToString::to_string).collect()
        }),
        github: said.map_or_else(Vec::new, |grant| grant.github),
    }
}

fn table_shape(facts: TableFacts, recovery: Option<bool>, time_to_live: Option<String>) -> TableShape {
    TableShape {
        name: facts.name,
        arn: facts.arn,
        status: facts.state,
        items: facts.items,
        bytes: facts.bytes,
        billing: facts.billing.to_string(),
        recovery,
        time_to_live,
        protected: facts.protected,
        key: facts.key,
    }
}

fn code_shape(running: &RunningCode) -> Option<CodeShape> {
    let (sha256, expected) = match running {
        RunningCode::Verified { sha256 } => (sha256, Some(sha256)),
        RunningCode::Foreign { sha256, expected } => (sha256, Some(expected)),
        RunningCode::Unnamed { sha256 } => (sha256, None),
        RunningCode::Missing => return None,
    };
    Some(CodeShape {
        sha256: sha256.clone(),
        expected: expected.cloned(),
    })
}

fn failure_shape(failure: PastFailure) -> FailureShape {
    FailureShape {
        at: failure.at.to_string(),
        work: match failure.work {
            ResourceWork::Create => "create",
            ResourceWork::Update => "update",
            ResourceWork::Delete => "delete",
            ResourceWork::Import => "import",
            ResourceWork::Export | ResourceWork::RollBack | ResourceWork::Review | ResourceWork::Other => {
                "an operation"
            }
        }
        .into(),
        operation: failure.operation,
        resource: failure.first.logical_id,
        what: failure.first.words,
        reason: failure.first.reason,
        is_over: failure.is_over,
    }
}

fn drift_shape(drifted: DriftedResource) -> DriftShape {
    DriftShape {
        resource: drifted.logical_id,
        what: drifted.words,
        gone: drifted.is_gone,
        differences: drifted
            .differences
            .into_iter()
            .map(|difference| DifferenceShape {
                property: difference.property,
                expected: difference.expected,
                actual: difference.actual,
            })
            .collect(),
    }
}
