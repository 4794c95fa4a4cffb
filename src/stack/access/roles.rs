use aws_sdk_cloudformation::Client as CloudFormation;
use aws_sdk_iam::Client as Iam;

use super::error::AccessError;
use crate::model::{Access, ConfigName, Role, Section};
use crate::stack::error::StackError;
use crate::stack::inspect::grant::Grant;
use crate::stack::inspect::listing::grant_stacks;
use crate::stack::inspect::lookup::{self, Deployed};
use crate::stack::inspect::role_facts;
use crate::stack::inspect::role_facts::RoleFacts;
use crate::stack::policy::resolve::StackLocation;
use crate::stack::policy::{PolicyDocument, PolicyError};
use crate::stack::template::config_template::Output;

/// A config's deployed roles.
#[derive(Debug)]
pub(super) struct Roles {
    /// The ARN of the config's table.
    pub(super) table: String,
    /// The prefix of the ARNs of requests to the config's HTTP API, up to the method; `None` without an API.
    pub(super) api: Option<String>,
    /// The read role, the write role, then the grants' by name.
    pub(super) deputies: Vec<Deputy>,
}

/// A role of the config or a grant.
#[derive(Debug)]
pub(super) struct Deputy {
    /// The value for `--as`.
    pub(super) role: Role,
    pub(super) arn: String,
    pub(super) access: Access,
    /// The sections that it covers; `None` for all.
    pub(super) sections: Option<Vec<Section>>,
    /// Its trust policy, if it can be parsed.
    pub(super) trust: Result<PolicyDocument, PolicyError>,
    /// The stack that it is in.
    pub(super) stack: Deployed,
}

impl Deputy {
    /// Whether the role covers this access.
    pub(super) fn is_for(&self, access: Access, section: &Section) -> bool {
        self.access >= access
            && self
                .sections
                .as_ref()
                .is_none_or(|sections| sections.contains(section))
    }
}

/// The roles of a config and its grants; `None` if the config doesn't exist.
///
/// Needs `cloudformation:DescribeStacks` and, on each role, `iam:GetRole`.
pub(super) async fn roles(
    cfn: &CloudFormation,
    iam: &Iam,
    config: &ConfigName,
) -> Result<Option<Roles>, AccessError> {
    let Some(stack) = lookup::status(cfn, config).await? else {
        return Ok(None);
    };
    if !stack.is_ours() {
        return Err(StackError::NotOurs {
            stack: stack.name,
            mark: Output::DiscfgLayout.name(),
        }
        .into());
    }
    let outputs = stack.outputs()?;
    let mut deputies = Vec::new();
    for (access, arn) in [
        (Access::Read, outputs.read_role_arn),
        (Access::Write, outputs.write_role_arn),
    ] {
        deputies.push(Deputy {
            role: Role::Config(access),
            access,
            sections: None,
            trust: trust(iam, &arn).await?,
            arn,
            stack: stack.clone(),
        });
    }
    for (name, of_grant) in grant_stacks(cfn, config).await? {
        let grant = Grant::of(&of_grant)?;
        // A grant whose create is running or failed has no role.
        let Some(arn) = grant.role else {
            continue;
        };
        deputies.push(Deputy {
            role: Role::Grant(name),
            access: grant.scope.access(),
            sections: Some(grant.scope.sections().iter().cloned().collect()),
            trust: trust(iam, &arn).await?,
            arn,
            stack: of_grant,
        });
    }
    let api = stack.outputs.get(Output::ApiId.name());
    Ok(Some(Roles {
        api: api
            .zip(StackLocation::of(&stack.arn).ok())
            .map(|(id, place)| place.api(id)),
        table: outputs.table_arn,
        deputies,
    }))
}

async fn trust(iam: &Iam, arn: &str) -> Result<Result<PolicyDocument, PolicyError>, AccessError> {
    let name = arn.rsplit('/').next().unwrap_or_default();
    Ok(role_named(iam, name, arn).await?.trust)
}

/// The role of that name; `arn` is for error messages.
pub(super) async fn role_named(iam: &Iam, name: &str, arn: &str) -> Result<RoleFacts, AccessError> {
    match role_facts::role(iam, name).await {
        Ok(role) => role.ok_or_else(|| AccessError::NoPrincipal(arn.to_owned())),
        Err(StackError::Request { action, source }) => Err(AccessError::Request {
            action,
            on: arn.to_owned(),
            source,
        }),
        Err(error) => Err(error.into()),
    }
}
