use std::collections::BTreeMap;

use aws_sdk_cloudformation::{Client, types};

use super::state;
use super::state::{NextAction, StackState};
use crate::model::{ConfigName, HistoryDays, Timestamp};
use crate::stack::deploy::pace::PollPace;
use crate::stack::error::StackError;
use crate::stack::template::config_template::{Output, Parameter};

/// The parameter that only `infra/import.yaml` has, with its only value.
const ADOPTION_MARK: (&str, &str) = ("Adopt", "true");

/// A deployed stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployed {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// Its state.
    pub state: StackState,
    /// The reason of the state, where CloudFormation gives one.
    pub reason: Option<String>,
    /// When it was created.
    pub created: Timestamp,
    /// When its last operation started.
    pub since: Timestamp,
    /// Its parameters with their values.
    pub parameters: BTreeMap<String, String>,
    /// Its outputs.
    pub outputs: BTreeMap<String, String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// The ARN of the role that CloudFormation assumes for its deployments.
    pub cfn_role: Option<String>,
    /// Whether it has termination protection.
    pub protected: bool,
}

/// The outputs of a config's stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outputs {
    /// The layout of the table.
    pub layout: String,
    /// The table's name.
    pub table_name: String,
    /// The table's ARN.
    pub table_arn: String,
    /// The read role's ARN.
    pub read_role_arn: String,
    /// The write role's ARN.
    pub write_role_arn: String,
    /// The ARN of the read policy.
    pub read_policy_arn: String,
    /// The ARN of the write policy.
    pub write_policy_arn: String,
}

impl Deployed {
    /// Whether the stack has the output that identifies stacks of discfg.
    pub fn is_ours(&self) -> bool {
        self.outputs.contains_key(Output::DiscfgLayout.name()) || self.is_adopting()
    }

    /// Whether it has only the imported table of an earlier stack so far, and no outputs yet.
    pub fn is_adopting(&self) -> bool {
        let given = |name| self.parameters.get(name).map(String::as_str);
        let (name, value) = ADOPTION_MARK;
        given(Parameter::Config.name()).is_some() && given(name) == Some(value)
    }

    /// Fails with [`StackError::OnlyTable`] if the rest of the stack is missing.
    pub fn check_whole(&self) -> Result<(), StackError> {
        if self.is_adopting() {
            return Err(StackError::OnlyTable {
                stack: self.name.clone(),
            });
        }
        Ok(())
    }

    /// The outputs of a config's stack. An error if one is missing.
    pub fn outputs(&self) -> Result<Outputs, StackError> {
        self.check_whole()?;
        let get = |output: Output| {
            self.outputs
                .get(output.name())
                .cloned()
                .ok_or_else(|| StackError::Incomplete {
                    stack: self.name.clone(),
                    what: output.name(),
                })
        };
        Ok(Outputs {
            layout: get(Output::DiscfgLayout)?,
            table_name: get(Output::TableName)?,
            table_arn: get(Output::TableArn)?,
            read_role_arn: get(Output::ReadRoleArn)?,
            write_role_arn: get(Output::WriteRoleArn)?,
            read_policy_arn: get(Output::ReadPolicyArn)?,
            write_policy_arn: get(Output::WritePolicyArn)?,
        })
    }

    /// The days for which changes are kept in the log.
    pub fn history_days(&self) -> HistoryDays {
        self.parameters
            .get(Parameter::HistoryDays.name())
            .and_then(|days| days.parse().ok())
            .unwrap_or(HistoryDays::DEFAULT)
    }

    pub(in crate::stack) fn new(stack: &types::Stack, asked: &str) -> Result<Self, StackError> {
        let missing = |what| StackError::Incomplete {
            stack: asked.to_owned(),
            what,
        };
        let began = stack
            .last_updated_time()
            .or(stack.creation_time())
            .ok_or_else(|| missing("CreationTime"))?;
        let pair = |key: Option<&str>, value: Option<&str>| Some((key?.to_owned(), value?.to_owned()));
        Ok(Self {
            name: stack.stack_name().unwrap_or(asked).to_owned(),
            arn: stack.stack_id().ok_or_else(|| missing("StackId"))?.to_owned(),
            state: stack.stack_status().ok_or_else(|| missing("StackStatus"))?.into(),
            reason: stack
                .stack_status_reason()
                .filter(|reason| !reason.is_empty())
                .map(str::to_owned),
            created: Timestamp::from_epoch(stack.creation_time().unwrap_or(began).secs()),
            since: Timestamp::from_epoch(began.secs()),
            parameters: stack
                .parameters()
                .iter()
                .filter_map(|parameter| pair(parameter.parameter_key(), parameter.parameter_value()))
                .collect(),
            outputs: stack
                .outputs()
                .iter()
                .filter_map(|output| pair(output.output_key(), output.output_value()))
                .collect(),
            tags: stack
                .tags()
                .iter()
                .filter_map(|tag| pair(tag.key(), tag.value()))
                .collect(),
            cfn_role: stack.role_arn().map(str::to_owned),
            protected: stack.enable_termination_protection().unwrap_or(false),
        })
    }
}

/// The stack of a config; `None` if it doesn't exist. One request; needs
/// `cloudformation:DescribeStacks`.
pub async fn status(cfn: &Client, config: &ConfigName) -> Result<Option<Deployed>, StackError> {
    describe(cfn, &config.stack_name()).await
}

/// Waits until no operation is running on the stack of this name or ARN. `None` if it was deleted.
pub async fn settled(cfn: &Client, stack: &str) -> Result<Option<Deployed>, StackError> {
    let mut pace = PollPace::new(cfn);
    loop {
        match describe(cfn, stack).await {
            Ok(Some(found)) if state::next_action(&found.state) == NextAction::Wait => pace.as_usual(),
            Err(error) if error.fault() == Some(crate::aws::Fault::Throttled) => pace.slower(),
            found => return found,
        }
        pace.pause().await;
    }
}

/// How many polls may still return a stack's state from before a request.
const STALE_POLLS: u32 = 5;

/// Waits until an operation that was just requested has ended. Reads right after the request may be stale.
pub(in crate::stack) async fn settle_after(
    cfn: &Client,
    before: &Deployed,
) -> Result<Option<Deployed>, StackError> {
    let pace = PollPace::new(cfn);
    for _ in 0..STALE_POLLS {
        match settled(cfn, &before.arn).await? {
            Some(found) if found.state == before.state => pace.pause().await,
            found => return Ok(found),
        }
    }
    settled(cfn, &before.arn).await
}

/// The stack of this name or ARN. The ARN also finds a deleted stack.
pub(in crate::stack) async fn describe(cfn: &Client, stack: &str) -> Result<Option<Deployed>, StackError> {
    let answer = cfn
        .describe_stacks()
        .stack_name(stack)
        .send()
        .await
        .map_err(|error| StackError::request("cloudformation:DescribeStacks", &error));
    match answer {
        Ok(answer) => answer
            .stacks()
            .first()
            .map(|found| Deployed::new(found, stack))
            .transpose(),
        Err(error) if error.is_absent() => Ok(None),
        Err(error) => Err(error),
    }
}
