use aws_sdk_cloudformation::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

use crate::aws::{Failed, Fault};
use crate::model::{AwsNamesError, ErrorKind, KmsKeyArn, Region, Timestamp};
use crate::stack::failed_resource::{DeploymentFailure, FailedResource, at_resources};
use crate::stack::inspect::state::StackState;

/// What went wrong with a stack.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StackError {
    /// A role's name would be too long in this region.
    #[error("a name is too long for this region")]
    Name(#[source] AwsNamesError),
    /// A policy or a trust policy would be longer than IAM allows.
    #[error("the {what} of {of} would have {size} characters; IAM allows {quota}")]
    TooLong {
        /// Which document.
        what: &'static str,
        /// The logical id of the resource that it is of.
        of: String,
        /// How long it would be, in characters without white space.
        size: usize,
        /// How long it may be.
        quota: usize,
        /// How long it may be in an account whose quota was raised as far as it goes.
        most: usize,
    },
    /// A parameter would be longer than CloudFormation allows.
    #[error("the parameter {name} would have {size} bytes; CloudFormation allows {max}", max = Self::PARAMETER_BYTES)]
    LongParameter {
        /// Its name in the template.
        name: String,
        /// How long it would be, in bytes.
        size: usize,
    },
    /// A trust policy with an OIDC issuer is a text of JSON, and something in it would end a string there.
    #[error("the {what} of {of} would not be JSON: something in it has a quote or a backslash")]
    NotJson {
        /// Which document.
        what: &'static str,
        /// The logical id of the resource that it is of.
        of: String,
    },
    /// Other accounts would be trusted without a bound.
    #[error(
        "other accounts are trusted only together with an organization (--org-id) or an external id (--external-id)"
    )]
    Unbounded,
    /// The sections of a grant have more names than its policy has room for.
    #[error(
        "the names of the sections would take {length} characters in the policy of {stack}, which has room for {room}"
    )]
    Crowded {
        /// The stack's name.
        stack: String,
        /// How much they would take.
        length: usize,
        /// How much there is, in characters.
        room: usize,
    },
    /// The KMS key isn't where the table is.
    #[error("the KMS key {key} is not in {partition} in {region}, where the table is", partition = .region.partition())]
    KeyElsewhere {
        /// The key.
        key: KmsKeyArn,
        /// The table's region.
        region: Region,
    },
    /// A principal or a policy is of another partition.
    #[error("{arn} is of another partition than {partition}, in which {region} is", partition = .region.partition())]
    ArnElsewhere {
        /// What was given.
        arn: String,
        /// The stack's region.
        region: Region,
    },
    /// The deployment would give up the key that secrets are encrypted with.
    #[error(
        "the stack {stack} takes the KMS key {key}, and the secrets that it encrypts could not be read with another"
    )]
    ReplacesKey {
        /// The stack's name.
        stack: String,
        /// The key that it takes.
        key: String,
    },
    /// CloudFormation won't have the template or a parameter.
    #[error("CloudFormation refused the deployment of {stack}: {reason}")]
    Refused {
        /// The stack's name.
        stack: String,
        /// CloudFormation's own words.
        reason: String,
    },
    /// CloudFormation found faults in the template, or in what it meets, before it deployed anything.
    #[error(
        "CloudFormation refused the deployment of {stack}: {}",
        refusal_words(reason, objections)
    )]
    Invalid {
        /// The stack's name.
        stack: String,
        /// CloudFormation's summary.
        reason: String,
        /// What it objects to.
        objections: Objections,
    },
    /// Another deployment of the stack is running.
    #[error("someone else is deploying the stack {stack}: it is in {state} since {since}")]
    Busy {
        /// The stack's name.
        stack: String,
        /// Its state.
        state: StackState,
        /// When that deployment began.
        since: Timestamp,
    },
    /// There is a stack of this name that discfg didn't make.
    #[error("the stack {stack} is not discfg's: it has no output {mark}")]
    NotOurs {
        /// The stack's name.
        stack: String,
        /// The output by which discfg knows such a stack.
        mark: &'static str,
    },
    /// The stack can't be deployed in the state in which it is.
    #[error("the stack {stack} is in {state}: {advice}")]
    Stuck {
        /// The stack's name.
        stack: String,
        /// Its state.
        state: StackState,
        /// What to do first.
        advice: &'static str,
    },
    /// An update failed, and so did its undoing. It can be continued when the cause is mended.
    #[error("the stack {stack} is in UPDATE_ROLLBACK_FAILED: {}", stuck_words(stuck))]
    RollbackStuck {
        /// The stack's name.
        stack: String,
        /// The region that it is in.
        region: String,
        /// What couldn't be undone; empty if nobody says.
        stuck: Vec<FailedResource>,
        /// Whether who asks may not know what is stuck (`cloudformation:DescribeStackResources`).
        denied: bool,
    },
    /// The stack is protected against deletion.
    #[error("the stack {stack} has termination protection, so it can't be deleted")]
    Protected {
        /// The stack's name.
        stack: String,
    },
    /// There is a table of the config's name that can't be its table.
    #[error("the table {table} is there and can't be used: {why}")]
    UnfitTable {
        /// The table's name.
        table: String,
        /// What is wrong with it.
        why: String,
    },
    /// The deployment would remove the table, and so lose the config.
    #[error("the deployment would take the table out of the stack {stack}, and so lose what it holds")]
    RemovesTable {
        /// The stack's name.
        stack: String,
    },
    /// The deployment would replace the table, and so lose the config.
    #[error(
        "the deployment would replace the table of {stack} because of {property}, and so lose what it holds"
    )]
    ReplacesTable {
        /// The stack's name.
        stack: String,
        /// The property that can't be changed in place.
        property: String,
    },
    /// Another deployment came between the plan and its execution. Nothing was changed by the plan.
    #[error("another deployment of {stack} came first, so that the plan no longer holds")]
    Overtaken {
        /// The stack's name.
        stack: String,
    },
    /// The deployment failed.
    #[error("{0}")]
    Failed(Box<DeploymentFailure>),
    /// A request to CloudFormation failed.
    #[error("{}", request_words(action, source))]
    Request {
        /// What was tried, such as `cloudformation:DescribeStacks`.
        action: &'static str,
        /// How it failed.
        #[source]
        source: Failed,
    },
    /// The deployment is running, and can't be watched any longer.
    #[error("CloudFormation no longer answers about {stack}; the deployment goes on without us")]
    Lost {
        /// The stack's name.
        stack: String,
        /// The last failure.
        #[source]
        source: Box<StackError>,
    },
    /// A stack could not be deleted.
    #[error(
        "the deletion of {stack} failed{}; the stack is in {state}",
        at_resources(stuck)
    )]
    NotDeleted {
        /// The stack's name.
        stack: String,
        /// Its state.
        state: StackState,
        /// What is in the way; only what failed first where the deletion was followed.
        stuck: Vec<FailedResource>,
    },
    /// The stack says that it has the bucket for code, and the bucket isn't there.
    #[error("the stack {stack} has made its bucket, which is not there any more")]
    BucketGone {
        /// The stack's name.
        stack: String,
    },
    /// CloudFormation couldn't compare the stack with its template.
    #[error("the drift of {stack} can't be told: {reason}")]
    DriftUnknown {
        /// The stack's name.
        stack: String,
        /// CloudFormation's own words.
        reason: String,
    },
    /// CloudFormation left out of an answer what it promises.
    #[error("CloudFormation's answer about {stack} has no {what}")]
    Incomplete {
        /// The stack's name.
        stack: String,
        /// What isn't there.
        what: &'static str,
    },
}

impl StackError {
    /// The longest that a parameter of a stack may be (CloudFormation quotas, "Parameter values").
    pub(super) const PARAMETER_BYTES: usize = 4_096;

    /// What sort of failure this is.
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
            | Self::RollbackStuck { .. }
            | Self::Protected { .. }
            | Self::UnfitTable { .. }
            | Self::RemovesTable { .. }
            | Self::ReplacesTable { .. }
            | Self::Failed(_)
            | Self::NotDeleted { .. }
            | Self::BucketGone { .. }
            | Self::DriftUnknown { .. } => ErrorKind::Stack,
            Self::Overtaken { .. } => ErrorKind::Conflict,
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

    /// Whether CloudFormation answered with this code.
    pub(super) fn is(&self, code: &str) -> bool {
        matches!(self, Self::Request { source, .. } if source.is(code))
    }

    /// Whether CloudFormation says that there is no such stack. It has no code of its own for that.
    pub(super) fn is_absent(&self) -> bool {
        matches!(self, Self::Request { source, .. } if source.is("ValidationError")
            && source.message.contains("does not exist"))
    }
}

/// What CloudFormation objects to in a change set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Objections {
    /// Each a line, with the resource that it is about.
    Told(Vec<String>),
    /// Who asks may not know (`cloudformation:DescribeEvents`).
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
        return "CloudFormation doesn't say what is in the way".into();
    }
    let words: Vec<String> = stuck.iter().map(ToString::to_string).collect();
    words.join("; ")
}

fn request_words(action: &str, failed: &Failed) -> String {
    match failed.fault {
        Fault::Denied => format!("{} was denied", failed.denied(action)),
        Fault::Credentials => format!("{action} failed: {}", failed.credentials_problem()),
        _ => format!("{action} failed"),
    }
}
