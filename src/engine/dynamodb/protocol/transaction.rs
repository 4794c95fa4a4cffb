//! The transaction that makes commits.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::commit_basis::CommitBasis;
use super::commit_record::{CommitRecord, RecordPlace};
use super::found_item::FoundItem;
use super::table_action::{EntryAsRead, TableAction};
use crate::model::{Head, Key, Mutation, Section, Timestamp};
use crate::store::{Decision, Txn};

/// A transaction ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::engine::dynamodb) struct Transaction {
    pub(in crate::engine::dynamodb) actions: Vec<TableAction>,
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
        read: &CommitBasis,
        list: Option<&SectionList>,
    ) -> Self {
        let changes = || commits.iter().flat_map(|(_, decision)| &decision.changes);
        let mut actions = Vec::new();
        for applied in changes() {
            let key = &applied.change.key;
            let was = as_read(read, key);
            actions.push(match &applied.entry {
                Some(entry) => TableAction::PutEntry {
                    entry: entry.clone(),
                    was,
                },
                None => TableAction::DeleteEntry {
                    key: key.clone(),
                    was,
                },
            });
            actions.push(TableAction::PutLine {
                line: Box::new(applied.change.clone()),
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
            actions.push(TableAction::MoveHead {
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
                actions.push(TableAction::PutRecord(CommitRecord {
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
    pub(in crate::engine::dynamodb) fn learn(
        &mut self,
        transaction: &Transaction,
        found: &[FoundItem],
    ) -> bool {
        let mut must_count = false;
        let failed = transaction
            .actions
            .iter()
            .zip(found)
            .filter(|(_, found)| **found != FoundItem::AsRead);
        for (action, _) in failed {
            match action {
                TableAction::Register { section, .. } => {
                    self.registered.insert(section.clone());
                }
                TableAction::CountSections { .. } => must_count = true,
                TableAction::StartCount { .. } => self.uncounted = None,
                _ => {}
            }
        }
        must_count
    }
}

fn as_read(read: &CommitBasis, key: &Key) -> EntryAsRead {
    let entry = read.entries.get(key)?;
    Some((entry.revision, entry.expires))
}

fn registrations<'s>(
    new: impl Iterator<Item = &'s Section>,
    list: &SectionList,
    at: Timestamp,
) -> Vec<TableAction> {
    let mut actions: Vec<TableAction> = new
        .filter(|section| !list.registered.contains(*section))
        .map(|section| TableAction::Register {
            section: section.clone(),
            at,
        })
        .collect();
    let new = actions.len();
    if new > 0 {
        actions.push(match list.uncounted {
            None => TableAction::CountSections { new },
            Some(lines) => TableAction::StartCount {
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
    read: &'c CommitBasis,
    moved: &'c BTreeMap<&Section, &Head>,
) -> impl Iterator<Item = TableAction> + 'c {
    let nothing = commits
        .iter()
        .filter(|(txn, decision)| decision.changes.is_empty() && RecordPlace::of(txn).is_some());
    let sections = nothing.flat_map(|(txn, _)| txn.sections());
    let others = sections.filter(|section| !moved.contains_key(section));
    others.map(|section| TableAction::CheckHead {
        at: read.heads.get(&section).map(|head| head.revision),
        section,
    })
}

/// Checks of what was to be deleted and wasn't there. Without them a commit of which a part was visible when it was read
/// could leave a key behind.
fn absences<'c>(
    commits: &'c [(&Txn, &Decision)],
    read: &'c CommitBasis,
    written: &'c HashSet<&Key>,
) -> impl Iterator<Item = TableAction> + 'c {
    let keys = commits
        .iter()
        .flat_map(|(txn, _)| &txn.changes)
        .map(Mutation::key);
    let absent = keys.filter(|key| !written.contains(key));
    absent.map(|key| TableAction::CheckEntry {
        key: key.clone(),
        was: as_read(read, key),
    })
}

fn checks(
    commits: &[(&Txn, &Decision)],
    read: &CommitBasis,
    written: &HashSet<&Key>,
    heads: &BTreeMap<&Section, &Head>,
) -> Vec<TableAction> {
    let mut checks: Vec<TableAction> = Vec::new();
    for guard in commits.iter().flat_map(|(txn, _)| &txn.guards) {
        let section = guard.section();
        let check = match guard.key() {
            Some(key) if written.contains(key) => continue,
            Some(key) => TableAction::CheckEntry {
                key: key.clone(),
                was: as_read(read, key),
            },
            None if heads.contains_key(&section) => continue,
            None => TableAction::CheckHead {
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
