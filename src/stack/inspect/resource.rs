use aws_sdk_cloudformation::types::StackResource;

use super::lookup::Deployed;
use crate::aws::Fault;
use crate::stack::error::StackError;
use crate::stack::failed_resource::FailedResource;
use crate::stack::services::Services;
use crate::stack::template::resource_words;

/// A resource of a stack that couldn't be created, updated or deleted.
#[derive(Debug)]
pub(in crate::stack) struct Stuck {
    pub(in crate::stack) resource: FailedResource,
    physical_id: String,
}

/// The resources of a stack, including deleted ones.
pub(in crate::stack) async fn of_stack(
    cfn: &aws_sdk_cloudformation::Client,
    stack: &str,
) -> Result<Vec<StackResource>, StackError> {
    let answer = cfn
        .describe_stack_resources()
        .stack_name(stack)
        .send()
        .await
        .map_err(|error| StackError::request("cloudformation:DescribeStackResources", &error))?;
    Ok(answer.stack_resources.unwrap_or_default())
}

/// The resources in a failed state, with the reasons.
pub(in crate::stack) fn stuck(resources: &[StackResource]) -> Vec<Stuck> {
    let failed = |resource: &&StackResource| {
        resource.resource_status().is_some_and(|status| {
            matches!(
                status.as_str(),
                "CREATE_FAILED" | "DELETE_FAILED" | "UPDATE_FAILED"
            )
        })
    };
    let stuck = |resource: &StackResource| {
        let logical_id = resource.logical_resource_id().unwrap_or_default();
        let resource_type = resource.resource_type().unwrap_or_default();
        Stuck {
            resource: FailedResource {
                logical_id: logical_id.to_owned(),
                words: resource_words::describe(logical_id, resource_type),
                resource_type: resource_type.to_owned(),
                reason: resource
                    .resource_status_reason()
                    .filter(|reason| !reason.is_empty())
                    .unwrap_or("CloudFormation gives no reason")
                    .to_owned(),
            },
            physical_id: resource.physical_resource_id().unwrap_or_default().to_owned(),
        }
    };
    resources.iter().filter(failed).map(stuck).collect()
}

/// The error for a stack whose rollback failed.
pub(in crate::stack) async fn rollback_stuck(
    cfn: &aws_sdk_cloudformation::Client,
    deployed: Deployed,
) -> StackError {
    let (stuck, denied) = match of_stack(cfn, &deployed.arn).await {
        Ok(resources) => (stuck(&resources), false),
        Err(error) if error.fault() == Some(Fault::Denied) => (Vec::new(), true),
        Err(error) => return error,
    };
    StackError::RollbackStuck {
        stack: deployed.name,
        region: cfn
            .config()
            .region()
            .map_or_else(String::new, ToString::to_string),
        stuck: stuck.into_iter().map(|stuck| stuck.resource).collect(),
        denied,
    }
}

/// Completes the reasons: CloudFormation says that a policy is attached, but not to what.
pub(in crate::stack) async fn explained(
    services: &Services,
    stuck: Vec<Stuck>,
) -> Result<Vec<FailedResource>, StackError> {
    let mut explained = Vec::new();
    for Stuck {
        mut resource,
        physical_id,
    } in stuck
    {
        if resource.resource_type == "AWS::IAM::ManagedPolicy" {
            match attached_to(services, &physical_id).await {
                Ok(to) if to.is_empty() => {}
                Ok(to) => {
                    resource.reason = format!("{}; it is attached to {}", resource.reason, to.join(", "));
                }
                Err(error) if error.fault() == Some(Fault::Denied) => resource.reason.push_str(
                    "; cannot determine what it is attached to (iam:ListEntitiesForPolicy was denied)",
                ),
                Err(error) if error.is("NoSuchEntity") => {}
                Err(error) => return Err(error),
            }
        }
        explained.push(resource);
    }
    Ok(explained)
}

async fn attached_to(services: &Services, policy: &str) -> Result<Vec<String>, StackError> {
    let mut names = Vec::new();
    let mut page = None;
    loop {
        let answer = services
            .iam
            .list_entities_for_policy()
            .policy_arn(policy)
            .set_marker(page)
            .send()
            .await
            .map_err(|error| StackError::request("iam:ListEntitiesForPolicy", &error))?;
        let mut add =
            |kind: &str, name: Option<&str>| names.extend(name.map(|name| format!("{kind} {name}")));
        for role in answer.policy_roles() {
            add("role", role.role_name());
        }
        for user in answer.policy_users() {
            add("user", user.user_name());
        }
        for group in answer.policy_groups() {
            add("group", group.group_name());
        }
        page = answer.marker;
        if page.is_none() {
            return Ok(names);
        }
    }
}
