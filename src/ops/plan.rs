mod commits;

use std::collections::{BTreeMap, BTreeSet};

use super::compare::ValueDifference;
use super::desired::{DesiredValue, KeyChange, changes};
use super::read::entries_of;
use super::{OpsError, OpsResult};
use crate::model::{
    Change, Entry, Head, Key, Message, PurgedValue, Revision, Section, SectionPart, Timestamp,
};
use crate::store::{Heads, Snapshot, Store, StoreExt as _};

/// What it takes to make keys hold what they are to hold, as of what was read for the plan.
#[derive(Debug, Clone)]
pub struct Plan {
    changes: BTreeMap<Key, KeyChange>,
    /// Where the sections of all keys stood before the keys were read; a new section isn't in it.
    heads: BTreeMap<Section, Revision>,
    holds: PlanCondition,
    /// What its commits are for.
    message: Option<Message>,
    /// The keys that are moved: each new one with the old one.
    moved: BTreeMap<Key, Key>,
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

impl Plan {
    fn new(
        changes: BTreeMap<Key, KeyChange>,
        heads: BTreeMap<Section, Revision>,
        holds: PlanCondition,
    ) -> Self {
        Self {
            changes,
            heads,
            holds,
            message: None,
            moved: BTreeMap::new(),
        }
    }

    /// Plans to set these keys, and to leave all others as they are.
    pub async fn set(store: &dyn Store, wanted: BTreeMap<Key, DesiredValue>) -> OpsResult<Self> {
        let sections: BTreeSet<Section> = wanted.keys().map(Key::section).collect();
        // Before the entries: whatever changes after this moment overtakes the plan.
        let heads = store.heads(Heads::Of(sections.into_iter().collect())).await?;
        let now = entries_of(store, wanted.keys()).await?;
        let changes = changes(store, now, wanted).await?;
        Ok(Self::new(changes, revisions(&heads), PlanCondition::Keys))
    }

    /// Plans to move these entries, each with the key that it comes to, which the commits record. Secrets are encrypted
    /// again for their new keys. Times to live end when they would have. What is at a key that an entry comes to is
    /// replaced, see [`Self::replaced`].
    pub async fn relocate(store: &dyn Store, pairs: Vec<(Entry, Key)>) -> OpsResult<Self> {
        let sections: BTreeSet<Section> = pairs
            .iter()
            .flat_map(|(entry, to)| [entry.key.section(), to.section()])
            .collect();
        let heads = store.heads(Heads::Of(sections.into_iter().collect())).await?;
        let mut now = entries_of(store, pairs.iter().map(|(_, to)| to)).await?;
        // As they were read to be moved, so that a change since then is a conflict.
        now.extend(pairs.iter().map(|(entry, _)| (entry.key.clone(), entry.clone())));
        let moved = pairs
            .iter()
            .map(|(entry, to)| (to.clone(), entry.key.clone()))
            .collect();
        let (entries, keys): (Vec<Entry>, Vec<Key>) = pairs.into_iter().unzip();
        let revealed = store.reveal(entries).await?.into_iter();
        let wanted = keys.into_iter().zip(revealed.map(DesiredValue::moved)).collect();
        let changes = changes(store, now, wanted).await?;
        Ok(Self {
            moved,
            ..Self::new(changes, revisions(&heads), PlanCondition::Keys)
        })
    }

    /// The keys that are there and are replaced by one that is moved.
    pub fn replaced(&self) -> impl Iterator<Item = &Key> {
        let old: BTreeSet<&Key> = self.moved.values().collect();
        self.moved.keys().filter(move |key| {
            !old.contains(key)
                && self
                    .changes
                    .get(key)
                    .is_some_and(|change| change.left().is_some())
        })
    }

    /// Plans to remove these entries.
    pub fn remove(entries: Vec<Entry>) -> Self {
        let heads = entries
            .iter()
            .map(|entry| (entry.key.section(), entry.revision))
            .collect();
        let changes = entries
            .into_iter()
            .map(|entry| (entry.key.clone(), ValueDifference::Removed(entry)))
            .collect();
        Self::new(changes, heads, PlanCondition::Keys)
    }

    /// Plans to undo the changes of a commit, of which `lines` are the log's: each key becomes what it was before, if it is
    /// still as the commit left it.
    ///
    /// Fails with [`PurgedValue`] where one of the values is not in the log any more.
    pub fn revert(lines: &[Change], now: Timestamp) -> Result<Self, PurgedValue> {
        let undo = |line: &Change| {
            let before = line.replaced()?.and_then(|entry| DesiredValue::again(entry, now));
            let change = match (line.entry()?, before) {
                (None, None) => return Ok(None),
                (None, Some(before)) => ValueDifference::Added(before),
                (Some(left), None) => ValueDifference::Removed(left),
                (Some(left), Some(before)) => ValueDifference::Changed(left, before),
            };
            Ok(Some((line.key.clone(), change)))
        };
        let revision = |line: &Change| (line.key.section(), line.revision);
        let changes = lines.iter().map(undo).filter_map(Result::transpose);
        let changes = changes.collect::<Result<_, _>>()?;
        Ok(Self::new(
            changes,
            lines.iter().map(revision).collect(),
            PlanCondition::Keys,
        ))
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
        let changes = changes(store, entries, wanted).await?;
        let holds = PlanCondition::Section(part.section().clone());
        Ok(Self::new(changes, heads, holds))
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

    /// The key that is moved to this one.
    pub fn moved_from(&self, key: &Key) -> Option<&Key> {
        self.moved.get(key)
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
}

fn revisions(heads: &[Head]) -> BTreeMap<Section, Revision> {
    heads
        .iter()
        .map(|head| (head.section.clone(), head.revision))
        .collect()
}
