//! Which of the commits that wait go together in one transaction.

use std::borrow::Borrow;
use std::collections::HashSet;

use super::commit_basis::CommitBasis;
use super::commit_record::RecordPlace;
use crate::model::{Guard, Key, Mutation, Section};
use crate::store::{CommitState, Committed, Decision, Limit, Result, Txn, decide};

/// The most commits that are decided together: those that are refused take no room in a transaction.
const MOST: usize = 256;

/// Commits decided in turn, each on the state that those before it leave.
pub(in crate::engine::dynamodb) struct CommitBatch<J> {
    /// Those that need no transaction, with their answers: what was read alone decided them.
    pub(in crate::engine::dynamodb) answered: Vec<(J, Result<Committed>)>,
    /// Those that one transaction makes, in their order.
    pub(in crate::engine::dynamodb) made: Vec<(J, Decision)>,
    /// Those that are refused if that transaction is carried out.
    pub(in crate::engine::dynamodb) refused: Vec<(J, Result<Committed>)>,
    /// Those that wait for the next.
    pub(in crate::engine::dynamodb) left: Vec<J>,
}

impl<J: Borrow<Txn>> CommitBatch<J> {
    /// Decides the jobs, all of the same sections, on what was read.
    pub(in crate::engine::dynamodb) fn of(jobs: Vec<J>, read: &CommitBasis, by: &str) -> Self {
        let (mut entries, mut heads) = (read.entries.clone(), read.heads.clone());
        let mut batch = Self {
            answered: Vec::new(),
            made: Vec::new(),
            refused: Vec::new(),
            left: Vec::new(),
        };
        for job in jobs {
            // What bears the id of one that is made may be that very one, sent again.
            if batch
                .made
                .iter()
                .any(|(made, _)| made.borrow().id == job.borrow().id)
            {
                batch.left.push(job);
                continue;
            }
            let state = CommitState {
                entries: &entries,
                heads: &heads,
                now: read.now,
                by,
            };
            match decide(job.borrow(), &state) {
                Err(error) if batch.made.is_empty() => batch.answered.push((job, Err(error))),
                Err(error) => batch.refused.push((job, Err(error))),
                Ok(decision)
                    if batch.made.is_empty()
                        && decision.changes.is_empty()
                        && is_of_one_item(job.borrow()) =>
                {
                    let answer = committed(job.borrow(), read, decision);
                    batch.answered.push((job, Ok(answer)));
                }
                Ok(decision) if batch.takes(job.borrow(), &decision) => {
                    decision.follow(&mut entries, &mut heads);
                    batch.made.push((job, decision));
                }
                Ok(_) => batch.left.push(job),
            }
        }
        batch
    }

    /// Whether one more fits into the transaction. A single commit always does: it is decided by the same limits.
    fn takes(&self, txn: &Txn, decision: &Decision) -> bool {
        if self.made.is_empty() {
            return true;
        }
        let decisions = || self.made.iter().map(|(_, made)| made).chain([decision]);
        let changes = || decisions().flat_map(|decision| &decision.changes);
        let head_moves = || decisions().flat_map(|decision| &decision.moves);
        let written: HashSet<&Key> = changes().map(|applied| &applied.change.key).collect();
        // A transaction takes one action an item (DynamoDB API reference, "TransactWriteItems").
        if written.len() < changes().count() {
            return false;
        }
        let moved: HashSet<&Section> = head_moves().map(|moved| &moved.to.section).collect();
        let new = head_moves().filter(|moved| moved.from.is_none()).count();
        let made = self.made.iter().map(|(job, made)| (job.borrow(), made));
        let commits = || made.clone().chain([(txn, decision)]);
        let elsewhere: HashSet<(Section, Option<&Key>)> = commits()
            .flat_map(|(txn, decision)| checked(txn, decision))
            .filter(|(section, key)| match key {
                Some(key) => !written.contains(key),
                None => !moved.contains(section),
            })
            .collect();
        let records = commits().filter_map(|(txn, _)| RecordPlace::of(txn)).count();
        // The sum has room for one record.
        let actions =
            Limit::actions_of(written.len(), moved.len(), new, elsewhere.len()) + records.saturating_sub(1);
        actions <= Limit::MAX_ACTIONS && decisions().map(Decision::bytes).sum::<usize>() <= Limit::MAX_BYTES
    }

    /// All jobs of the batch.
    pub(in crate::engine::dynamodb) fn into_jobs(self) -> Vec<J> {
        let answered = self.answered.into_iter().map(|(job, _)| job);
        let made = self.made.into_iter().map(|(job, _)| job);
        let refused = self.refused.into_iter().map(|(job, _)| job);
        answered.chain(made).chain(refused).chain(self.left).collect()
    }
}

/// What a commit checks where it doesn't write it: what it guards or deletes, and the heads of one that does nothing and
/// so leaves no record.
fn checked<'t>(txn: &'t Txn, decision: &Decision) -> impl Iterator<Item = (Section, Option<&'t Key>)> {
    let guards = txn.guards.iter().map(|guard| (guard.section(), guard.key()));
    let changes = txn.changes.iter().map(Mutation::key);
    let changes = changes.map(|key| (key.section(), Some(key)));
    let is_unrecorded = decision.changes.is_empty() && RecordPlace::of(txn).is_some();
    let heads = txn.sections().into_iter().filter(move |_| is_unrecorded);
    guards.chain(changes).chain(heads.map(|section| (section, None)))
}

/// Whether one item at most decides it. What is read of several may be of several moments.
fn is_of_one_item(txn: &Txn) -> bool {
    let sections = txn.guards.iter().filter(|guard| guard.key().is_none());
    txn.keys().len() + sections.count() <= 1
}

/// What commits take together of a transaction, as far as is known before anything is read.
#[derive(Debug, Default)]
pub(in crate::engine::dynamodb) struct TransactionRoom {
    commits: usize,
    written: HashSet<Key>,
    guarded: HashSet<Key>,
    sections: HashSet<Section>,
    bytes: usize,
    records: usize,
}

impl TransactionRoom {
    /// Takes one more commit, if it fits.
    pub(in crate::engine::dynamodb) fn takes(&mut self, txn: &Txn) -> bool {
        self.commits += 1;
        self.written
            .extend(txn.changes.iter().map(Mutation::key).cloned());
        self.guarded
            .extend(txn.guards.iter().filter_map(Guard::key).cloned());
        self.sections.extend(txn.sections());
        self.bytes += txn.changes.iter().map(least_bytes).sum::<usize>();
        self.records += usize::from(RecordPlace::of(txn).is_some());
        let elsewhere = self.guarded.difference(&self.written).count();
        let actions = Limit::actions_of(self.written.len(), self.sections.len(), 0, elsewhere);
        self.commits <= MOST
            && actions + self.records.saturating_sub(1) <= Limit::MAX_ACTIONS
            && self.bytes <= Limit::MAX_BYTES
    }
}

/// What a change takes of [`Limit::MAX_BYTES`] where it replaces nothing.
fn least_bytes(change: &Mutation) -> usize {
    match change {
        Mutation::Set { key, value, .. } => Limit::bytes_of(key, value.len(), 0, 0),
        Mutation::Delete { key } => Limit::bytes_of(key, 0, 0, 0),
    }
}

pub(in crate::engine::dynamodb) fn committed(txn: &Txn, read: &CommitBasis, decision: Decision) -> Committed {
    Committed {
        commit: txn.id.clone(),
        at: read.now,
        heads: decision.moves.into_iter().map(|moved| moved.to).collect(),
        changes: decision.changes,
    }
}

#[cfg(test)]
mod tests;
