use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::{
    DifferenceType, PropertyDifference, StackDriftDetectionStatus, StackResourceDrift,
    StackResourceDriftStatus,
};

use super::lookup::Deployed;
use crate::aws::Fault;
use crate::stack::deploy::pace::PollPace;
use crate::stack::error::StackError;
use crate::stack::template::resource_words;

/// A resource that differs from its stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DriftedResource {
    /// Its logical id in the template.
    pub logical_id: String,
    /// Its name for people.
    pub words: String,
    /// Whether it was deleted.
    pub is_gone: bool,
    /// The differences, if it was not deleted.
    pub differences: Vec<PropertyDrift>,
}

/// A property that was changed outside CloudFormation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PropertyDrift {
    /// Its path in the resource, such as `/DeletionProtectionEnabled`.
    pub property: String,
    /// The value of the template as JSON; `None` if the property was added.
    pub expected: Option<String>,
    /// The actual value as JSON; `None` if the property was removed.
    pub actual: Option<String>,
}

/// Detects the drift of a stack's resources, and waits for the result. Polls every 2 s; a throttled poll is not an
/// error.
///
/// Needs `cloudformation:DetectStackDrift`, `DescribeStackDriftDetectionStatus`, `DescribeStackResourceDrifts`, and
/// the permission to read each resource.
pub async fn drift(cfn: &Client, stack: &Deployed) -> Result<Vec<DriftedResource>, StackError> {
    let detection = cfn
        .detect_stack_drift()
        .stack_name(&stack.arn)
        .send()
        .await
        .map_err(|error| StackError::request("cloudformation:DetectStackDrift", &error))?;
    let id = detection
        .stack_drift_detection_id
        .ok_or_else(|| StackError::Incomplete {
            stack: stack.name.clone(),
            what: "StackDriftDetectionId",
        })?;
    wait_for_detection(cfn, stack, &id).await?;

    let mut drifted = Vec::new();
    let mut token = None;
    loop {
        let page = cfn
            .describe_stack_resource_drifts()
            .stack_name(&stack.arn)
            .stack_resource_drift_status_filters(StackResourceDriftStatus::Modified)
            .stack_resource_drift_status_filters(StackResourceDriftStatus::Deleted)
            .set_next_token(token)
            .send()
            .await
            .map_err(|error| StackError::request("cloudformation:DescribeStackResourceDrifts", &error))?;
        drifted.extend(page.stack_resource_drifts().iter().map(DriftedResource::new));
        token = page.next_token;
        if token.is_none() {
            break;
        }
    }
    drifted.sort_by_key(|resource| resource_words::template_position(&resource.logical_id));
    Ok(drifted)
}

async fn wait_for_detection(cfn: &Client, stack: &Deployed, id: &str) -> Result<(), StackError> {
    let mut pace = PollPace::new(cfn);
    loop {
        let answer = cfn
            .describe_stack_drift_detection_status()
            .stack_drift_detection_id(id)
            .send()
            .await
            .map_err(|error| StackError::request("cloudformation:DescribeStackDriftDetectionStatus", &error));
        match answer {
            Ok(answer) => match answer.detection_status() {
                Some(StackDriftDetectionStatus::DetectionComplete) => return Ok(()),
                Some(StackDriftDetectionStatus::DetectionFailed) => {
                    return Err(StackError::DriftUnknown {
                        stack: stack.name.clone(),
                        reason: answer
                            .detection_status_reason
                            .unwrap_or_else(|| "CloudFormation gives no reason".into()),
                    });
                }
                _ => pace.as_usual(),
            },
            Err(error) if error.fault() == Some(Fault::Throttled) => pace.slower(),
            Err(error) => return Err(error),
        }
        pace.pause().await;
    }
}

impl DriftedResource {
    fn new(drift: &StackResourceDrift) -> Self {
        let logical_id = drift.logical_resource_id().unwrap_or_default();
        Self {
            logical_id: logical_id.to_owned(),
            words: resource_words::describe(logical_id, drift.resource_type().unwrap_or_default()),
            is_gone: drift.stack_resource_drift_status() == Some(&StackResourceDriftStatus::Deleted),
            differences: drift
                .property_differences()
                .iter()
                .map(PropertyDrift::new)
                .collect(),
        }
    }
}

impl PropertyDrift {
    fn new(difference: &PropertyDifference) -> Self {
        let kind = difference.difference_type();
        let value = |value: Option<&str>| value.map(str::to_owned);
        Self {
            property: difference.property_path().unwrap_or_default().to_owned(),
            expected: value(difference.expected_value()).filter(|_| kind != Some(&DifferenceType::Add)),
            actual: value(difference.actual_value()).filter(|_| kind != Some(&DifferenceType::Remove)),
        }
    }
}
