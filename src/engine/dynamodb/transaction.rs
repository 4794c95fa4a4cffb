use std::collections::{BTreeMap, HashMap, HashSet};

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{
    ConditionCheck, Delete, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem,
};

use super::items::{self, Item, id, n, s};
use crate::model::{Entry, Head, Key, Section, Timestamp};
use crate::store::{Decision, Result, StoreError, Txn};

/// What a commit read, kept up to date by what lost races give back.
#[derive(Debug, Clone)]
pub(super) struct Read {
    pub(super) entries: HashMap<Key, Entry>,
    pub(super) heads: HashMap<Section, Head>,
    pub(super) history_days: u32,
    pub(super) now: Timestamp,
}

/// What an action of a transaction is about, in the order of the actions: so that a cancellation's reasons can
/// be told apart.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Subject {
    Entry(Key),
    Head(Section),
    Other,
}

/// A transaction ready to be sent.
#[derive(Debug, Clone)]
pub(super) struct Transaction {
    pub(super) actions: Vec<TransactWriteItem>,
    pub(super) subjects: Vec<Subject>,
}

/// A condition with its values.
struct Condition {
    text: String,
    values: Item,
}

impl Condition {
    fn absent() -> Self {
        Self {
            text: "attribute_not_exists(pk)".into(),
            values: Item::new(),
        }
    }

    /// The entry is still as it was read.
    fn entry(read: Option<&Entry>) -> Self {
        let Some(entry) = read else {
            return Self::absent();
        };
        let mut values = Item::from([(":rev".into(), n(entry.revision))]);
        let text = match entry.expires {
            None => "rev = :rev AND attribute_not_exists(expires_at)".into(),
            Some(expires) => {
                values.insert(":expires".into(), n(expires.epoch()));
                "rev = :rev AND expires_at = :expires".into()
            }
        };
        Self { text, values }
    }

    fn head(read: Option<&Head>) -> Self {
        match read {
            None => Self::absent(),
            Some(head) => Self {
                text: "rev = :rev".into(),
                values: Item::from([(":rev".into(), n(head.revision))]),
            },
        }
    }

    fn values(&self) -> Option<Item> {
        Some(self.values.clone()).filter(|values| !values.is_empty())
    }
}

impl Transaction {
    /// The actions of commits, each decided on what those before it leave: entries, log lines, heads, new sections,
    /// and checks of what was guarded but isn't written. No key is written by two of them. What is written once for
    /// all, or checked, is so on condition that it is still as it was read.
    pub(super) fn build(
        table: &str,
        commits: &[(&Txn, &Decision)],
        read: &Read,
        registers_sections: bool,
    ) -> Result<Self> {
        let builder = Builder { table };
        builder
            .build(commits, read, registers_sections)
            .map_err(|error| StoreError::Other {
                what: "dynamodb:TransactWriteItems".into(),
                source: Some(error.into()),
            })
    }
}

struct Builder<'t> {
    table: &'t str,
}

impl Builder<'_> {
    fn build(
        &self,
        commits: &[(&Txn, &Decision)],
        read: &Read,
        registers_sections: bool,
    ) -> std::result::Result<Transaction, BuildError> {
        let changes = || commits.iter().flat_map(|(_, decision)| &decision.changes);
        // The last to move a head says where it stands.
        let heads: BTreeMap<&Section, &Head> = commits
            .iter()
            .flat_map(|(_, decision)| &decision.moves)
            .map(|moved| (&moved.to.section, &moved.to))
            .collect();
        let mut actions = Vec::new();
        let mut subjects = Vec::new();
        let mut add = |action: TransactWriteItem, subject: Subject| {
            actions.push(action);
            subjects.push(subject);
        };
        for applied in changes() {
            let key = &applied.change.key;
            let condition = Condition::entry(read.entries.get(key));
            let action = match &applied.entry {
                Some(entry) => self.put(items::from_entry(entry), Some(&condition))?,
                None => self.delete(items::entry_id(key), &condition)?,
            };
            add(action, Subject::Entry(key.clone()));
            add(
                self.put(items::from_change(&applied.change, read.history_days), None)?,
                Subject::Other,
            );
        }
        for (section, head) in &heads {
            let before = read.heads.get(section);
            add(
                self.put(items::from_head(head), Some(&Condition::head(before)))?,
                Subject::Head((*section).clone()),
            );
            if before.is_none() && registers_sections {
                add(self.put(registration(section, read.now), None)?, Subject::Other);
            }
        }

        let written: HashSet<&Key> = changes().map(|applied| &applied.change.key).collect();
        let mut checked: HashSet<Subject> = HashSet::new();
        for guard in commits.iter().flat_map(|(txn, _)| &txn.guards) {
            let section = guard.section();
            let (subject, id, condition) = match guard.key() {
                Some(key) if written.contains(key) => continue,
                Some(key) => (
                    Subject::Entry(key.clone()),
                    items::entry_id(key),
                    Condition::entry(read.entries.get(key)),
                ),
                None if heads.contains_key(&section) => continue,
                None => (
                    Subject::Head(section.clone()),
                    id(section.as_str(), items::HEAD),
                    Condition::head(read.heads.get(&section)),
                ),
            };
            if checked.insert(subject.clone()) {
                add(self.check(id, &condition)?, subject);
            }
        }
        Ok(Transaction { actions, subjects })
    }

    fn put(
        &self,
        item: Item,
        condition: Option<&Condition>,
    ) -> std::result::Result<TransactWriteItem, BuildError> {
        let mut put = Put::builder().table_name(self.table).set_item(Some(item));
        if let Some(condition) = condition {
            put = put
                .condition_expression(&condition.text)
                .set_expression_attribute_values(condition.values())
                .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        }
        Ok(TransactWriteItem::builder().put(put.build()?).build())
    }

    fn delete(&self, id: Item, condition: &Condition) -> std::result::Result<TransactWriteItem, BuildError> {
        let delete = Delete::builder()
            .table_name(self.table)
            .set_key(Some(id))
            .condition_expression(&condition.text)
            .set_expression_attribute_values(condition.values())
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        Ok(TransactWriteItem::builder().delete(delete.build()?).build())
    }

    fn check(&self, id: Item, condition: &Condition) -> std::result::Result<TransactWriteItem, BuildError> {
        let check = ConditionCheck::builder()
            .table_name(self.table)
            .set_key(Some(id))
            .condition_expression(&condition.text)
            .set_expression_attribute_values(condition.values())
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        Ok(TransactWriteItem::builder()
            .condition_check(check.build()?)
            .build())
    }
}

/// A line of the section list.
pub(super) fn registration(section: &Section, now: Timestamp) -> Item {
    let mut item = id(items::CONFIG, section.as_str());
    item.insert("created".into(), s(now.to_string()));
    item
}
