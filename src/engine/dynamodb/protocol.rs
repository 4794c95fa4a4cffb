//! What the engine asks of DynamoDB and what it makes of the answers, as state machines without IO.
//!
//! A machine is given the answer to its last request and says what comes next. The engine drives it over the SDK; a
//! model checks the same code against a table whose items become visible one by one.

mod batch;
mod commit;
mod commit_basis;
mod commit_record;
mod found_item;
mod log;
#[cfg(test)]
mod model;
mod snapshot;
mod table_action;
mod touch;
mod transaction;

use std::time::Duration;

pub(super) use batch::TransactionRoom;
pub(super) use commit::{
    CommitMachine, CommitMachineAnswer, CommitMachineRequest, CommitSettings, SendOutcome,
};
pub(super) use commit_basis::CommitBasis;
pub(super) use commit_record::{CommitRecord, RecordPlace};
pub(super) use found_item::FoundItem;
pub(super) use log::{FirstLineState, LogAnswer, LogMachine, LogRequest};
pub(super) use snapshot::{
    HeadTransaction, LogRange, SnapshotAnswer, SnapshotMachine, SnapshotRequest, SnapshotScope,
};
pub(super) use table_action::{EntryAsRead, TableAction};
pub(super) use touch::{TouchAnswer, TouchMachine, TouchRequest};
pub(super) use transaction::{SectionList, Transaction};

use crate::model::Backoff;

/// What a machine wants next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum MachineStep<R, O> {
    /// This request is to be sent.
    Request(R),
    /// About this time is to pass: between half of it and half as long again.
    Pause(Duration),
    /// It is finished.
    Done(O),
}

/// How often lines that must become visible are read again.
const LOOKS: u32 = 12;
/// The pause before a second try.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
/// The pauses between tries.
const BACKOFF: Backoff = Backoff::new(FIRST_PAUSE, Duration::from_secs(2));

/// Seconds after which every item of a transaction is visible to plain reads: they become so one by one, within
/// moments (DynamoDB developer guide, "Isolation levels for DynamoDB transactions"); a minute covers the slowest.
pub(super) const SETTLED_AFTER: i64 = 60;
