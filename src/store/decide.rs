//! The part of a commit that needs no IO: what a transaction does to the state that was read.

use std::collections::{BTreeMap, HashMap};

use super::{AppliedChange, Conflict, Limit, Result, StoreError, Txn};
use crate::model::{
    Change, Entry, Envelope, Guard, Head, Key, Mutation, Op, Previous, Revision, Secrecy, Section, Timestamp,
    TtlChoice, printable,
};

/// What was read before a commit.
#[derive(Debug, Clone)]
pub struct CommitState<'a> {
    /// The entries of all keys that are changed or guarded, expired ones too.
    pub entries: &'a HashMap<Key, Entry>,
    /// The heads of all their sections; a section without one is new.
    pub heads: &'a HashMap<Section, Head>,
    /// Now, by the store's clock.
    pub now: Timestamp,
    /// Who writes where the transaction doesn't say.
    pub by: &'a str,
}

/// What a commit comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// What becomes of each key. Empty where nothing changes.
    pub changes: Vec<AppliedChange>,
    /// The heads that move.
    pub moves: Vec<HeadMove>,
}

impl Decision {
    /// Makes of the state that it was decided on the one that it leaves.
    pub fn follow(&self, entries: &mut HashMap<Key, Entry>, heads: &mut HashMap<Section, Head>) {
        for applied in &self.changes {
            match &applied.entry {
                Some(entry) => entries.insert(entry.key.clone(), entry.clone()),
                None => entries.remove(&applied.change.key),
            };
        }
        for moved in &self.moves {
            heads.insert(moved.to.section.clone(), moved.to.clone());
        }
    }

    /// What it takes of [`Limit::MAX_BYTES`].
    pub fn bytes(&self) -> usize {
        let bytes_of = |applied: &AppliedChange| {
            let new = applied.entry.as_ref().map_or(0, |entry| entry.value.len());
            let old = applied.previous.as_ref().map_or(0, |entry| entry.value.len());
            let message = applied.change.message.as_ref().map_or(0, String::len);
            let from = applied.change.from.as_ref().map_or(0, |key| key.as_str().len());
            Limit::bytes_of(&applied.change.key, new, old, applied.change.by.len()) + message + from
        };
        self.changes.iter().map(bytes_of).sum()
    }
}

/// A head that a commit moves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeadMove {
    /// The head before; none for a section that is new.
    pub from: Option<Revision>,
    /// The head afterwards.
    pub to: Head,
}

/// Checks the guards and limits of `txn` against what was read and says what the commit writes.
pub fn decide(txn: &Txn, state: &CommitState<'_>) -> Result<Decision> {
    let live = |key: &Key| state.entries.get(key).filter(|entry| entry.is_live(state.now));
    let revision = |section: &Section| {
        state
            .heads
            .get(section)
            .map_or(Revision::ZERO, |head| head.revision)
    };

    for guard in &txn.guards {
        if let Guard::Value(key, _) = guard
            && live(key).is_some_and(|entry| entry.secret)
        {
            return Err(StoreError::GuardOnSecret(key.clone()));
        }
        let holds = match guard {
            Guard::Absent(key) => live(key).is_none(),
            Guard::Present(key) => live(key).is_some(),
            Guard::Revision(key, wanted) => live(key).is_some_and(|entry| entry.revision == *wanted),
            Guard::Value(key, wanted) => live(key).is_some_and(|entry| entry.value.bytes() == wanted.bytes()),
            Guard::Section(section, wanted) => revision(section) == *wanted,
        };
        if !holds {
            let current = guard.key().and_then(live).cloned();
            let revision = revision(&guard.section());
            return Err(StoreError::Conflict(Box::new(Conflict {
                guard: guard.clone(),
                current,
                revision,
            })));
        }
    }

    let mut keys: Vec<&Key> = txn.changes.iter().map(Mutation::key).collect();
    keys.sort();
    if let Some(pair) = keys.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(StoreError::Twice(pair[0].clone()));
    }

    let unsealed: Vec<Key> = txn
        .changes
        .iter()
        .filter(|change| needs_seal(change, live(change.key())))
        .map(|change| change.key().clone())
        .collect();
    if !unsealed.is_empty() {
        return Err(StoreError::Unsealed(unsealed));
    }

    let effective: Vec<&Mutation> = txn
        .changes
        .iter()
        .filter(|change| matches!(change, Mutation::Set { .. }) || live(change.key()).is_some())
        .collect();
    let mut lines: HashMap<Section, u32> = HashMap::new();
    for change in &effective {
        *lines.entry(change.key().section()).or_default() += 1;
    }
    check_actions(txn, &effective, &lines, state)?;

    let mut next_index: HashMap<Section, u32> = HashMap::new();
    let mut changes: Vec<AppliedChange> = effective
        .into_iter()
        .map(|mutation| {
            let section = mutation.key().section();
            let index = next_index.entry(section.clone()).or_default();
            let place = LinePlace {
                revision: revision(&section).next(),
                index: *index,
                of: lines[&section],
            };
            *index += 1;
            apply(txn, mutation, live(mutation.key()), place, state)
        })
        .collect();
    let revisions: BTreeMap<Section, Revision> = lines
        .keys()
        .map(|section| (section.clone(), revision(section).next()))
        .collect();
    for applied in &mut changes {
        let own = applied.change.key.section();
        let others = revisions.iter().filter(|(section, _)| **section != own);
        applied.change.with = others.map(|(section, at)| (section.clone(), *at)).collect();
    }
    let mut moves: Vec<HeadMove> = lines
        .into_iter()
        .map(|(section, changes)| HeadMove {
            from: state.heads.get(&section).map(|head| head.revision),
            to: Head {
                revision: revision(&section).next(),
                changes,
                commit: Some(txn.id.clone()),
                modified: Some(state.now),
                section,
            },
        })
        .collect();
    moves.sort_by(|a, b| a.to.section.cmp(&b.to.section));
    let decision = Decision { changes, moves };
    match decision.bytes() {
        size if size > Limit::MAX_BYTES => Err(StoreError::Limit(Limit::Bytes { size })),
        _ => Ok(decision),
    }
}

/// Whether a plain value would be written where a secret is, or is to be.
fn needs_seal(change: &Mutation, before: Option<&Entry>) -> bool {
    match change {
        Mutation::Delete { .. } => false,
        Mutation::Set { value, secret, .. } => match secret {
            Secrecy::Keep => before.is_some_and(|entry| entry.secret),
            Secrecy::Secret => true,
            Secrecy::Sealed => Envelope::read(value).is_none(),
            Secrecy::Plain => false,
        },
    }
}

#[derive(Clone, Copy)]
struct LinePlace {
    revision: Revision,
    index: u32,
    of: u32,
}

fn apply(
    txn: &Txn,
    mutation: &Mutation,
    before: Option<&Entry>,
    place: LinePlace,
    state: &CommitState<'_>,
) -> AppliedChange {
    let entry = match mutation {
        Mutation::Delete { .. } => None,
        Mutation::Set {
            key,
            value,
            secret,
            ttl,
        } => {
            let (ttl, expires) = match *ttl {
                TtlChoice::Never => (None, None),
                TtlChoice::Keep => before.map_or((None, None), |entry| (entry.ttl, entry.expires)),
                TtlChoice::For(ttl) => (Some(ttl), Some(state.now.expiry_after(ttl))),
                TtlChoice::Until { ttl, expires } => {
                    (Some(ttl), Some(expires.min(state.now.expiry_after(ttl))))
                }
            };
            Some(Entry {
                key: key.clone(),
                value: value.clone(),
                version: before.map_or(0, |entry| entry.version) + 1,
                revision: place.revision,
                created: before.map_or(state.now, |entry| entry.created),
                modified: state.now,
                by: writer(txn, state),
                secret: *secret == Secrecy::Sealed,
                ttl,
                expires,
            })
        }
    };
    let op = match &entry {
        None => Op::Delete,
        Some(entry) => Op::Set {
            value: entry.value.clone().into(),
            version: entry.version,
            secret: entry.secret,
            ttl: entry.ttl,
            expires: entry.expires,
        },
    };
    let change = Change {
        key: mutation.key().clone(),
        revision: place.revision,
        index: place.index,
        of: place.of,
        op,
        previous: before.map(Previous::from),
        by: writer(txn, state),
        at: state.now,
        commit: txn.id.clone(),
        with: BTreeMap::new(),
        message: txn.message.as_ref().map(ToString::to_string),
        from: txn.moved_here(mutation.key()).cloned(),
    };
    AppliedChange {
        change,
        entry,
        previous: before.cloned(),
    }
}

/// Who writes, as one line of text: readers refuse any other, and a user's name may come of the environment.
fn writer(txn: &Txn, state: &CommitState<'_>) -> String {
    printable(txn.by.as_deref().unwrap_or(state.by)).into_owned()
}

fn check_actions(
    txn: &Txn,
    effective: &[&Mutation],
    lines: &HashMap<Section, u32>,
    state: &CommitState<'_>,
) -> Result<()> {
    let new_sections = lines
        .keys()
        .filter(|section| !state.heads.contains_key(section))
        .count();
    let is_written = |key: &Key| effective.iter().any(|change| change.key() == key);
    let guarded = txn.guards.iter().map(|guard| (guard.section(), guard.key()));
    // What is to be deleted and isn't there must not be there when the commit is made, either.
    let absent = txn
        .changes
        .iter()
        .map(Mutation::key)
        .filter(|key| !is_written(key));
    let absent = absent.map(|key| (key.section(), Some(key)));
    // Where nothing changes, no record says so: the heads must be as they were read.
    let is_unrecorded = txn.recorded && effective.is_empty() && !txn.changes.is_empty();
    let unrecorded = txn.sections().into_iter().filter(|_| is_unrecorded);
    let unrecorded = unrecorded.map(|section| (section, None));
    let mut elsewhere: Vec<(Section, Option<&Key>)> = guarded
        .chain(absent)
        .chain(unrecorded)
        .filter(|(section, key)| key.map_or(!lines.contains_key(section), |key| !is_written(key)))
        .collect();
    elsewhere.sort();
    elsewhere.dedup();
    let (changes, sections, guards) = (effective.len(), lines.len(), elsewhere.len());
    if Limit::actions_of(changes, sections, new_sections, guards) > Limit::MAX_ACTIONS {
        return Err(StoreError::Limit(Limit::Actions {
            changes,
            sections,
            new_sections,
            guards,
        }));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
