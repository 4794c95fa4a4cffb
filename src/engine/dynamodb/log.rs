use async_stream::try_stream;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use futures::stream::{self, BoxStream};
use futures::{StreamExt as _, TryStreamExt as _};

use super::DynamoDb;
use super::items::{self, Item, log_sk, s};
use crate::model::{Change, Key, Revision, Section, Timestamp};
use crate::store::{Consistency, Heads, Result, StoreError};

/// Above the index of every line of a revision: a commit has at most 49.
const LAST_INDEX: u32 = 999;

impl DynamoDb {
    pub(super) fn read_changes(&self, section: Section, after: Revision) -> BoxStream<'_, Result<Change>> {
        try_stream! {
            let mut seen = after;
            let mut revision: Vec<Change> = Vec::new();
            {
                let mut pages = self.log_pages(&section, after, Revision::new(u64::MAX), true);
                'pages: while let Some(lines) = pages.try_next().await? {
                    for line in lines {
                        if line.revision != seen.next() || line.index as usize != revision.len() {
                            // A commit's items become visible one by one: what is behind the gap may be there
                            // before what is in it.
                            break 'pages;
                        }
                        revision.push(line);
                        if revision.len() == revision[0].of as usize {
                            seen = revision[0].revision;
                            for change in revision.drain(..) {
                                yield change;
                            }
                        }
                    }
                }
            }
            if seen == after {
                self.check_reaches(&section, after).await?;
            }
        }
        .boxed()
    }

    /// Fails with `Compacted` where the log's lines after `after` are gone for good.
    async fn check_reaches(&self, section: &Section, after: Revision) -> Result<()> {
        let heads = self
            .read_heads(Heads::Of(vec![section.clone()]), Consistency::Strong)
            .await?;
        let head = heads.first().map_or(Revision::ZERO, |head| head.revision);
        if head <= after {
            return Ok(());
        }
        let mut pages = self.log_pages(section, Revision::ZERO, Revision::new(u64::MAX), true);
        let mut first = None;
        while let Some(lines) = pages.try_next().await? {
            if let Some(line) = lines.first() {
                first = Some(line.revision);
                break;
            }
        }
        let oldest = first.map_or(head, |first| Revision::new(first.get() - 1));
        if oldest > after {
            return Err(StoreError::Compacted {
                section: section.clone(),
                wanted: after,
                oldest,
            });
        }
        Ok(())
    }

    pub(super) fn read_history(&self, key: Key, before: Option<Revision>) -> BoxStream<'_, Result<Change>> {
        try_stream! {
            let section = key.section();
            let last = before.map_or(Revision::new(u64::MAX), |before| Revision::new(before.get().saturating_sub(1)));
            let mut pages = self.log_pages(&section, Revision::ZERO, last, false);
            while let Some(lines) = pages.try_next().await? {
                for line in lines {
                    if line.key == key {
                        yield line;
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
