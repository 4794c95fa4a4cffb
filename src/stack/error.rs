use aws_sdk_cloudformation::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

use crate::aws::{Failed, Fault};
use crate::model::{AwsNamesError, ErrorKind, KmsKeyArn, Region, Timestamp};
use crate::stack::failed_resource::{DeploymentFailure, FailedResource, at_resources};
use crate::stack::inspect::state::StackState;

/// An error of planning, deploying, inspecting or deleting a stack.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StackError {
    /// A role's name would be too long in this region.
    #[error("a role name is too long for this region")]
    Name(#[source] AwsNamesError),
    /// A policy or a trust policy would be longer than IAM allows.
    #[error("the {what} of resource {of} is too long: {size} characters; the limit is {quota}")]
    TooLong {
        /// The kind of document: `policy` or `trust policy`.
        what: &'static str,
        /// The logical id of its resource.
        of: String,
        /// Its length in characters without white space.
        size: usize,
        /// The limit that IAM applies to this account, in characters.
        quota: usize,
        /// The limit to which AWS can raise the quota, in characters.
        most: usize,
    },
    /// A parameter would be longer than CloudFormation allows.
    #[error("the parameter {name} is too long: {size} bytes; the limit is {max}", max = Self::PARAMETER_BYTES)]
    LongParameter {
        /// Its name in the template.
        name: String,
        /// Its length in bytes.
        size: usize,
    },
    /// A value with a quote or a backslash would break the JSON text of a trust policy with an OIDC issuer.
    #[error(
        "the {what} of resource {of} is not valid JSON: a principal or a job contains a quote or a backslash"
    )]
    NotJson {
        /// The kind of document: `policy` or `trust policy`.
        what: &'static str,
        /// The logical id of its resource.
        of: String,
    },
    /// Other accounts would be trusted without an organization or an external ID.
    #[error("--account-id requires --org-id or --external-id")]
    Unbounded,
    /// The section names of a grant exceed the space in its policy.
    #[error(
        "too many sections for the policy of {stack}: their names take {length} characters; the limit is {room}"
    )]
    Crowded {
        /// The stack's name.
        stack: String,
        /// Their length in the policy, in characters.
        length: usize,
        /// The limit, in characters.
        room: usize,
    },
    /// The KMS key is in another region or partition than the table.
    #[error("the KMS key {key} is not in the table's region {region} (partition {partition})", partition = .region.partition())]
    KeyElsewhere {
        /// The key.
        key: KmsKeyArn,
        /// The table's region.
        region: Region,
    },
    /// A principal or a policy is of another partition.
    #[error("{arn} is in another partition than {region} (partition {partition})", partition = .region.partition())]
    ArnElsewhere {
        /// The ARN of the principal or policy.
        arn: String,
        /// The stack's region.
        region: Region,
    },
    /// The deployment would replace the key that the secrets are encrypted with.
    #[error("cannot change the KMS key of {stack}: its secrets are encrypted with {key}")]
    ReplacesKey {
        /// The stack's name.
        stack: String,
        /// The stack's key.
        key: String,
    },
    /// CloudFormation rejected the template or a parameter.
    #[error("CloudFormation rejected the deployment of {stack}: {reason}")]
    Refused {
        /// The stack's name.
        stack: String,
        /// The reason that CloudFormation gives.
        reason: String,
    },
    /// CloudFormation's validation of the change set failed, before anything was deployed.
    #[error(
        "CloudFormation rejected the deployment of {stack}: {}",
        refusal_words(reason, objections)
    )]
    Invalid {
        /// The stack's name.
        stack: String,
        /// CloudFormation's summary.
        reason: String,
        /// The validation errors.
        objections: Objections,
    },
    /// Another deployment of the stack is running.
    #[error("another operation is running on the stack {stack}: {state} since {since}")]
    Busy {
        /// The stack's name.
        stack: String,
        /// Its state.
        state: StackState,
        /// When that operation started.
        since: Timestamp,
    },
    /// A stack of this name exists that discfg didn't create.
    #[error("the stack {stack} was not created by discfg: it has no output {mark}")]
    NotOurs {
        /// The stack's name.
        stack: String,
        /// The output that identifies such a stack of discfg.
        mark: &'static str,
    },
    /// The stack can't be deployed in its current state.
    #[error("the stack {stack} is in {state}: {advice}")]
    Stuck {
        /// The stack's name.
        stack: String,
        /// Its state.
        state: StackState,
        /// The cause, and what to do first.
        advice: &'static str,
    },
    /// The stack has only the table that was imported into it.
    #[error("the import of the table into {stack} is not finished: the stack has no roles")]
    OnlyTable {
        /// The stack's name.
        stack: String,
    },
    /// An update failed, and so did its rollback, which can be continued once the cause is fixed.
    #[error("the stack {stack} is in UPDATE_ROLLBACK_FAILED: {}", stuck_words(stuck))]
    RollbackStuck {
        /// The stack's name.
        stack: String,
        /// The region that it is in.
        region: String,
        /// The resources that couldn't be rolled back; empty if CloudFormation doesn't name them.
        stuck: Vec<FailedResource>,
        /// Whether `cloudformation:DescribeStackResources`, which names them, was denied.
        denied: bool,
    },
    /// The stack has termination protection.
    #[error("cannot delete the stack {stack}: termination protection is enabled")]
    Protected {
        /// The stack's name.
        stack: String,
    },
    /// A table of the config's name exists and can't be the config's table.
    #[error("cannot use the existing table {table}: {why}")]
    UnfitTable {
        /// The table's name.
        table: String,
        /// Why it can't be used.
        why: String,
    },
    /// The deployment would remove the table, and so lose the config.
    #[error("refusing a deployment that removes the table from the stack {stack}: its data would be lost")]
    RemovesTable {
        /// The stack's name.
        stack: String,
    },
    /// The deployment would replace the table, and so lose the config.
    #[error(
        "refusing a deployment that replaces the table of {stack} because of {property}: its data would be lost"
    )]
    ReplacesTable {
        /// The stack's name.
        stack: String,
        /// The property that can't be changed in place.
        property: String,
    },
    /// Another deployment ran between the plan and its execution. Nothing was changed by this plan.
    #[error("the change set for {stack} is stale: another deployment ran first")]
    StaleChangeSet {
        /// The stack's name.
        stack: String,
    },
    /// The deployment failed.
    #[error("{0}")]
    Failed(Box<DeploymentFailure>),
    /// A request to CloudFormation failed.
    #[error("{}", request_words(action, source))]
    Request {
        /// The action, such as `cloudformation:DescribeStacks`.
        action: &'static str,
        /// The failure.
        #[source]
        source: Failed,
    },
    /// The operation runs, and its progress can't be read any longer.
    #[error("cannot follow {stack} any longer; the operation continues in the background")]
    Lost {
        /// The stack's name.
        stack: String,
        /// The last failure.
        #[source]
        source: Box<StackError>,
    },
    /// A stack could not be deleted.
    #[error("deletion of {stack} failed; the stack is in {state}{}", at_resources(stuck))]
    NotDeleted {
        /// The stack's name.
        stack: String,
        /// Its state.
        state: StackState,
        /// The resources that blocked it; only the first failure where the deletion was followed.
        stuck: Vec<FailedResource>,
    },
    /// The stack of the code bucket exists, and the bucket doesn't.
    #[error("the bucket of the stack {stack} was deleted outside CloudFormation")]
    BucketGone {
        /// The stack's name.
        stack: String,
    },
    /// CloudFormation couldn't compare the stack with its template.
    #[error("cannot determine the drift of {stack}: {reason}")]
    DriftUnknown {
        /// The stack's name.
        stack: String,
        /// The reason that CloudFormation gives.
        reason: String,
    },
    /// A response of CloudFormation lacks a required field.
    #[error("CloudFormation's response about {stack} has no {what}")]
    Incomplete {
        /// The stack's name.
        stack: String,
        /// The missing field.
        what: &'static str,
    },
}

impl StackError {
    /// The limit of a parameter's value, in bytes (CloudFormation quotas, "Parameter values").
    pub(super) const PARAMETER_BYTES: usize = 4_096;

    /// The error's kind.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Name(_)
            | Self::Crowded { .. }
            | Self::TooLong { .. }
            | Self::LongParameter { .. }
            | Self::NotJson { .. }
            | Self::KeyElsewhere { .. }
            | Self::ArnElsewhere { .. }
            | Self::ReplacesKey { .. }
            | Self::Refused { .. }
            | Self::Invalid { .. } => ErrorKind::Invalid,
            Self::Unbounded => ErrorKind::Usage,
            Self::Busy { .. } | Self::Lost { .. } => ErrorKind::Unavailable,
            Self::NotOurs { .. }
            | Self::Stuck { .. }
            | Self::OnlyTable { .. }
            | Self::RollbackStuck { .. }
            | Self::Protected { .. }
            | Self::UnfitTable { .. }
            | Self::RemovesTable { .. }
            | Self::ReplacesTable { .. }
            | Self::Failed(_)
            | Self::NotDeleted { .. }
            | Self::BucketGone { .. }
            | Self::DriftUnknown { .. } => ErrorKind::Stack,
            Self::StaleChangeSet { .. } => ErrorKind::Conflict,
            Self::Request { source, .. } => source.fault.kind(),
            Self::Incomplete { .. } => ErrorKind::Internal,
        }
    }

    pub(super) fn request<E>(action: &'static str, error: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        Self::Request {
            action,
            source: Failed::new(error),
        }
    }

    pub(super) fn fault(&self) -> Option<Fault> {
        match self {
            Self::Request { source, .. } => Some(source.fault),
            _ => None,
        }
    }

    /// Whether CloudFormation responded with this error code.
    pub(super) fn is(&self, code: &str) -> bool {
        matches!(self, Self::Request { source, .. } if source.is(code))
    }

    /// Whether CloudFormation says that the stack doesn't exist, for which it has no error code.
    pub(super) fn is_absent(&self) -> bool {
        matches!(self, Self::Request { source, .. } if source.is("ValidationError")
            && source.message.contains("does not exist"))
    }
}

/// The validation errors of a change set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Objections {
    /// One line per error, with its resource.
    Told(Vec<String>),
    /// Reading them (`cloudformation:DescribeEvents`) was denied.
    Denied,
}

fn refusal_words(reason: &str, objections: &Objections) -> String {
    match objections {
        Objections::Told(objections) => objections.join("; "),
        Objections::Denied => reason.to_owned(),
    }
}

fn stuck_words(stuck: &[FailedResource]) -> String {
    if stuck.is_empty() {
        return "CloudFormation names no resource".into();
    }
    let words: Vec<String> = stuck.iter().map(ToString::to_string).collect();
    words.join("; ")
}

fn request_words(action: &str, failed: &Failed) -> String {
    match failed.fault {
        Fault::Denied => format!("access denied: {}", failed.denied(action)),
        Fault::Credentials => format!("{action} failed: {}", failed.credentials_problem()),
        _ => format!("{action} failed"),
    }
}
