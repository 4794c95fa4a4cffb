//! How a plan is committed: at once, or in batches.

use std::collections::{BTreeMap, BTreeSet};

use super::{Plan, PlanCondition, PlanOutcome};
use crate::model::{Envelope, Guard, Head, Key, Mutation, Secrecy, Section};
use crate::ops::compare::ValueDifference;
use crate::ops::{OpsError, OpsResult};
use crate::store::{Limit, Store, StoreError, StoreExt as _, Txn};

/// Names of writers are seldom longer, in bytes: a batch is filled as if each were.
const LONG_NAME: usize = 512;
/// Wrapped data keys are seldom longer, in bytes.
const LONG_WRAPPED: usize = 512;

impl Plan {
    /// Fails with [`OpsError::Limit`] where the plan doesn't go into one commit.
    pub fn check_limit(&self) -> OpsResult<()> {
        let changes = self.mutations().count();
        let sections: BTreeSet<Section> = self.mutations().map(|change| change.key().section()).collect();
        let new_sections = sections
            .iter()
            .filter(|section| !self.heads.contains_key(section))
            .count();
        if Limit::actions_of(changes, sections.len(), new_sections, 0) > Limit::MAX_ACTIONS {
            return Err(OpsError::Limit(Limit::Actions {
                changes,
                sections: sections.len(),
                new_sections,
                guards: 0,
            }));
        }
        Ok(())
    }

    /// Whether it fits into one commit, including its bytes, for any length of the writer's name.
    pub fn fits_one_commit(&self) -> bool {
        let bytes: usize = self.mutations().map(|change| self.bytes_of(&change)).sum();
        self.check_limit().is_ok() && bytes <= Limit::MAX_BYTES
    }

    /// Makes all changes in one commit, if nothing of what was read has changed since, unless the plan is unguarded.
    ///
    /// Fails with a conflict where something has, and with [`OpsError::Limit`] where it doesn't go into one commit.
    pub async fn commit(&self, store: &dyn Store) -> OpsResult<PlanOutcome> {
        self.check_limit()?;
        let mut outcome = self.outcome();
        if !self.is_empty() {
            let txn = self.txn(self.mutations().collect()).guarded(self.guards());
            let committed = store.write(txn).await.map_err(|error| match error {
                StoreError::Limit(limit) => OpsError::Limit(limit),
                error => error.into(),
            })?;
            outcome.heads = committed.heads;
        }
        Ok(outcome)
    }

    /// Makes the changes in commits that are as large as they may be, one after another, each if the keys that it
    /// changes are as they were read, unless the plan is unguarded. `done` gets the number of changes of each. A
    /// run that ends early leaves whole commits behind, and a new plan has only the rest to do.
    pub async fn commit_in_batches(
        &self,
        store: &dyn Store,
        mut done: impl FnMut(usize),
    ) -> OpsResult<PlanOutcome> {
        let guarded = !matches!(self.holds, PlanCondition::Nothing);
        let mut heads: BTreeMap<Section, Head> = BTreeMap::new();
        for batch in self.batches() {
            let changes = batch.len();
            let guards: Vec<Guard> = batch
                .iter()
                .filter(|_| guarded)
                .map(|change| self.guard(change.key()))
                .collect();
            let committed = store.write(self.txn(batch).guarded(guards)).await?;
            heads.extend(
                committed
                    .heads
                    .into_iter()
                    .map(|head| (head.section.clone(), head)),
            );
            done(changes);
        }
        Ok(PlanOutcome {
            heads: heads.into_values().collect(),
            ..self.outcome()
        })
    }

    fn txn(&self, changes: Vec<Mutation>) -> Txn {
        let old = |change: &Mutation| Some((change.key().clone(), self.moved.get(change.key())?.clone()));
        let moved = changes.iter().filter_map(old).collect();
        Txn {
            moved,
            ..Txn::new(changes).with_message(self.message.clone())
        }
    }

    fn batches(&self) -> Vec<Vec<Mutation>> {
        let mut batches: Vec<Vec<Mutation>> = Vec::new();
        let (mut batch, mut sections, mut bytes) = (Vec::new(), BTreeSet::new(), 0);
        for unit in self.units() {
            let size: usize = unit.iter().map(|mutation| self.bytes_of(mutation)).sum();
            let its_sections: BTreeSet<Section> = unit.iter().map(|change| change.key().section()).collect();
            // Every section may be new by then, whatever it was for the plan.
            let after = sections.union(&its_sections).count();
            let full = Limit::actions_of(batch.len() + unit.len(), after, after, 0) > Limit::MAX_ACTIONS
                || bytes + size > Limit::MAX_BYTES;
            if full && !batch.is_empty() {
                batches.push(std::mem::take(&mut batch));
                sections.clear();
                bytes = 0;
            }
            sections.extend(its_sections);
            bytes += size;
            batch.extend(unit);
        }
        batches.extend((!batch.is_empty()).then_some(batch));
        batches
    }

    /// The changes, those that are made in one commit in any case together: an entry that is moved is never in two places or
    /// in none. Where it comes to a key whose entry is moved, too, that one is with them.
    fn units(&self) -> Vec<Vec<Mutation>> {
        let mut left: BTreeMap<Key, Mutation> = self
            .mutations()
            .map(|change| (change.key().clone(), change))
            .collect();
        let old: BTreeSet<&Key> = self.moved.values().collect();
        let last = self.moved.keys().filter(|key| !old.contains(key));
        let mut units: Vec<Vec<Mutation>> = last
            .map(|key| {
                let chain = std::iter::successors(Some(key), |key| self.moved.get(key));
                chain.filter_map(|key| left.remove(key)).collect()
            })
            .collect();
        units.extend(left.into_values().map(|change| vec![change]));
        units
    }

    fn bytes_of(&self, mutation: &Mutation) -> usize {
        let key = mutation.key();
        let new = match mutation {
            Mutation::Set {
                value,
                secret: Secrecy::Secret,
                ..
            } => value.len() + Envelope::OVERHEAD + LONG_WRAPPED,
            Mutation::Set { value, .. } => value.len(),
            Mutation::Delete { .. } => 0,
        };
        let old = self
            .changes
            .get(key)
            .and_then(ValueDifference::left)
            .map_or(0, |entry| entry.value.len());
        let message = self.message.as_ref().map_or(0, |message| message.as_str().len());
        let from = self.moved.get(key).map_or(0, |old| old.as_str().len());
        Limit::bytes_of(key, new, old, LONG_NAME) + message + from
    }

    pub(super) fn mutations(&self) -> impl Iterator<Item = Mutation> {
        self.changes.iter().filter_map(|(key, change)| match change {
            ValueDifference::Same(..) => None,
            ValueDifference::Removed(_) => Some(Mutation::Delete { key: key.clone() }),
            ValueDifference::Added(wanted) | ValueDifference::Changed(_, wanted) => Some(Mutation::Set {
                key: key.clone(),
                value: wanted.value.clone(),
                secret: wanted.secret,
                ttl: wanted.ttl_choice(),
            }),
        })
    }

    /// What was read is guarded key by key, those too that stay as they are; where that doesn't fit into a commit,
    /// by the revisions of their sections.
    fn guards(&self) -> Vec<Guard> {
        match &self.holds {
            PlanCondition::Nothing => return Vec::new(),
            PlanCondition::Section(section) => return vec![self.section_guard(section.clone())],
            PlanCondition::Keys => {}
        }
        let (same, written): (Vec<_>, Vec<_>) = self
            .changes
            .iter()
            .partition(|(_, change)| matches!(change, ValueDifference::Same(..)));
        let mut guards: Vec<Guard> = written.iter().map(|(key, _)| self.guard(key)).collect();
        let sections: BTreeSet<Section> = written.iter().map(|(key, _)| key.section()).collect();
        let fits = Limit::actions_of(written.len(), sections.len(), sections.len(), same.len())
            <= Limit::MAX_ACTIONS;
        if fits {
            guards.extend(same.iter().map(|(key, _)| self.guard(key)));
        } else {
            let of_same: BTreeSet<Section> = same.iter().map(|(key, _)| key.section()).collect();
            guards.extend(of_same.into_iter().map(|section| self.section_guard(section)));
        }
        guards
    }

    fn section_guard(&self, section: Section) -> Guard {
        let revision = self.heads.get(&section).copied().unwrap_or_default();
        Guard::Section(section, revision)
    }

    fn guard(&self, key: &Key) -> Guard {
        match self.changes.get(key).and_then(ValueDifference::left) {
            Some(entry) => Guard::Revision(key.clone(), entry.revision),
            None => Guard::Absent(key.clone()),
        }
    }
}
