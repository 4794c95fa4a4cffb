use std::collections::BTreeMap;

use crate::model::{CommitId, Revision, Section, Timestamp};
use crate::store::Txn;

/// The record of a commit under a caller's id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::engine::dynamodb) struct CommitRecord {
    pub(in crate::engine::dynamodb) place: RecordPlace,
    /// The sections that it changed, each with its revision there.
    pub(in crate::engine::dynamodb) revisions: BTreeMap<Section, Revision>,
    pub(in crate::engine::dynamodb) expires: Timestamp,
}

/// Where the record of a commit lies: in the first of the sections that it may change.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::engine::dynamodb) struct RecordPlace {
    pub(in crate::engine::dynamodb) section: Section,
    pub(in crate::engine::dynamodb) id: CommitId,
}

impl RecordPlace {
    /// None for a commit under no caller's id, or of no changes.
    pub(in crate::engine::dynamodb) fn of(txn: &Txn) -> Option<Self> {
        let sections = txn.changes.iter().map(|change| change.key().section());
        let section = sections.min().filter(|_| txn.recorded)?;
        let id = txn.id.clone();
        Some(Self { section, id })
    }
}
