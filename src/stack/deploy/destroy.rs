use std::collections::VecDeque;

use aws_sdk_cloudformation::Client;
use aws_sdk_iam::Client as Iam;
use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use uuid::Uuid;

use super::event::StackEvent;
use super::event_feed::EventFeed;
use super::pace::PollPace;
use crate::stack::error::StackError;
use crate::stack::failed_resource::FailedResource;
use crate::stack::inspect::lookup;
use crate::stack::inspect::lookup::Deployed;
use crate::stack::inspect::state::StackState;
use crate::stack::template::config_template::TABLE;

/// After how many polls without news the stack itself is described: its last event may be late.
const QUIET_POLLS: u32 = 3;

/// Deletes a stack and follows its deletion, or follows a running deletion. Resources that the template retains are
/// kept, such as the table of a config. The stream ends when the stack is deleted, or with an error, which is
/// [`StackError::NotDeleted`] with the first cause if the deletion failed.
///
/// Dropping the stream leaves the deletion running. Needs `cloudformation:DeleteStack`,
/// `cloudformation:DescribeStackEvents` and `cloudformation:DescribeStacks`, and the permission to delete each
/// resource.
pub fn delete(cfn: &Client, stack: &Deployed) -> BoxStream<'static, Result<StackEvent, StackError>> {
    let follower = DeletionFollower {
        cfn: cfn.clone(),
        feed: EventFeed::new(cfn, &stack.arn),
        pace: PollPace::new(cfn),
        name: stack.name.clone(),
        arn: stack.arn.clone(),
        step: DeletionStep::Begin {
            is_running: stack.state == StackState::DeleteInProgress,
        },
        waiting: VecDeque::new(),
        first: None,
        quiet: 0,
        polled: false,
    };
    stream::unfold(follower, |mut follower| async move {
        let item = follower.next().await?;
        if item.is_err() {
            follower.step = DeletionStep::Over;
        }
        Some((item, follower))
    })
    .boxed()
}

#[derive(Debug, Clone, Copy)]
enum DeletionStep {
    Begin { is_running: bool },
    Follow,
    Fail,
    Over,
}

#[derive(Debug)]
struct DeletionFollower {
    cfn: Client,
    feed: EventFeed,
    pace: PollPace,
    name: String,
    arn: String,
    step: DeletionStep,
    waiting: VecDeque<StackEvent>,
    first: Option<FailedResource>,
    quiet: u32,
    polled: bool,
}

impl DeletionFollower {
    async fn next(&mut self) -> Option<Result<StackEvent, StackError>> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return Some(Ok(event));
            }
            let step = match self.step {
                DeletionStep::Begin { is_running } => self.begin(is_running).await,
                DeletionStep::Follow => self.follow().await,
                DeletionStep::Fail => Err(StackError::NotDeleted {
                    stack: self.name.clone(),
                    state: StackState::DeleteFailed,
                    stuck: self.first.take().into_iter().collect(),
                }),
                DeletionStep::Over => return None,
            };
            if let Err(error) = step {
                return Some(Err(error));
            }
        }
    }

    async fn begin(&mut self, is_running: bool) -> Result<(), StackError> {
        self.step = DeletionStep::Follow;
        if is_running {
            return Ok(());
        }
        // By the seen events, not by time: clocks differ.
        self.feed.skip_past().await?;
        request_deletion(&self.cfn, &self.name, &self.arn, false).await
    }

    async fn follow(&mut self) -> Result<(), StackError> {
        if self.polled {
            self.pace.pause().await;
        }
        self.polled = true;
        let news = match self.feed.news().await {
            Ok(news) => news,
            Err(error) if error.is_absent() => {
                self.step = DeletionStep::Over;
                return Ok(());
            }
            Err(error) => return self.pace.tolerate(&self.name, error),
        };
        self.pace.as_usual();
        self.quiet = if news.is_empty() { self.quiet + 1 } else { 0 };
        for event in news {
            self.take(event);
        }
        if self.quiet >= QUIET_POLLS {
            self.quiet = 0;
            return self.look().await;
        }
        Ok(())
    }

    fn take(&mut self, event: StackEvent) {
        if event.is_stack {
            // An earlier deletion may be seen when a running one is followed; it doesn't count.
            match StackState::from(event.status.as_str()) {
                StackState::DeleteInProgress => {
                    self.first = None;
                    self.step = DeletionStep::Follow;
                }
                StackState::DeleteComplete => self.step = DeletionStep::Over,
                StackState::DeleteFailed => self.step = DeletionStep::Fail,
                _ => {}
            }
        } else if self.first.is_none() {
            self.first = event.failure();
        }
        self.waiting.push_back(event);
    }

    /// Describes the stack, whose end its events may never report.
    async fn look(&mut self) -> Result<(), StackError> {
        match lookup::describe(&self.cfn, &self.arn).await {
            Ok(None) => self.step = DeletionStep::Over,
            Ok(Some(stack)) => match stack.state {
                StackState::DeleteComplete => self.step = DeletionStep::Over,
                StackState::DeleteFailed => self.step = DeletionStep::Fail,
                _ => {}
            },
            Err(error) => return self.pace.tolerate(&self.name, error),
        }
        Ok(())
    }
}

/// Requests the deletion of a stack by its ARN. `keeps_table` is only allowed for a stack whose table can't be deleted.
pub(in crate::stack) async fn request_deletion(
    cfn: &Client,
    stack: &str,
    stack_arn: &str,
    keeps_table: bool,
) -> Result<(), StackError> {
    let kept = keeps_table.then(|| vec![TABLE.to_owned()]);
    let deleted = cfn
        .delete_stack()
        .stack_name(stack_arn)
        .set_retain_resources(kept)
        .client_request_token(Uuid::new_v4().to_string())
        .send()
        .await
        .map_err(|error| StackError::request("cloudformation:DeleteStack", &error));
    match deleted {
        Ok(_) => Ok(()),
        Err(StackError::Request { source, .. })
            if source.is("ValidationError") && source.message.contains("TerminationProtection") =>
        {
            Err(StackError::Protected {
                stack: stack.to_owned(),
            })
        }
        Err(error) => Err(error),
    }
}

/// The principals that a managed policy is attached to, ordered. Needs `iam:ListEntitiesForPolicy`.
pub async fn attached_to(iam: &Iam, policy_arn: &str) -> Result<Vec<Attached>, StackError> {
    let mut attached = Vec::new();
    let mut marker = None;
    loop {
        let page = iam
            .list_entities_for_policy()
            .policy_arn(policy_arn)
            .set_marker(marker)
            .send()
            .await
            .map_err(|error| StackError::request("iam:ListEntitiesForPolicy", &error))?;
        let named = |kind, name: Option<&str>| Attached {
            kind,
            name: name.unwrap_or_default().to_owned(),
        };
        attached.extend(
            page.policy_groups()
                .iter()
                .map(|g| named("group", g.group_name())),
        );
        attached.extend(page.policy_roles().iter().map(|r| named("role", r.role_name())));
        attached.extend(page.policy_users().iter().map(|u| named("user", u.user_name())));
        marker = page.marker.filter(|_| page.is_truncated);
        if marker.is_none() {
            break;
        }
    }
    attached.sort();
    Ok(attached)
}

/// A principal that a policy is attached to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Attached {
    /// `group`, `role` or `user`.
    pub kind: &'static str,
    /// The name, without its path.
    pub name: String,
}
