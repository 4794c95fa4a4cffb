//! The requests of commits to the table, and the answers.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::super::commit_basis::CommitBasis;
use super::super::commit_record::{CommitRecord, RecordPlace};
use super::super::found_item::FoundItem;
use super::super::transaction::Transaction;
use crate::model::{Change, Head, Key, Revision, Section, Timestamp};
use crate::store::StoreError;

/// A request of a commit to the table.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::engine::dynamodb) enum CommitMachineRequest {
    /// These items and the config's settings, each strongly consistent by itself.
    Read {
        keys: Vec<Key>,
        sections: Vec<Section>,
        records: Vec<RecordPlace>,
    },
    /// A transaction. `number` is its token: what is sent again under the same is carried out once.
    Write {
        transaction: Arc<Transaction>,
        number: u32,
    },
    /// These heads and records in one transaction.
    Confirm {
        sections: Vec<Section>,
        records: Vec<RecordPlace>,
    },
    /// All lines of these logs after a revision.
    LinesAfter(BTreeMap<Section, Revision>),
    /// The lines of one revision of each of these logs.
    LinesOf(BTreeMap<Section, Revision>),
    /// The number of lines of the section list.
    CountSections,
    /// Which of these sections are in the section list, or in the list of the writer's grant.
    Listed(Vec<Section>),
}

/// The answer to a [`CommitMachineRequest`], or the end of a pause.
#[derive(Debug, Clone)]
pub(in crate::engine::dynamodb) enum CommitMachineAnswer {
    Read(CommitBasis),
    Written(SendOutcome),
    /// None where a commit is under way on one of the items.
    Confirmed(Option<(Vec<Head>, Vec<CommitRecord>)>),
    Lines(Vec<Change>),
    Count(usize),
    Listed(Vec<Section>),
    /// The request failed, and trying again is of no use.
    Failed(StoreError),
    /// The pause is over, or the machine begins.
    Next,
}

/// The outcome of one send of a transaction.
#[derive(Debug, Clone)]
pub(in crate::engine::dynamodb) enum SendOutcome {
    /// It was carried out.
    Done,
    /// A condition failed, and nothing was written: what each action found, and the time of the answer.
    Lost(Vec<FoundItem>, Option<Timestamp>),
    /// Nothing was written, and the same may be sent again.
    NotYet { error: StoreError, is_conflict: bool },
    /// It may have been carried out.
    Unanswered(StoreError),
    /// Nothing was written, and it won't be.
    Refused(StoreError),
}

/// The writer of commits, and how long they may take.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::engine::dynamodb) struct CommitSettings {
    /// Who is written down as the writer.
    pub(in crate::engine::dynamodb) by: String,
    /// Whether the writer may write the section list.
    pub(in crate::engine::dynamodb) registers_sections: bool,
    /// When the time is over, from when the machine begins.
    pub(in crate::engine::dynamodb) deadline: Duration,
    /// For how long commits are tried at all, for people.
    pub(in crate::engine::dynamodb) patience: Duration,
}

impl CommitSettings {
    /// The error of those whose time is over while others change the same.
    pub(in crate::engine::dynamodb) fn busy(patience: Duration) -> StoreError {
        StoreError::Busy(format!(
            "conflicting commits to the same sections for {} s; nothing was written",
            patience.as_secs()
        ))
    }
}

/// What is left when a machine ends.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::engine::dynamodb) struct UnfinishedJobs<J> {
    /// Jobs that wait for their next turn.
    pub(in crate::engine::dynamodb) waiting: Vec<J>,
    /// Jobs that failed together, where the reason may be one's alone: each is tried by itself.
    pub(in crate::engine::dynamodb) apart: Vec<J>,
}
