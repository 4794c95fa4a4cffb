//! What a commit reads, and the transaction that makes it.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::commit::Found;
use crate::model::{Change, CommitId, Entry, Head, Key, Mutation, Revision, Section, Timestamp};
use crate::store::{Decision, Meta, Txn};

/// What a commit read, kept up to date by what lost races give back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine::dynamodb) struct Read {
    pub(in crate::engine::dynamodb) entries: HashMap<Key, Entry>,
    pub(in crate::engine::dynamodb) heads: HashMap<Section, Head>,
    /// The records that are there of the commits under a caller's id.
    pub(in crate::engine::dynamodb) records: HashMap<CommitId, CommitRecord>,
    pub(in crate::engine::dynamodb) history_days: u32,
    pub(in crate::engine::dynamodb) now: Timestamp,
}

impl Read {
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
    pub(in crate::engine::dynamodb) fn learn(&mut self, action: &Action, found: Found) {
        match (action, found) {
            (_, Found::Entry(entry)) => {
                self.entries.insert(entry.key.clone(), *entry);
            }
            (_, Found::Head(head)) => {
                self.heads.insert(head.section.clone(), head);
            }
            (_, Found::Record(record)) => {
                self.records.insert(record.place.id.clone(), record);
            }
            (
                Action::PutEntry {
                    entry: Entry { key, .. },
                    ..
                }
                | Action::DeleteEntry { key, .. }
                | Action::CheckEntry { key, .. },
                _,
            ) => {
                self.entries.remove(key);
            }
            (
                Action::MoveHead {
                    to: Head { section, .. },
                    ..
                }
                | Action::CheckHead { section, .. },
                _,
            ) => {
                self.heads.remove(section);
            }
            _ => {}
        }
    }
}

/// The record of a commit that was made under a caller's id.
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

/// How an entry was read: its revision and when it expires; none where it was absent.
pub(in crate::engine::dynamodb) type EntryAsRead = Option<(Revision, Option<Timestamp>)>;

/// An action of a transaction. It is made on condition that what it is about is as it was read.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::engine::dynamodb) enum Action {
    PutEntry {
        entry: Entry,
        was: EntryAsRead,
    },
    DeleteEntry {
        key: Key,
        was: EntryAsRead,
    },
    CheckEntry {
        key: Key,
        was: EntryAsRead,
    },
    /// Unconditional: its revision is the head's.
    PutLine {
        line: Change,
        history_days: u32,
    },
    MoveHead {
        from: Option<Revision>,
        to: Head,
    },
    CheckHead {
        section: Section,
        at: Option<Revision>,
    },
    /// A line of the section list, where there is none.
    Register {
        section: Section,
        at: Timestamp,
    },
    /// The number of sections, which is there, grows by this.
    CountSections {
        new: usize,
    },
    /// The number of sections, which isn't there.
    StartCount {
        sections: usize,
    },
    /// A record, where there is none.
    PutRecord(CommitRecord),
}

impl Action {
    /// Whether the action fails where somebody else has changed what was read.
    pub(in crate::engine::dynamodb) fn is_as_read(&self) -> bool {
        match self {
            Action::PutEntry { .. }
            | Action::DeleteEntry { .. }
            | Action::CheckEntry { .. }
            | Action::MoveHead { .. }
            | Action::CheckHead { .. } => true,
            Action::PutLine { .. }
            | Action::Register { .. }
            | Action::CountSections { .. }
            | Action::StartCount { .. }
            | Action::PutRecord(_) => false,
        }
    }
}

/// A transaction ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::engine::dynamodb) struct Transaction {
    pub(in crate::engine::dynamodb) actions: Vec<Action>,
}

/// What is known of the section list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(in crate::engine::dynamodb) struct SectionList {
    /// Sections without a head that are in it all the same.
    pub(in crate::engine::dynamodb) registered: BTreeSet<Section>,
    /// How many lines it has, where their number isn't there yet.
    pub(in crate::engine::dynamodb) uncounted: Option<usize>,
}

impl Transaction {
    /// The actions of commits, each decided on what those before it leave: entries, log lines, heads, new sections,
    /// records, and checks of what was guarded but isn't written, and of what was to be deleted but isn't there. No item is in
    /// two of them. Commits that keep the limits have at most [`Limit::MAX_ACTIONS`](crate::store::Limit::MAX_ACTIONS).
    ///
    /// `list` is none for a writer that may not write the section list.
    pub(in crate::engine::dynamodb) fn build(
        commits: &[(&Txn, &Decision)],
        read: &Read,
        list: Option<&SectionList>,
    ) -> Self {
        let changes = || commits.iter().flat_map(|(_, decision)| &decision.changes);
        let mut actions = Vec::new();
        for applied in changes() {
            let key = &applied.change.key;
            let was = as_read(read, key);
            actions.push(match &applied.entry {
                Some(entry) => Action::PutEntry {
                    entry: entry.clone(),
                    was,
                },
                None => Action::DeleteEntry {
                    key: key.clone(),
                    was,
                },
            });
            actions.push(Action::PutLine {
                line: applied.change.clone(),
                history_days: read.history_days,
            });
        }
        // The last to move a head says where it stands.
        let heads: BTreeMap<&Section, &Head> = commits
            .iter()
            .flat_map(|(_, decision)| &decision.moves)
            .map(|moved| (&moved.to.section, &moved.to))
            .collect();
        for (section, head) in &heads {
            actions.push(Action::MoveHead {
                from: read.heads.get(section).map(|head| head.revision),
                to: (*head).clone(),
            });
        }
        if let Some(list) = list {
            let new = heads.keys().filter(|section| !read.heads.contains_key(**section));
            actions.extend(registrations(new.copied(), list, read.now));
        }
        for (txn, decision) in commits {
            if let Some(place) = RecordPlace::of(txn).filter(|_| !decision.changes.is_empty()) {
                actions.push(Action::PutRecord(CommitRecord {
                    place,
                    revisions: decision
                        .moves
                        .iter()
                        .map(|moved| (moved.to.section.clone(), moved.to.revision))
                        .collect(),
                    expires: Timestamp::from_epoch(
                        read.now.epoch() + Txn::RECORDED_FOR.as_secs().cast_signed(),
                    ),
                }));
            }
        }
        let written: HashSet<&Key> = changes().map(|applied| &applied.change.key).collect();
        actions.extend(checks(commits, read, &written, &heads));
        for check in unrecorded(commits, read, &heads).chain(absences(commits, read, &written)) {
            if !actions.contains(&check) {
                actions.push(check);
            }
        }
        Self { actions }
    }
}

impl Transaction {
    /// Puts those of the sections into the section list that aren't in it.
    pub(in crate::engine::dynamodb) fn registering(
        sections: &[Section],
        list: &SectionList,
        at: Timestamp,
    ) -> Self {
        Self {
            actions: registrations(sections.iter(), list, at),
        }
    }
}

impl SectionList {
    /// Takes what a cancelled transaction found of the list. True where the number of sections isn't there and must be
    /// counted.
    pub(in crate::engine::dynamodb) fn learn(&mut self, transaction: &Transaction, found: &[Found]) -> bool {
        let mut must_count = false;
        let failed = transaction
            .actions
            .iter()
            .zip(found)
            .filter(|(_, found)| **found != Found::AsRead);
        for (action, _) in failed {
            match action {
                Action::Register { section, .. } => {
                    self.registered.insert(section.clone());
                }
                Action::CountSections { .. } => must_count = true,
                Action::StartCount { .. } => self.uncounted = None,
                _ => {}
            }
        }
        must_count
    }
}

fn as_read(read: &Read, key: &Key) -> EntryAsRead {
    let entry = read.entries.get(key)?;
    Some((entry.revision, entry.expires))
}

fn registrations<'s>(
    new: impl Iterator<Item = &'s Section>,
    list: &SectionList,
    at: Timestamp,
) -> Vec<Action> {
    let mut actions: Vec<Action> = new
        .filter(|section| !list.registered.contains(*section))
        .map(|section| Action::Register {
            section: section.clone(),
            at,
        })
        .collect();
    let new = actions.len();
    if new > 0 {
        actions.push(match list.uncounted {
            None => Action::CountSections { new },
            Some(lines) => Action::StartCount {
                sections: lines + new,
            },
        });
    }
    actions
}

/// Checks of the heads of commits under a caller's id that do nothing and so leave no record: none of the same id, which
/// did something, may have come since it was known that there is none.
fn unrecorded<'c>(
    commits: &'c [(&Txn, &Decision)],
    read: &'c Read,
    moved: &'c BTreeMap<&Section, &Head>,
) -> impl Iterator<Item = Action> + 'c {
    let nothing = commits
        .iter()
        .filter(|(txn, decision)| decision.changes.is_empty() && RecordPlace::of(txn).is_some());
    let sections = nothing.flat_map(|(txn, _)| txn.sections());
    let others = sections.filter(|section| !moved.contains_key(section));
    others.map(|section| Action::CheckHead {
        at: read.heads.get(&section).map(|head| head.revision),
        section,
    })
}

/// Checks of what was to be deleted and wasn't there. Without them a commit of which a part was visible when it was read
/// could leave a key behind.
fn absences<'c>(
    commits: &'c [(&Txn, &Decision)],
    read: &'c Read,
    written: &'c HashSet<&Key>,
) -> impl Iterator<Item = Action> + 'c {
    let keys = commits
        .iter()
        .flat_map(|(txn, _)| &txn.changes)
        .map(Mutation::key);
    let absent = keys.filter(|key| !written.contains(key));
    absent.map(|key| Action::CheckEntry {
        key: key.clone(),
        was: as_read(read, key),
    })
}

fn checks(
    commits: &[(&Txn, &Decision)],
    read: &Read,
    written: &HashSet<&Key>,
    heads: &BTreeMap<&Section, &Head>,
) -> Vec<Action> {
    let mut checks: Vec<Action> = Vec::new();
    for guard in commits.iter().flat_map(|(txn, _)| &txn.guards) {
        let section = guard.section();
        let check = match guard.key() {
            Some(key) if written.contains(key) => continue,
            Some(key) => Action::CheckEntry {
                key: key.clone(),
                was: as_read(read, key),
            },
            None if heads.contains_key(&section) => continue,
            None => Action::CheckHead {
                at: read.heads.get(&section).map(|head| head.revision),
                section,
            },
        };
        if !checks.contains(&check) {
            checks.push(check);
        }
    }
    checks
}
