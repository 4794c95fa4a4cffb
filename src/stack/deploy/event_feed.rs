use std::collections::HashSet;
use std::time::SystemTime;

use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types;

use super::event::StackEvent;
use crate::stack::error::StackError;

/// The new events of a stack, by its ARN, which also finds the events of a deleted stack.
#[derive(Debug)]
pub(in crate::stack) struct EventFeed {
    cfn: Client,
    stack_arn: String,
    seen: HashSet<String>,
    /// The client request token of the wanted events; `None` for all.
    token: Option<String>,
    token_seen: bool,
}

impl EventFeed {
    pub(in crate::stack) fn new(cfn: &Client, stack_arn: &str) -> Self {
        Self {
            cfn: cfn.clone(),
            stack_arn: stack_arn.to_owned(),
            seen: HashSet::new(),
            token: None,
            token_seen: false,
        }
    }

    /// Only the events of the operation with this client request token.
    pub(in crate::stack) fn of_operation(cfn: &Client, stack_arn: &str, token: &str) -> Self {
        Self {
            token: Some(token.to_owned()),
            ..Self::new(cfn, stack_arn)
        }
    }

    /// Marks the operation as begun: all further events belong to it.
    pub(in crate::stack) fn has_begun(&mut self) {
        self.token_seen = true;
    }

    /// Skips all events up to now.
    pub(in crate::stack) async fn skip_past(&mut self) -> Result<(), StackError> {
        let (past, _) = self.page(None).await?;
        self.seen
            .extend(past.iter().filter_map(|event| event.event_id.clone()));
        Ok(())
    }

    /// The new events, oldest first.
    pub(in crate::stack) async fn news(&mut self) -> Result<Vec<StackEvent>, StackError> {
        let mut news = Vec::new();
        let mut token = None;
        loop {
            let (mut events, next) = self.page(token).await?;
            let all = events.len();
            events.retain(|event| event.event_id().is_some_and(|id| !self.seen.contains(id)));
            let met = events.len() < all;
            news.extend(events);
            token = next.filter(|_| !met);
            if token.is_none() {
                break;
            }
        }
        self.seen
            .extend(news.iter().filter_map(|event| event.event_id.clone()));
        let mut fresh = Vec::new();
        for event in news.iter().rev() {
            if self.is_asked_for(event) {
                fresh.push(to_event(event, &self.stack_arn));
            }
        }
        Ok(fresh)
    }

    /// The end of the previous operation may appear late. The first event with the token ends the past.
    fn is_asked_for(&mut self, event: &types::StackEvent) -> bool {
        let Some(wanted) = &self.token else {
            return true;
        };
        let token = event.client_request_token();
        self.token_seen |= token == Some(wanted);
        self.token_seen || token.is_none()
    }

    /// The last events, newest first: at most `pages` requests.
    pub(in crate::stack) async fn latest(&self, pages: usize) -> Result<Vec<types::StackEvent>, StackError> {
        let mut latest = Vec::new();
        let mut token = None;
        for _ in 0..pages {
            let (events, next) = self.page(token).await?;
            latest.extend(events);
            token = next;
            if token.is_none() {
                break;
            }
        }
        Ok(latest)
    }

    /// A page of the stack's events, newest first.
    async fn page(
        &self,
        token: Option<String>,
    ) -> Result<(Vec<types::StackEvent>, Option<String>), StackError> {
        let page = self
            .cfn
            .describe_stack_events()
            .stack_name(&self.stack_arn)
            .set_next_token(token)
            .send()
            .await
            .map_err(|error| StackError::request("cloudformation:DescribeStackEvents", &error))?;
        Ok((page.stack_events.unwrap_or_default(), page.next_token))
    }
}

pub(in crate::stack) fn to_event(event: &types::StackEvent, stack_arn: &str) -> StackEvent {
    let at = event
        .timestamp()
        .and_then(|at| SystemTime::try_from(*at).ok())
        .unwrap_or(SystemTime::UNIX_EPOCH);
    StackEvent::new(event, stack_arn, at)
}
