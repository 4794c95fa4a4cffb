use super::commit_record::CommitRecord;
use crate::model::{Entry, Head};

/// The item that an action of a cancelled transaction found.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::engine::dynamodb) enum FoundItem {
    /// Its condition held, or nothing is known.
    AsRead,
    /// Its condition failed, and this is there instead.
    Entry(Box<Entry>),
    Head(Head),
    Record(CommitRecord),
    /// Its condition failed, and nothing is there, or nothing that matters.
    Other,
}
