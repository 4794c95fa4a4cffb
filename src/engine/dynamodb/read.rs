use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{KeysAndAttributes, ReturnValue, ReturnValuesOnConditionCheckFailure};
use futures::TryStreamExt as _;
use tokio::time::{Instant, sleep};

use super::DynamoDb;
use super::item::{self, Item, n};
use super::items;
use super::protocol::{EntryAsRead, MachineStep, TouchAnswer, TouchMachine, TouchRequest};
use super::snapshot::HEADS;
use super::store_time::KnownTime;
use super::transaction::Condition;
use crate::aws::AnswerDate;
use crate::model::{Backoff, Entry, Head, Jitter, Key, Section, Timestamp, Ttl};
use crate::store::{Consistency, Cursor, Deadline, Heads, Result, StoreError};

/// The most keys of one `BatchGetItem` (DynamoDB API reference).
const BATCH: usize = 100;
/// The pauses before what a batch left over is read.
const BACKOFF: Backoff = Backoff::new(Duration::from_millis(25), Duration::from_secs(2));

/// The section list.
pub(super) struct ListedSections {
    /// Ordered.
    pub(super) sections: Vec<Section>,
    /// Whether their number is written down.
    pub(super) is_counted: bool,
    /// The time of the answer.
    pub(super) at: Timestamp,
}

impl DynamoDb {
    pub(super) async fn read_entry(&self, key: &Key, read: Consistency) -> Result<Option<Entry>> {
        let (entry, now) = self.read_item(key, read).await?;
        Ok(entry.filter(|entry| entry.is_live(now)))
    }

    pub(super) async fn read_entries(
        &self,
        keys: &BTreeSet<Key>,
        read: Consistency,
    ) -> Result<BTreeMap<Key, Entry>> {
        let subject = match (keys.first(), keys.len()) {
            (Some(key), 2..) => format!("{key} and {} more", keys.len() - 1),
            (Some(key), _) => key.to_string(),
            (None, _) => return Ok(BTreeMap::new()),
        };
        let ids = keys.iter().map(items::entry_id).collect();
        let (found, now) = self.read_items(ids, read, &subject).await?;
        let entries = found.iter().map(items::to_entry).collect::<Result<Vec<_>>>()?;
        let live = entries.into_iter().filter(|entry| entry.is_live(now));
        Ok(live.map(|entry| (entry.key.clone(), entry)).collect())
    }

    /// The entry of that key, expired or not, and the store's time.
    pub(super) async fn read_item(&self, key: &Key, read: Consistency) -> Result<(Option<Entry>, Timestamp)> {
        let date = AnswerDate::new();
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(items::entry_id(key)))
            .consistent_read(read == Consistency::Strong)
            .set_return_consumed_capacity(self.wants_capacity())
            .customize()
            .interceptor(date.clone())
            .send()
            .await
            .map_err(|error| self.failure("GetItem", Some(key.as_str()), &error))?;
        self.count_read(answer.consumed_capacity());
        let now = self.time_of(date.get());
        Ok((answer.item.as_ref().map(items::to_entry).transpose()?, now))
    }

    /// Reads items by their ids, in any order; what isn't there is left out. Gives the time of the first answer
    /// too: nothing that was read is older.
    pub(super) async fn read_items(
        &self,
        ids: Vec<Item>,
        read: Consistency,
        subject: &str,
    ) -> Result<(Vec<Item>, Timestamp)> {
        let mut found = Vec::new();
        let mut time = None;
        for batch in ids.chunks(BATCH) {
            let mut left = batch.to_vec();
            let mut pauses = 0;
            let mut progress = Instant::now();
            while !left.is_empty() {
                let date = AnswerDate::new();
                let keys = KeysAndAttributes::builder()
                    .set_keys(Some(left))
                    .consistent_read(read == Consistency::Strong)
                    .build()
                    .map_err(|error| StoreError::Other {
                        what: "dynamodb:BatchGetItem".into(),
                        source: Some(error.into()),
                    })?;
                let mut answer = self
                    .client
                    .batch_get_item()
                    .request_items(&self.table, keys)
                    .set_return_consumed_capacity(self.wants_capacity())
                    .customize()
                    .interceptor(date.clone())
                    .send()
                    .await
                    .map_err(|error| self.failure("BatchGetItem", Some(subject), &error))?;
                self.count_read(answer.consumed_capacity());
                time.get_or_insert_with(|| self.time_of(date.get()));
                if let Some(items) = answer
                    .responses
                    .as_mut()
                    .and_then(|tables| tables.remove(&self.table))
                {
                    if !items.is_empty() {
                        progress = Instant::now();
                    }
                    found.extend(items);
                }
                left = answer
                    .unprocessed_keys
                    .and_then(|mut tables| tables.remove(&self.table))
                    .map(|rest| rest.keys)
                    .unwrap_or_default();
                if !left.is_empty() {
                    if progress.elapsed() >= self.options.patience {
                        return Err(StoreError::Throttled {
                            service: "DynamoDB".into(),
                            source: None,
                        });
                    }
                    // Left over for size comes at once, left over for throttling wants a pause; the answer
                    // doesn't say which.
                    sleep(BACKOFF.pause(pauses)).await;
                    pauses += 1;
                }
            }
        }
        Ok((found, time.unwrap_or_else(|| self.now())))
    }

    /// The sections that are registered but these, ordered; under a grant, those that it covers.
    pub(super) async fn sections(&self, except: &[Section], read: Consistency) -> Result<Vec<Section>> {
        let mut sections = match &self.grant {
            Some(grant) => self.granted_sections(grant, read).await?,
            None => self.section_list(except, read).await?.sections,
        };
        sections.retain(|section| !except.contains(section));
        Ok(sections)
    }

    /// The section list. Of those of `except` nothing is read but their names.
    pub(super) async fn section_list(&self, except: &[Section], read: Consistency) -> Result<ListedSections> {
        let query = || {
            self.client
                .query()
                .key_condition_expression("pk = :pk")
                .expression_attribute_values(":pk", item::s(item::CONFIG))
        };
        let (mut sections, mut is_counted, mut at) = (Vec::new(), false, None);
        let mut pages = self.pages(query, read, item::CONFIG, |_| None);
        while let Some(page) = pages.try_next().await? {
            at.get_or_insert(page.time);
            for item in &page.items {
                let sk = item::sk_of(item);
                is_counted |= sk == item::SECTIONS;
                match except.iter().find(|section| section.as_str() == sk) {
                    Some(section) => sections.push(section.clone()),
                    None => sections.extend(items::listed_section(item)?),
                }
            }
        }
        sections.sort();
        Ok(ListedSections {
            sections,
            is_counted,
            at: at.unwrap_or_else(|| self.now()),
        })
    }

    pub(super) async fn read_heads(&self, of: Heads, read: Consistency) -> Result<Vec<Head>> {
        let mut sections = match of {
            Heads::Of(sections) => sections,
            Heads::All => self.sections(&[], read).await?,
            Heads::AllBut(except) => self.sections(&except, read).await?,
        };
        // BatchGetItem refuses a key that comes twice.
        sections.sort();
        sections.dedup();
        let ids = Self::head_ids(&sections);
        let (found, _) = self.read_items(ids, read, HEADS).await?;
        let mut heads = found.iter().map(items::to_head).collect::<Result<Vec<Head>>>()?;
        heads.sort_by(|a, b| a.section.cmp(&b.section));
        Ok(heads)
    }

    pub(super) async fn wait_for_heads(&self, cursor: &Cursor, deadline: Deadline) -> Result<Vec<Head>> {
        let until = Instant::now() + deadline.within;
        loop {
            // Half the price; a head that is late is seen at the next look, and a smaller one is no news.
            let mut heads = self.read_heads(cursor.heads(), Consistency::Eventual).await?;
            heads.retain(|head| head.revision > cursor.seen.get(&head.section).copied().unwrap_or_default());
            let left = until.saturating_duration_since(Instant::now());
            if !heads.is_empty() || left.is_zero() {
                return Ok(heads);
            }
            if left <= deadline.interval {
                sleep(left).await;
                return Ok(Vec::new());
            }
            sleep(Jitter::Tenth.draw(deadline.interval).min(left)).await;
        }
    }

    pub(super) async fn renew(&self, key: &Key, ttl: Option<Ttl>) -> Result<Entry> {
        let mut machine = TouchMachine::new(key.clone(), ttl);
        let mut request = machine.start(self.known_now());
        loop {
            let answer = match request {
                TouchRequest::Read => {
                    let (entry, now) = self.read_item(key, Consistency::Strong).await?;
                    TouchAnswer::Found(entry.map(Box::new), now)
                }
                TouchRequest::ReadTogether => {
                    match self.read_together(&[items::entry_id(key)], key.as_str()).await? {
                        None => TouchAnswer::UnderWay,
                        Some((found, now)) => {
                            let entry = found.first().map(items::to_entry).transpose()?;
                            TouchAnswer::Found(entry.map(Box::new), now)
                        }
                    }
                }
                TouchRequest::Renew { now, ttl } => self.update(key, &renewal(now, ttl)).await?,
                TouchRequest::Set { was, ttl, expires } => {
                    self.update(key, &setting(&was, ttl, expires)).await?
                }
            };
            match machine.next(answer)? {
                MachineStep::Request(next) => request = next,
                MachineStep::Pause(about) => {
                    sleep(Jitter::Half.draw(about)).await;
                    request = TouchRequest::Read;
                }
                MachineStep::Done(entry) => return Ok(entry),
            }
        }
    }

    /// Updates an entry, or gives what the update's condition failed on.
    async fn update(&self, key: &Key, update: &EntryUpdate) -> Result<TouchAnswer> {
        let date = AnswerDate::new();
        let request = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(items::entry_id(key)))
            .update_expression(&update.expression)
            .condition_expression(&update.condition)
            .expression_attribute_names("#ttl", "ttl")
            .set_expression_attribute_values(Some(update.values.clone()))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .set_return_consumed_capacity(self.wants_capacity());
        let error = match request.customize().interceptor(date.clone()).send().await {
            Ok(answer) => {
                self.count_write(answer.consumed_capacity());
                self.time_of(date.get());
                let entry = items::to_entry(&answer.attributes.unwrap_or_default())?;
                return Ok(TouchAnswer::Renewed(Box::new(entry)));
            }
            Err(error) => error,
        };
        match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
                let item = failed.item.as_ref().filter(|item| !item.is_empty());
                let entry = item.map(items::to_entry).transpose()?;
                Ok(TouchAnswer::Found(entry.map(Box::new), self.time_of(date.get())))
            }
            Some(UpdateItemError::TransactionConflictException(_)) => Ok(TouchAnswer::UnderWay),
            _ => Err(self.failure("UpdateItem", Some(key.as_str()), &error)),
        }
    }
}

/// An update of an entry.
struct EntryUpdate {
    expression: String,
    condition: String,
    values: Item,
}

/// Renews what has not expired by `now`.
fn renewal(now: KnownTime, ttl: Option<Ttl>) -> EntryUpdate {
    let there = "attribute_exists(pk) AND (attribute_not_exists(expires_at) OR expires_at > :now)";
    let mut values = Item::from([(":now".into(), n(now.earliest.epoch()))]);
    let (expression, condition) = if let Some(ttl) = ttl {
        values.insert(":ttl".into(), n(ttl.seconds()));
        values.insert(":expires".into(), n(now.latest.expiry_after(ttl).epoch()));
        ("SET expires_at = :expires, #ttl = :ttl", there.to_owned())
    } else {
        // As `Timestamp::expiry_after`.
        values.insert(":later".into(), n(now.latest.epoch() + 1));
        let has_one = format!("{there} AND attribute_exists(#ttl)");
        ("SET expires_at = :later + #ttl", has_one)
    };
    EntryUpdate {
        expression: expression.into(),
        condition,
        values,
    }
}

/// Sets when an entry expires that is as it was read.
fn setting(was: &EntryAsRead, ttl: Ttl, expires: Timestamp) -> EntryUpdate {
    let condition = Condition::entry(was);
    let mut values = condition.values;
    values.insert(":ttl".into(), n(ttl.seconds()));
    values.insert(":then".into(), n(expires.epoch()));
    EntryUpdate {
        expression: "SET expires_at = :then, #ttl = :ttl".into(),
        condition: condition.text,
        values,
    }
}
