use async_stream::try_stream;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use futures::stream::{self, BoxStream};
use futures::{StreamExt as _, TryStreamExt as _};

use super::DynamoDb;
use super::item::{Item, id, s};
use super::items::{self, log_sk};
use super::protocol::{FirstLineState, LogAnswer, LogMachine, LogRequest, MachineStep};
use crate::model::{Change, Key, Revision, Section, Timestamp};
use crate::store::{Consistency, Heads, Result};

/// Above the index of every line of a revision: a commit has at most 49.
const LAST_INDEX: u32 = 999;
/// How many lines of a section's history are read at once.
const NEWEST_LINES: i32 = 50;

impl DynamoDb {
    pub(super) fn read_changes(&self, section: Section, after: Revision) -> BoxStream<'_, Result<Change>> {
        try_stream! {
            let mut machine = LogMachine::new(section.clone(), after);
            let mut pages = self.log_pages(&section, after, Revision::new(u64::MAX), true);
            let mut request = LogRequest::Page;
            loop {
                let answer = match request {
                    LogRequest::Page => LogAnswer::Page(pages.try_next().await?),
                    LogRequest::Head => LogAnswer::Head(self.revision_of(&section).await?),
                    LogRequest::FirstLine(of) => LogAnswer::FirstLine(self.first_line(&section, of).await?),
                    LogRequest::Oldest => LogAnswer::Oldest(self.oldest_after(&section, after).await?),
                };
                let step = machine.next(answer)?;
                for line in machine.take_lines() {
                    yield line;
                }
                let MachineStep::Request(next) = step else { break };
                request = next;
            }
        }
        .boxed()
    }

    /// Where the section stands.
    async fn revision_of(&self, section: &Section) -> Result<Revision> {
        let heads = self
            .read_heads(Heads::Of(vec![section.clone()]), Consistency::Strong)
            .await?;
        Ok(heads.first().map_or(Revision::ZERO, |head| head.revision))
    }

    /// Whether the first line of a revision is there, in a transaction.
    async fn first_line(&self, section: &Section, of: Revision) -> Result<FirstLineState> {
        let line = id(section.as_str(), &log_sk(of, 0));
        Ok(match self.read_together(&[line], section.as_str()).await? {
            None => FirstLineState::UnderWay,
            Some((lines, now)) if lines.iter().any(|line| is_kept(line, now)) => FirstLineState::There,
            Some(_) => FirstLineState::Absent,
        })
    }

    /// The revision of the first line after a revision that is there.
    async fn oldest_after(&self, section: &Section, after: Revision) -> Result<Option<Revision>> {
        let mut pages = self.log_pages(section, after, Revision::new(u64::MAX), true);
        while let Some(lines) = pages.try_next().await? {
            if let Some(line) = lines.first() {
                return Ok(Some(line.revision));
            }
        }
        Ok(None)
    }

    /// The log of a section, or the lines of one key in it, newest first.
    pub(super) fn read_history(
        &self,
        section: Section,
        key: Option<Key>,
        before: Option<Revision>,
    ) -> BoxStream<'_, Result<Change>> {
        try_stream! {
            let last = before.map_or(Revision::new(u64::MAX), |before| Revision::new(before.get().saturating_sub(1)));
            // DynamoDB refuses a range that ends before it begins.
            if last > Revision::ZERO {
                let query = || {
                    let query = between(self.client.query(), &section, Revision::ZERO.next(), last);
                    // Of a whole section mostly the newest lines are wanted.
                    let limit = key.is_none().then_some(NEWEST_LINES);
                    query.scan_index_forward(false).set_limit(limit)
                };
                let mut pages = self.log_of(&section, query);
                while let Some(lines) = pages.try_next().await? {
                    for line in lines {
                        if key.as_ref().is_none_or(|key| line.key == *key) {
                            yield line;
                        }
                    }
                }
            }
        }
        .boxed()
    }

    /// The log's lines of the revisions after `after` up to `last`, a page at a time. Lines whose time has come
    /// are gone, whether or not DynamoDB has removed them yet.
    pub(super) fn log_pages<'a>(
        &'a self,
        section: &'a Section,
        after: Revision,
        last: Revision,
        forward: bool,
    ) -> BoxStream<'a, Result<Vec<Change>>> {
        // DynamoDB refuses a range that ends before it begins.
        if last <= after {
            return stream::empty().boxed();
        }
        let query = move || {
            let query = self.client.query();
            between(query, section, after.next(), last).scan_index_forward(forward)
        };
        self.log_of(section, query)
    }

    fn log_of<'a>(
        &'a self,
        section: &'a Section,
        query: impl Fn() -> QueryFluentBuilder + Send + 'a,
    ) -> BoxStream<'a, Result<Vec<Change>>> {
        self.pages(query, Consistency::Strong, section.as_str(), |_| None)
            .and_then(|page| async move {
                page.items
                    .iter()
                    .filter(|item| is_kept(item, page.time))
                    .map(items::to_change)
                    .collect()
            })
            .boxed()
    }
}

/// The query for the lines of those revisions.
fn between(
    query: QueryFluentBuilder,
    section: &Section,
    first: Revision,
    last: Revision,
) -> QueryFluentBuilder {
    query
        .key_condition_expression("pk = :pk AND sk BETWEEN :first AND :last")
        .expression_attribute_values(":pk", s(section.as_str()))
        .expression_attribute_values(":first", s(log_sk(first, 0)))
        .expression_attribute_values(":last", s(log_sk(last, LAST_INDEX)))
}

fn is_kept(item: &Item, now: Timestamp) -> bool {
    items::expiry(item).is_none_or(|expires| expires > now)
}
