use std::collections::HashMap;

use super::commit_record::CommitRecord;
use super::found_item::FoundItem;
use super::table_action::TableAction;
use crate::model::{CommitId, Entry, Head, Key, Section, Timestamp};
use crate::store::Meta;

/// What a commit read, kept up to date by what lost races give back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine::dynamodb) struct CommitBasis {
    pub(in crate::engine::dynamodb) entries: HashMap<Key, Entry>,
    pub(in crate::engine::dynamodb) heads: HashMap<Section, Head>,
    /// The records that are there of the commits under a caller's id.
    pub(in crate::engine::dynamodb) records: HashMap<CommitId, CommitRecord>,
    pub(in crate::engine::dynamodb) history_days: u32,
    pub(in crate::engine::dynamodb) now: Timestamp,
}

impl CommitBasis {
    /// Nothing is there, at that time.
    pub(in crate::engine::dynamodb) fn at(now: Timestamp) -> Self {
        Self {
            entries: HashMap::new(),
            heads: HashMap::new(),
            records: HashMap::new(),
            history_days: Meta::default().history_days,
            now,
        }
    }

    /// Takes what an action of a cancelled transaction found.
    pub(in crate::engine::dynamodb) fn learn(&mut self, action: &TableAction, found: FoundItem) {
        match (action, found) {
            (_, FoundItem::Entry(entry)) => {
                self.entries.insert(entry.key.clone(), *entry);
            }
            (_, FoundItem::Head(head)) => {
                self.heads.insert(head.section.clone(), head);
            }
            (_, FoundItem::Record(record)) => {
                self.records.insert(record.place.id.clone(), record);
            }
            (
                TableAction::PutEntry {
                    entry: Entry { key, .. },
                    ..
                }
                | TableAction::DeleteEntry { key, .. }
                | TableAction::CheckEntry { key, .. },
                _,
            ) => {
                self.entries.remove(key);
            }
            (
                TableAction::MoveHead {
                    to: Head { section, .. },
                    ..
                }
                | TableAction::CheckHead { section, .. },
                _,
            ) => {
                self.heads.remove(section);
            }
            _ => {}
        }
    }
}
