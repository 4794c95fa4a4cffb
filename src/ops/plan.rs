use std::collections::{BTreeMap, BTreeSet};

use super::compare::ValueDifference;
use super::desired::{DesiredValue, KeyChange, changes};
use super::read::entries_of;
use super::{OpsError, OpsResult};
use crate::model::{
    Change, Entry, Envelope, Guard, Head, Key, Message, Mutation, Revision, Secrecy, Section, SectionPart,
    Timestamp,
};
use crate::store::{Heads, Limit, Snapshot, Store, StoreError, StoreExt as _, Txn};

/// What it takes to make keys hold what they are to hold, as of what was read for the plan.
#[derive(Debug, Clone)]
pub struct Plan {
    changes: BTreeMap<Key, KeyChange>,
    /// Where the sections of all keys stood before the keys were read; a new section isn't in it.
    heads: BTreeMap<Section, Revision>,
    holds: PlanCondition,
    /// What its commits are for.
    message: Option<Message>,
}

/// What must be unchanged since it was read, for a plan to be committed.
#[derive(Debug, Clone)]
enum PlanCondition {
    /// The keys that are in the plan.
    Keys,
    /// This whole section.
    Section(Section),
    /// Nothing: the plan was shown to nobody.
    Nothing,
}

/// What a plan did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PlanOutcome {
    /// Keys that are new.
    pub added: usize,
    /// Keys with another value than before.
    pub changed: usize,
    /// Keys to delete.
    pub removed: usize,
    /// Keys that don't change.
    pub unchanged: usize,
    /// Where the sections that were written stand now.
    pub heads: Vec<Head>,
}

/// Names of writers are seldom longer, in bytes: a batch is filled as if each were.
const LONG_NAME: usize = 512;
/// Wrapped data keys are seldom longer, in bytes.
const LONG_WRAPPED: usize = 512;

impl Plan {
    /// Plans to set these keys, and to leave all others as they are.
    pub async fn set(store: &dyn Store, wanted: BTreeMap<Key, DesiredValue>) -> OpsResult<Self> {
        let sections: BTreeSet<Section> = wanted.keys().map(Key::section).collect();
        // Before the entries: whatever changes after this moment overtakes the plan.
        let heads = store.heads(Heads::Of(sections.into_iter().collect())).await?;
        let now = entries_of(store, wanted.keys()).await?;
        Ok(Self {
            changes: changes(store, now, wanted).await?,
            heads: revisions(&heads),
            holds: PlanCondition::Keys,
            message: None,
        })
    }

    /// Plans to remove these entries.
    pub fn remove(entries: Vec<Entry>) -> Self {
        Self {
            heads: entries
                .iter()
                .map(|entry| (entry.key.section(), entry.revision))
                .collect(),
            changes: entries
                .into_iter()
                .map(|entry| (entry.key.clone(), ValueDifference::Removed(entry)))
                .collect(),
            holds: PlanCondition::Keys,
            message: None,
        }
    }

    /// Plans to undo the changes of a commit, of which `lines` are the log's: each key becomes what it was before, if it is
    /// still as the commit left it.
    pub fn revert(lines: &[Change], now: Timestamp) -> Self {
        let undo = |line: &Change| {
            let before = line.replaced().and_then(|entry| DesiredValue::again(entry, now));
            let change = match (line.entry(), before) {
                (None, None) => return None,
                (None, Some(before)) => ValueDifference::Added(before),
                (Some(left), None) => ValueDifference::Removed(left),
                (Some(left), Some(before)) => ValueDifference::Changed(left, before),
            };
            Some((line.key.clone(), change))
        };
        let revision = |line: &Change| (line.key.section(), line.revision);
        Self {
            changes: lines.iter().filter_map(undo).collect(),
            heads: lines.iter().map(revision).collect(),
            holds: PlanCondition::Keys,
            message: None,
        }
    }

    /// The same, to be committed whatever has changed since.
    #[must_use]
    pub fn unguarded(mut self) -> Self {
        self.holds = PlanCondition::Nothing;
        self
    }

    /// The same, whose commits have this message.
    #[must_use]
    pub fn with_message(mut self, message: Message) -> Self {
        self.message = Some(message);
        self
    }

    /// Plans to make this part of a section, of which `now` is a snapshot of `store`, hold exactly this: its other keys are
    /// removed. Keys with a time to live are state, not configuration: those that aren't wanted stay, unless `with_ttl`.
    ///
    /// Fails with [`OpsError::Outside`] for a wanted key that isn't in this part.
    pub async fn over(
        store: &dyn Store,
        now: Snapshot,
        part: &SectionPart,
        wanted: BTreeMap<Key, DesiredValue>,
        with_ttl: bool,
    ) -> OpsResult<Self> {
        if let Some(key) = wanted.keys().find(|key| !part.holds(key)) {
            return Err(OpsError::Outside {
                key: key.clone(),
                part: part.clone(),
            });
        }
        let heads = revisions(&now.heads);
        let entries = now
            .entries
            .into_iter()
            .filter(|entry| with_ttl || entry.expires.is_none() || wanted.contains_key(&entry.key))
            .map(|entry| (entry.key.clone(), entry))
            .collect();
        Ok(Self {
            changes: changes(store, entries, wanted).await?,
            heads,
            holds: PlanCondition::Section(part.section().clone()),
            message: None,
        })
    }

    /// Plans to set these keys of the part, and to leave all others as they are, to be committed only while the section is as it was in this snapshot.
    ///
    /// Fails as [`Self::over`] does.
    pub async fn set_over(
        store: &dyn Store,
        now: Snapshot,
        part: &SectionPart,
        wanted: BTreeMap<Key, DesiredValue>,
    ) -> OpsResult<Self> {
        let mut plan = Self::over(store, now, part, wanted, true).await?;
        plan.changes
            .retain(|_, change| !matches!(change, ValueDifference::Removed(_)));
        Ok(plan)
    }

    /// Each key with what becomes of it, ordered.
    pub fn changes(&self) -> &BTreeMap<Key, KeyChange> {
        &self.changes
    }

    /// Whether there is nothing to change.
    pub fn is_empty(&self) -> bool {
        self.mutations().next().is_none()
    }

    /// The number of keys to write or delete.
    pub fn len(&self) -> usize {
        self.mutations().count()
    }

    /// What it will have done.
    pub fn outcome(&self) -> PlanOutcome {
        let mut outcome = PlanOutcome::default();
        for change in self.changes.values() {
            *match change {
                ValueDifference::Added(_) => &mut outcome.added,
                ValueDifference::Removed(_) => &mut outcome.removed,
                ValueDifference::Changed(..) => &mut outcome.changed,
                ValueDifference::Same(..) => &mut outcome.unchanged,
            } += 1;
        }
        outcome
    }

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
            let txn = Txn::new(self.mutations().collect())
                .guarded(self.guards())
                .with_message(self.message.clone());
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
            let committed = store
                .write(Txn::new(batch).guarded(guards).with_message(self.message.clone()))
                .await?;
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

    fn batches(&self) -> Vec<Vec<Mutation>> {
        let mut batches: Vec<Vec<Mutation>> = Vec::new();
        let (mut batch, mut sections, mut bytes) = (Vec::new(), BTreeSet::new(), 0);
        for mutation in self.mutations() {
            let section = mutation.key().section();
            let more = usize::from(!sections.contains(&section));
            let size = self.bytes_of(&mutation);
            // Every section may be new by then, whatever it was for the plan.
            let after = sections.len() + more;
            let full = Limit::actions_of(batch.len() + 1, after, after, 0) > Limit::MAX_ACTIONS
                || bytes + size > Limit::MAX_BYTES;
            if full && !batch.is_empty() {
                batches.push(std::mem::take(&mut batch));
                sections.clear();
                bytes = 0;
            }
            sections.insert(section);
            bytes += size;
            batch.push(mutation);
        }
        batches.extend((!batch.is_empty()).then_some(batch));
        batches
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
        Limit::bytes_of(key, new, old, LONG_NAME) + message
    }

    fn mutations(&self) -> impl Iterator<Item = Mutation> {
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

fn revisions(heads: &[Head]) -> BTreeMap<Section, Revision> {
    heads
        .iter()
        .map(|head| (head.section.clone(), head.revision))
        .collect()
}
