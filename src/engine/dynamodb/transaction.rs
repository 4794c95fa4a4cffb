//! Transactions as DynamoDB takes them.

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{
    AttributeValue, ConditionCheck, Delete, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem,
    Update,
};

use super::item::{self, Item, id, n, s};
use super::items;
use super::protocol::{EntryAsRead, TableAction, Transaction};
use crate::model::{Head, Revision, Section, Timestamp};

type Built<T> = std::result::Result<T, BuildError>;

/// A condition with its values.
pub(super) struct Condition {
    pub(super) text: String,
    pub(super) values: Item,
}

impl Condition {
    fn absent() -> Self {
        Self {
            text: "attribute_not_exists(pk)".into(),
            values: Item::new(),
        }
    }

    /// The entry is still as it was read.
    pub(super) fn entry(was: &EntryAsRead) -> Self {
        let Some((revision, expires)) = was else {
            return Self::absent();
        };
        let mut values = Item::from([(":was".into(), n(revision))]);
        let text = match expires {
            None => "rev = :was AND attribute_not_exists(expires_at)".into(),
            Some(expires) => {
                values.insert(":expires".into(), n(expires.epoch()));
                "rev = :was AND expires_at = :expires".into()
            }
        };
        Self { text, values }
    }

    fn head(was: Option<Revision>) -> Self {
        match was {
            None => Self::absent(),
            Some(revision) => Self {
                text: "rev = :was".into(),
                values: Item::from([(":was".into(), n(revision))]),
            },
        }
    }

    fn values(&self) -> Option<Item> {
        Some(self.values.clone()).filter(|values| !values.is_empty())
    }
}

/// The actions of a transaction on that table, in its order.
pub(super) fn encode(table: &str, transaction: &Transaction) -> Built<Vec<TransactWriteItem>> {
    let encoder = Encoder { table };
    transaction
        .actions
        .iter()
        .map(|action| encoder.action(action))
        .collect()
}

struct Encoder<'t> {
    table: &'t str,
}

const ALL_OLD: ReturnValuesOnConditionCheckFailure = ReturnValuesOnConditionCheckFailure::AllOld;

impl Encoder<'_> {
    fn action(&self, action: &TableAction) -> Built<TransactWriteItem> {
        match action {
            TableAction::PutEntry { entry, was } => {
                self.put(items::from_entry(entry), Some(&Condition::entry(was)))
            }
            TableAction::DeleteEntry { key, was } => {
                self.delete(items::entry_id(key), &Condition::entry(was))
            }
            TableAction::CheckEntry { key, was } => self.check(items::entry_id(key), &Condition::entry(was)),
            TableAction::PutLine { line, history_days } => {
                self.put(items::from_change(line, *history_days), None)
            }
            TableAction::MoveHead { from, to } => self.move_head(*from, to),
            TableAction::CheckHead { section, at } => {
                self.check(id(section.as_str(), item::HEAD), &Condition::head(*at))
            }
            TableAction::Register { section, at } => {
                self.put(registration(section, *at), Some(&Condition::absent()))
            }
            TableAction::CountSections { new } => {
                let update = self
                    .update(id(item::CONFIG, item::SECTIONS))
                    .update_expression("ADD n :new")
                    .expression_attribute_values(":new", n(new))
                    .condition_expression("attribute_exists(pk)");
                Ok(TransactWriteItem::builder().update(update.build()?).build())
            }
            TableAction::StartCount { sections } => {
                self.put(items::from_section_count(*sections), Some(&Condition::absent()))
            }
            TableAction::PutRecord(record) => {
                self.put(items::from_record(record), Some(&Condition::absent()))
            }
        }
    }

    fn put(&self, item: Item, condition: Option<&Condition>) -> Built<TransactWriteItem> {
        let mut put = Put::builder().table_name(self.table).set_item(Some(item));
        if let Some(condition) = condition {
            put = put
                .condition_expression(&condition.text)
                .set_expression_attribute_values(condition.values())
                .return_values_on_condition_check_failure(ALL_OLD);
        }
        Ok(TransactWriteItem::builder().put(put.build()?).build())
    }

    fn delete(&self, id: Item, condition: &Condition) -> Built<TransactWriteItem> {
        let delete = Delete::builder()
            .table_name(self.table)
            .set_key(Some(id))
            .condition_expression(&condition.text)
            .set_expression_attribute_values(condition.values())
            .return_values_on_condition_check_failure(ALL_OLD);
        Ok(TransactWriteItem::builder().delete(delete.build()?).build())
    }

    fn check(&self, id: Item, condition: &Condition) -> Built<TransactWriteItem> {
        let check = ConditionCheck::builder()
            .table_name(self.table)
            .set_key(Some(id))
            .condition_expression(&condition.text)
            .set_expression_attribute_values(condition.values())
            .return_values_on_condition_check_failure(ALL_OLD);
        Ok(TransactWriteItem::builder()
            .condition_check(check.build()?)
            .build())
    }

    /// Sets what a head has, and leaves what a later version may have added to it.
    fn move_head(&self, from: Option<Revision>, to: &Head) -> Built<TransactWriteItem> {
        let condition = Condition::head(from);
        let mut update = self
            .update(id(to.section.as_str(), item::HEAD))
            .condition_expression(&condition.text)
            .set_expression_attribute_values(condition.values());
        let mut sets = Vec::new();
        for (name, value) in items::head_attributes(to) {
            sets.push(format!("#{name} = :{name}"));
            update = update
                .expression_attribute_names(format!("#{name}"), &name)
                .expression_attribute_values(format!(":{name}"), value);
        }
        sets.sort();
        let update = update.update_expression(format!("SET {}", sets.join(", ")));
        Ok(TransactWriteItem::builder().update(update.build()?).build())
    }

    fn update(&self, id: Item) -> aws_sdk_dynamodb::types::builders::UpdateBuilder {
        Update::builder()
            .table_name(self.table)
            .set_key(Some(id))
            .return_values_on_condition_check_failure(ALL_OLD)
    }
}

/// About how many write units a transaction takes: two for each started KB of an item (DynamoDB developer guide, "Capacity
/// management for transactions"). Items that aren't put count as 1 KB: what is there of them isn't known.
pub(super) fn write_units(actions: &[TransactWriteItem]) -> f64 {
    let started_kb = |action: &TransactWriteItem| {
        let bytes = action.put().map_or(0, |put| size_of(put.item()));
        u32::try_from(bytes.div_ceil(1024).max(1)).unwrap_or(u32::MAX)
    };
    actions.iter().map(started_kb).map(|kb| 2.0 * f64::from(kb)).sum()
}

/// The size of an item in bytes, as DynamoDB reckons it (DynamoDB developer guide, "Item sizes and formats").
fn size_of(item: &Item) -> usize {
    let of = |(name, value): (&String, &AttributeValue)| name.len() + size_of_value(value);
    item.iter().map(of).sum()
}

fn size_of_value(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::B(bytes) => bytes.as_ref().len(),
        AttributeValue::N(number) => number.len() / 2 + 2,
        AttributeValue::M(item) => 3 + item.len() + size_of(item),
        // Nothing longer is put.
        _ => 1,
    }
}

/// A line of the section list.
pub(super) fn registration(section: &Section, now: Timestamp) -> Item {
    let mut item = id(item::CONFIG, section.as_str());
    item.insert("created".into(), s(now.to_string()));
    item
}
