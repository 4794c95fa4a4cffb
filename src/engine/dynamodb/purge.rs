use std::time::Duration;

use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::AttributeValue;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use tokio::time::sleep;

use super::DynamoDb;
use super::item::{PURGED, id, n, s};
use super::items::{self, log_sk};
use super::protocol::SETTLED_AFTER;
use crate::model::{Backoff, CommitId, Entry, Jitter, Key, Revision, Timestamp};
use crate::store::{Consistency, PURGE_AFTER, PurgePlan, Purged, PurgedParts, Result, StoreError};

const _: () = assert!(PURGE_AFTER.as_secs() == 2 * SETTLED_AFTER.cast_unsigned());

/// How many lines are purged side by side.
const SIDE_BY_SIDE: usize = 8;
/// How often a line that a transaction reads meanwhile is tried, and the pauses between.
const TRIES: u32 = 6;
const BACKOFF: Backoff = Backoff::new(Duration::from_millis(20), Duration::from_secs(1));

/// By what a line is found again.
struct LogLineId {
    revision: Revision,
    index: u32,
    commit: CommitId,
}

impl DynamoDb {
    /// Purges line by line, each in a request of its own: what is interrupted is finished by the next purge, which finds
    /// the lines that are left.
    pub(super) async fn purge_key(&self, key: &Key) -> Result<Purged> {
        // Before the log, so that the line of what replaces the entry meanwhile isn't of the current one.
        let (entry, now) = self.read_item(key, Consistency::Strong).await?;
        let (current, expired) = match entry {
            Some(entry) if entry.is_live(now) => (Some(entry), None),
            entry => (None, entry),
        };
        let section = key.section();
        let query = || {
            self.client
                .query()
                .key_condition_expression("pk = :pk AND begins_with(sk, :log)")
                .filter_expression("#key = :key")
                .expression_attribute_names("#key", "key")
                .expression_attribute_values(":pk", s(section.as_str()))
                .expression_attribute_values(":log", s("@log#"))
                .expression_attribute_values(":key", s(key.as_str()))
        };
        let mut plan = PurgePlan::new(key.clone(), current.map(|entry| entry.revision));
        let mut pages = self.pages(query, Consistency::Strong, key.as_str(), |_| None);
        let mut now = now;
        while let Some(page) = pages.try_next().await? {
            now = now.max(page.time);
            // Lines whose time has come, too, for as long as DynamoDB has them.
            for item in &page.items {
                let line = items::to_change(item)?;
                let id = LogLineId {
                    revision: line.revision,
                    index: line.index,
                    commit: line.commit.clone(),
                };
                plan.take(&line, id);
            }
        }
        let (purged, lines) = plan.finish(now)?;
        // Owned futures: a closure over borrowed lines isn't general enough.
        let lines: Vec<_> = lines
            .into_iter()
            .map(|(line, parts)| self.purge_line(key, line, parts))
            .collect();
        let mut lines = stream::iter(lines).buffer_unordered(SIDE_BY_SIDE);
        while lines.try_next().await?.is_some() {}
        if let Some(entry) = expired {
            self.delete_expired(&entry, now).await?;
        }
        Ok(purged)
    }

    /// Removes values from a line, if it is there.
    async fn purge_line(&self, key: &Key, line: LogLineId, parts: PurgedParts) -> Result<()> {
        let (update, names) = update_of(parts);
        for attempt in 0..TRIES {
            let sent = self
                .client
                .update_item()
                .table_name(&self.table)
                .set_key(Some(id(
                    key.section().as_str(),
                    &log_sk(line.revision, line.index),
                )))
                .update_expression(&update)
                .condition_expression("#key = :key AND #commit = :commit")
                .set_expression_attribute_names(Some(
                    names
                        .iter()
                        .map(|(name, of)| ((*name).into(), (*of).into()))
                        .collect(),
                ))
                .expression_attribute_values(":key", s(key.as_str()))
                .expression_attribute_values(":commit", s(line.commit.as_str()))
                .expression_attribute_values(":true", AttributeValue::Bool(true))
                .set_return_consumed_capacity(self.wants_capacity())
                .send()
                .await;
            let error = match sent {
                Ok(answer) => {
                    self.count_write(answer.consumed_capacity());
                    return Ok(());
                }
                Err(error) => error,
            };
            match error.as_service_error() {
                // DynamoDB has deleted it, since its time has come.
                Some(UpdateItemError::ConditionalCheckFailedException(_)) => return Ok(()),
                Some(UpdateItemError::TransactionConflictException(_)) => {
                    sleep(Jitter::Half.draw(BACKOFF.pause(attempt))).await;
                }
                _ => return Err(self.failure("UpdateItem", Some(key.as_str()), &error)),
            }
        }
        Err(StoreError::Busy(format!(
            "the log of {key} is being read in transactions; a part of its old values was not purged"
        )))
    }

    /// Deletes the item of an expired entry, if it is as it was read.
    async fn delete_expired(&self, entry: &Entry, now: Timestamp) -> Result<()> {
        let sent = self
            .client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(items::entry_id(&entry.key)))
            .condition_expression("rev = :rev AND expires_at <= :now")
            .expression_attribute_values(":rev", n(entry.revision))
            .expression_attribute_values(":now", n(now.epoch()))
            .set_return_consumed_capacity(self.wants_capacity())
            .send()
            .await;
        let error = match sent {
            Ok(answer) => {
                self.count_write(answer.consumed_capacity());
                return Ok(());
            }
            Err(error) => error,
        };
        match error.as_service_error() {
            // It is deleted, or the key begins anew: what it held is in neither.
            Some(
                DeleteItemError::ConditionalCheckFailedException(_)
                | DeleteItemError::TransactionConflictException(_),
            ) => Ok(()),
            _ => Err(self.failure("DeleteItem", Some(entry.key.as_str()), &error)),
        }
    }
}

/// The update that purges these parts of a line, and the names in it.
fn update_of(parts: PurgedParts) -> (String, Vec<(&'static str, &'static str)>) {
    let mut names = vec![
        ("#key", "key"),
        ("#commit", "commit"),
        ("#value", "value"),
        ("#kind", "kind"),
        ("#purged", PURGED),
    ];
    let (mut set, mut remove) = (Vec::new(), Vec::new());
    if parts.value {
        set.push("#purged = :true");
        remove.push("#value, #kind");
    }
    if parts.previous {
        names.push(("#prev", "prev"));
        set.push("#prev.#purged = :true");
        remove.push("#prev.#value, #prev.#kind");
    }
    (
        format!("SET {} REMOVE {}", set.join(", "), remove.join(", ")),
        names,
    )
}

/// A purged line is read back as such, and a line that only lacks its value is corrupt.
#[cfg(test)]
mod tests {
    use super::super::item::Item;
    use super::*;
    use crate::model::{Change, Encoding, LoggedValue, Op, Previous, Value};

    fn line() -> Change {
        let value: LoggedValue = Value::new("plain", Encoding::Text).expect("a value").into();
        let at = Timestamp::from_epoch(1000);
        Change {
            key: "/db/a".parse().expect("a key"),
            revision: Revision::new(2),
            index: 0,
            of: 1,
            op: Op::Set {
                value: value.clone(),
                version: 2,
                secret: false,
                ttl: None,
                expires: None,
            },
            previous: Some(Previous {
                value,
                version: 1,
                revision: Revision::new(1),
                secret: false,
                created: at,
                modified: at,
                by: "me".into(),
                ttl: None,
                expires: None,
            }),
            by: "me".into(),
            at,
            commit: CommitId::random(),
            with: std::collections::BTreeMap::new(),
            message: None,
            from: None,
        }
    }

    /// The item with the attributes of a value removed, and marked if so.
    fn without_value(item: &mut Item, is_marked: bool) {
        item.remove("value").expect("a value");
        item.remove("kind").expect("a kind");
        if is_marked {
            item.insert(PURGED.into(), AttributeValue::Bool(true));
        }
    }

    fn previous(item: &mut Item) -> &mut Item {
        match item.get_mut("prev") {
            Some(AttributeValue::M(previous)) => previous,
            other => panic!("no map: {other:?}"),
        }
    }

    #[test]
    fn a_mark_tells_a_purged_value_from_a_lost_one() {
        let mut purged = line();
        if let (Op::Set { value, .. }, Some(previous)) = (&mut purged.op, &mut purged.previous) {
            (*value, previous.value) = (LoggedValue::Purged, LoggedValue::Purged);
        }
        let mut item = items::from_change(&line(), 30);
        let commit = items::to_change(&item).expect("a line").commit;
        without_value(&mut item, true);
        without_value(previous(&mut item), true);
        purged.commit = commit;
        assert_eq!(items::to_change(&item).expect("a purged line"), purged);
        assert_eq!(
            items::from_change(&purged, 30),
            item,
            "it is written as it is read"
        );

        let corrupt = |change: &dyn Fn(&mut Item)| {
            let mut item = items::from_change(&line(), 30);
            change(&mut item);
            let read = items::to_change(&item);
            assert!(matches!(read, Err(StoreError::Corrupt { .. })), "{read:?}");
        };
        corrupt(&|item| without_value(item, false));
        corrupt(&|item| without_value(previous(item), false));
        corrupt(&|item| drop(item.insert(PURGED.into(), AttributeValue::Bool(true))));
        corrupt(&|item| drop(previous(item).insert(PURGED.into(), AttributeValue::Bool(true))));
    }

    #[test]
    fn an_update_names_what_it_uses() {
        for (value, previous) in [(true, false), (false, true), (true, true)] {
            let (update, names) = update_of(PurgedParts { value, previous });
            for (name, _) in names.iter().skip(2) {
                assert!(
                    update.contains(name),
                    "{name} is not in {update}: DynamoDB refuses it"
                );
            }
            assert_eq!(update.contains("#prev"), previous, "{update}");
        }
    }
}
