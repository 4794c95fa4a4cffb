pub(super) mod destroy;
pub(super) mod event;
pub(super) mod event_feed;
pub(super) mod pace;
pub(super) mod table_deletion;

use std::collections::VecDeque;

use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::ExecutionStatus;
use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use uuid::Uuid;

use self::event::StackEvent;
use self::event_feed::EventFeed;
use self::pace::PollPace;
use super::error::StackError;
use super::failed_resource::{DeploymentFailure, FailedResource, KeptResource};
use super::inspect::lookup;
use super::inspect::state;
use crate::aws::Fault;
use crate::stack::changeset::discard::discard;
use crate::stack::changeset::plan::StackPlan;
use crate::stack::inspect::lookup::Deployed;
use crate::stack::inspect::state::{NextAction, StackEnd, StackState};

/// After how many polls without news a possible end state is final.
const QUIET_POLLS: u32 = 3;

/// How many polls may return the stack's state from before its last events.
const STALE_POLLS: u32 = 15;

/// The progress of a deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// CloudFormation has started it: from now on it continues in the background.
    Begun,
    /// An event of a resource or of the stack.
    Event(StackEvent),
    /// The end: the deployed stack.
    Done(Box<Deployed>),
}

/// Executes a plan and follows it. The stream ends with [`Progress::Done`], or with an error, which is
/// [`StackError::Failed`] with the first cause if the deployment failed.
///
/// Dropping the stream leaves the deployment running, once it has [begun](Progress::Begun).
pub fn deploy(cfn: Client, plan: StackPlan) -> BoxStream<'static, Result<Progress, StackError>> {
    let token = Uuid::new_v4().to_string();
    let follower = DeploymentFollower {
        pace: PollPace::new(&cfn),
        feed: EventFeed::of_operation(&cfn, &plan.stack_arn, &token),
        cfn,
        plan,
        step: DeploymentStep::Execute,
        waiting: VecDeque::new(),
        first: None,
        kept: Vec::new(),
        ahead: None,
        polled: false,
        quiet: 0,
        stale: 0,
        token,
    };
    stream::unfold(follower, |mut follower| async move {
        let item = follower.next().await?;
        if item.is_err() {
            follower.step = DeploymentStep::Over;
        }
        Some((item, follower))
    })
    .boxed()
}

#[derive(Debug)]
enum DeploymentStep {
    Execute,
    Follow,
    Fail,
    Finish(StackState),
    Over,
}

#[derive(Debug)]
struct DeploymentFollower {
    cfn: Client,
    plan: StackPlan,
    pace: PollPace,
    step: DeploymentStep,
    feed: EventFeed,
    waiting: VecDeque<StackEvent>,
    first: Option<FailedResource>,
    /// The resources that a failed create leaves.
    kept: Vec<KeptResource>,
    /// The last state of the stack that its events reported.
    ahead: Option<StackState>,
    polled: bool,
    quiet: u32,
    stale: u32,
    /// The client request token of this deployment's events.
    token: String,
}

impl DeploymentFollower {
    async fn next(&mut self) -> Option<Result<Progress, StackError>> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return Some(Ok(Progress::Event(event)));
            }
            let step = match &self.step {
                DeploymentStep::Execute => match self.execute().await {
                    Err(error) if error.fault() == Some(Fault::Denied) => Err(self.abandon(error).await),
                    Err(error) => Err(error),
                    Ok(()) => return Some(Ok(Progress::Begun)),
                },
                DeploymentStep::Follow => self.follow().await,
                DeploymentStep::Finish(state) => {
                    let state = state.clone();
                    match self.finish(&state).await {
                        Ok(Some(done)) => {
                            self.step = DeploymentStep::Over;
                            return Some(Ok(Progress::Done(Box::new(done))));
                        }
                        Ok(None) => Ok(()),
                        Err(error) => Err(error),
                    }
                }
                DeploymentStep::Fail => Err(self.failure()),
                DeploymentStep::Over => return None,
            };
            if let Err(error) = step {
                return Some(Err(error));
            }
        }
    }

    async fn execute(&mut self) -> Result<(), StackError> {
        // Earlier events aren't part of this deployment. They are skipped by what was seen, not by time: clocks
        // differ.
        self.feed.skip_past().await?;
        let executed = self
            .cfn
            .execute_change_set()
            .stack_name(&self.plan.stack_arn)
            .change_set_name(&self.plan.change_set_arn)
            .client_request_token(&self.token)
            .send()
            .await
            .map_err(|error| StackError::request("cloudformation:ExecuteChangeSet", &error));
        if let Err(error) = executed {
            self.check_execution(error).await?;
            self.feed.has_begun();
        }
        self.step = DeploymentStep::Follow;
        Ok(())
    }

    /// Deletes the change set of a caller who can't execute it, so that repeated attempts leave none.
    async fn abandon(&self, denial: StackError) -> StackError {
        if let Err(error) = discard(&self.cfn, &self.plan).await {
            tracing::warn!(change_set = self.plan.change_set_arn, %error, "the change set stays behind");
        }
        denial
    }

    /// A request that is retried after a lost response may be rejected because the first one succeeded.
    async fn check_execution(&self, error: StackError) -> Result<(), StackError> {
        let stale = StackError::StaleChangeSet {
            stack: self.plan.stack.clone(),
        };
        if error.is("ChangeSetNotFound") || error.is("ChangeSetNotFoundException") {
            return Err(stale);
        }
        let doubtful = error.is("InvalidChangeSetStatus")
            || error.is("InvalidChangeSetStatusException")
            || error.fault() == Some(Fault::Unanswered);
        if !doubtful {
            return Err(error);
        }
        let found = self
            .cfn
            .describe_change_set()
            .stack_name(&self.plan.stack_arn)
            .change_set_name(&self.plan.change_set_arn)
            .send()
            .await
            .map_err(|error| StackError::request("cloudformation:DescribeChangeSet", &error));
        match found.as_ref().map(|set| set.execution_status()) {
            Ok(Some(
                ExecutionStatus::ExecuteInProgress
                | ExecutionStatus::ExecuteComplete
                | ExecutionStatus::ExecuteFailed,
            )) => Ok(()),
            Ok(Some(ExecutionStatus::Obsolete)) => Err(stale),
            _ => Err(error),
        }
    }

    async fn follow(&mut self) -> Result<(), StackError> {
        self.rest().await;
        let news = match self.feed.news().await {
            Ok(news) => news,
            Err(error) => return self.pace.tolerate(&self.plan.stack, error),
        };
        self.pace.as_usual();
        self.quiet = if news.is_empty() { self.quiet + 1 } else { 0 };
        for event in news {
            self.take(event);
        }
        if let Some(state) = &self.ahead {
            match state::stack_end(state) {
                StackEnd::Done => {
                    self.step = DeploymentStep::Finish(state.clone());
                    self.polled = false;
                }
                StackEnd::Failed => self.step = DeploymentStep::Fail,
                StackEnd::Perhaps if self.quiet >= QUIET_POLLS => self.step = DeploymentStep::Fail,
                StackEnd::Perhaps | StackEnd::NotYet => {}
            }
        }
        Ok(())
    }

    /// Pauses before every poll but the first.
    async fn rest(&mut self) {
        if self.polled {
            self.pace.pause().await;
        }
        self.polled = true;
    }

    fn failure(&mut self) -> StackError {
        StackError::Failed(Box::new(DeploymentFailure {
            stack: self.plan.stack.clone(),
            stack_arn: self.plan.stack_arn.clone(),
            state: self.ahead.clone().unwrap_or(StackState::Unknown(String::new())),
            first: self.first.take(),
            kept: std::mem::take(&mut self.kept),
        }))
    }

    fn take(&mut self, event: StackEvent) {
        if event.is_stack {
            self.ahead = Some(StackState::from(event.status.as_str()));
        } else if self.first.is_none() {
            self.first = event.failure();
        }
        if self.plan.creates {
            self.kept.extend(event.kept());
        }
        self.waiting.push_back(event);
    }

    /// The final stack from `DescribeStacks`, which may lag behind the events.
    async fn finish(&mut self, state: &StackState) -> Result<Option<Deployed>, StackError> {
        self.rest().await;
        let stack = match lookup::describe(&self.cfn, &self.plan.stack_arn).await {
            Ok(stack) => stack,
            Err(error) => return self.pace.tolerate(&self.plan.stack, error).map(|()| None),
        };
        self.pace.as_usual();
        let Some(stack) = stack else {
            return Ok(None);
        };
        // Before an update the state was the same, so the parameters must match, too.
        if stack.state == *state && self.shows_in(&stack) {
            return Ok(Some(stack));
        }
        if state::next_action(&stack.state) == NextAction::Wait {
            return Ok(None);
        }
        self.stale += 1;
        // After so many polls it is not a stale response: another deployment ran since.
        Ok((self.stale > STALE_POLLS).then_some(stack))
    }

    /// Whether a stack has the parameters of this deployment.
    fn shows_in(&self, stack: &Deployed) -> bool {
        self.plan
            .parameters
            .iter()
            .all(|change| stack.parameters.get(change.name) == Some(&change.after))
    }
}
