use std::time::Duration;

use aws_sdk_dynamodb::operation::transact_get_items::TransactGetItemsError;
use aws_sdk_dynamodb::types::{Get, TransactGetItem};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use tokio::time::sleep;

use super::DynamoDb;
use super::item::{self, Item, id};
use super::items;
use super::protocol::{
    HeadTransaction, LogRange, MachineStep, SnapshotAnswer, SnapshotMachine, SnapshotRequest, SnapshotScope,
};
use crate::aws::{AnswerDate, Failed, Fault};
use crate::model::{Backoff, Change, Entry, Head, Jitter, Prefix, Revision, Section, Timestamp};
use crate::store::{Consistency, Result, Snapshot, StoreError};

/// What is read, for people.
pub(super) const HEADS: &str = "the heads";
/// How many requests of one kind are made side by side.
const SIDE_BY_SIDE: usize = 8;
/// How often a transaction that is throttled is tried.
const ATTEMPTS: u32 = 8;
const BACKOFF: Backoff = Backoff::new(Duration::from_millis(20), Duration::from_millis(1280));

impl DynamoDb {
    /// Reads a snapshot: every commit whole, also across sections. It never fails because others write.
    pub(super) async fn read_snapshot(&self, prefixes: &[Prefix], except: &[Section]) -> Result<Snapshot> {
        let scope = self.snapshot_scope(prefixes, except).await?;
        let mut machine = SnapshotMachine::new(scope, except);
        let mut answer = SnapshotAnswer::Next;
        let mut snapshot = loop {
            answer = match machine.next(answer)? {
                MachineStep::Request(request) => self.answer(request, except).await?,
                MachineStep::Pause(about) => {
                    sleep(Jitter::Half.draw(about)).await;
                    SnapshotAnswer::Next
                }
                MachineStep::Done(snapshot) => break snapshot,
            };
        };
        let is_of_one_moment = machine.is_of_one_moment();
        tracing::debug!(is_of_one_moment, sections = snapshot.heads.len(), "snapshot");
        let now = self.now();
        snapshot.entries.retain(|entry| entry.is_live(now));
        Ok(snapshot)
    }

    /// What is read for these prefixes, none twice. Under a grant everything is what it covers.
    async fn snapshot_scope(&self, prefixes: &[Prefix], except: &[Section]) -> Result<SnapshotScope> {
        if prefixes.iter().any(Prefix::is_all) {
            let Some(grant) = &self.grant else {
                return Ok(SnapshotScope::Whole);
            };
            let sections = self.granted_sections(grant, Consistency::Strong).await?;
            let sections = sections.into_iter().filter(|section| !except.contains(section));
            let parts = sections.map(|section| {
                let whole = Prefix::from(&section);
                (section, whole)
            });
            return Ok(SnapshotScope::Of(parts.collect()));
        }
        let mut parts: Vec<(Section, Prefix)> = Vec::new();
        for prefix in prefixes {
            let covered = |other: &Prefix| other != prefix && other.covers(prefix);
            if let Some(section) = prefix.section()
                && !except.contains(&section)
                && !prefixes.iter().any(covered)
                && !parts.iter().any(|(_, other)| other == prefix)
            {
                parts.push((section, prefix.clone()));
            }
        }
        Ok(SnapshotScope::Of(parts))
    }

    async fn answer(&self, request: SnapshotRequest, except: &[Section]) -> Result<SnapshotAnswer> {
        Ok(match request {
            SnapshotRequest::Sections => {
                let list = self.section_list(except, Consistency::Strong).await?;
                SnapshotAnswer::Sections(list.sections, list.at)
            }
            SnapshotRequest::Heads(sections) => {
                let ids = Self::head_ids(&sections);
                let (found, at) = self.read_items(ids, Consistency::Strong, HEADS).await?;
                SnapshotAnswer::Heads(found.iter().map(items::to_head).collect::<Result<_>>()?, at)
            }
            SnapshotRequest::Entries(parts) => {
                let read = stream::iter(parts)
                    .map(|(section, prefix)| async move { self.read_prefix(&section, &prefix).await })
                    .buffered(SIDE_BY_SIDE);
                SnapshotAnswer::Entries(read.try_collect::<Vec<Vec<Entry>>>().await?.concat())
            }
            SnapshotRequest::Together(transactions) => {
                let read = stream::iter(transactions)
                    .map(|together| async move { self.read_heads_together(&together).await })
                    .buffered(SIDE_BY_SIDE);
                SnapshotAnswer::Together(read.try_collect().await?)
            }
            SnapshotRequest::Lines { of, settled } => {
                let read = stream::iter(of)
                    .map(|range| async move { self.newest_lines(&range, settled).await })
                    .buffered(SIDE_BY_SIDE);
                SnapshotAnswer::Lines(read.try_collect().await?)
            }
        })
    }

    async fn read_heads_together(
        &self,
        together: &HeadTransaction,
    ) -> Result<Option<(Vec<Head>, Option<usize>)>> {
        let mut ids = Self::head_ids(&together.heads);
        if together.counts {
            ids.push(id(item::CONFIG, item::SECTIONS));
        }
        let Some((found, _)) = self.read_together(&ids, HEADS).await? else {
            return Ok(None);
        };
        let (mut heads, mut count) = (Vec::new(), None);
        for item in &found {
            if item::sk_of(item) == item::SECTIONS {
                count = Some(items::to_section_count(item)?);
            } else {
                heads.push(items::to_head(item)?);
            }
        }
        Ok(Some((heads, count)))
    }

    /// These items in one transaction, and the time of the answer; none where a commit is under way on one of them.
    pub(super) async fn read_together(
        &self,
        ids: &[Item],
        subject: &str,
    ) -> Result<Option<(Vec<Item>, Timestamp)>> {
        let gets = ids
            .iter()
            .map(|id| {
                let get = Get::builder()
                    .table_name(&self.table)
                    .set_key(Some(id.clone()))
                    .build();
                get.map(|get| TransactGetItem::builder().get(get).build())
            })
            .collect::<std::result::Result<Vec<_>, _>>()
            .map_err(|error| StoreError::Other {
                what: "dynamodb:TransactGetItems".into(),
                source: Some(error.into()),
            })?;
        let mut attempt = 0;
        loop {
            let request = self
                .client
                .transact_get_items()
                .set_transact_items(Some(gets.clone()))
                .set_return_consumed_capacity(self.wants_capacity());
            let date = AnswerDate::new();
            let error = match request.customize().interceptor(date.clone()).send().await {
                Ok(answer) => {
                    self.count_read(answer.consumed_capacity());
                    let responses = answer.responses.unwrap_or_default();
                    let items = responses.into_iter().filter_map(|response| response.item);
                    return Ok(Some((items.collect(), self.time_of(date.get()))));
                }
                Err(error) => error,
            };
            let codes: Vec<&str> = match error.as_service_error() {
                Some(TransactGetItemsError::TransactionCanceledException(cancelled)) => cancelled
                    .cancellation_reasons()
                    .iter()
                    .filter_map(|reason| reason.code())
                    .collect(),
                _ => Vec::new(),
            };
            let is_throttled = codes.iter().any(|code| THROTTLED.contains(code));
            if codes.contains(&"TransactionConflict") && !is_throttled {
                return Ok(None);
            }
            let mut failed = Failed::new(&error);
            if is_throttled {
                failed.fault = Fault::Throttled;
                if attempt + 1 < ATTEMPTS {
                    sleep(Jitter::Half.draw(BACKOFF.pause(attempt))).await;
                    attempt += 1;
                    continue;
                }
            }
            return Err(self.failed("GetItem", Some(subject), failed));
        }
    }

    /// The lines up to the range's end: those after its beginning, those younger than `settled`, and the one before
    /// them. Oldest first.
    async fn newest_lines(&self, range: &LogRange, settled: Timestamp) -> Result<Vec<Change>> {
        let mut lines: Vec<Change> = Vec::new();
        let mut pages = self.log_pages(&range.section, Revision::ZERO, range.upto, false);
        'pages: while let Some(page) = pages.try_next().await? {
            for line in page {
                let is_last = line.revision <= range.since && line.at < settled;
                lines.push(line);
                if is_last {
                    break 'pages;
                }
            }
        }
        lines.reverse();
        Ok(lines)
    }
}

/// The codes of a cancelled transaction that ask for patience.
pub(super) const THROTTLED: [&str; 4] = [
    "ThrottlingError",
    "ProvisionedThroughputExceeded",
    "RequestLimitExceeded",
    "ThrottlingException",
];
