//! What is promised of commits.

use std::collections::BTreeMap;

use super::table::Table;
use super::writer::{Told, Writer};
use crate::model::{Change, CommitId, Revision, Section};
use crate::store::Txn;

/// Whether every log has every line up to its head.
pub(super) fn is_contiguous(table: &Table) -> bool {
    let mut next: BTreeMap<Section, (Revision, u32)> = BTreeMap::new();
    let all = table.lines().all(|line| {
        let expected = next
            .entry(line.key.section())
            .or_insert_with(|| (Revision::new(1), 0));
        let is_next = *expected == (line.revision, line.index);
        *expected = if line.index + 1 == line.of {
            (line.revision.next(), 0)
        } else {
            (line.revision, line.index + 1)
        };
        is_next
    });
    let is_head = |(section, (revision, index)): (&Section, &(Revision, u32))| {
        *index == 0 && table.revision(section).next() == *revision
    };
    all && next.iter().all(is_head)
}

/// Whether no commit has two revisions in a section, and each is in all of its sections.
pub(super) fn is_once(table: &Table) -> bool {
    let mut places: BTreeMap<(&CommitId, Section), Revision> = BTreeMap::new();
    let once = table.lines().all(|line| {
        let place = (&line.commit, line.key.section());
        *places.entry(place).or_insert(line.revision) == line.revision
    });
    let is_there = |(commit, (section, at)): (&CommitId, (&Section, &Revision))| {
        places.get(&(commit, section.clone())) == Some(at)
    };
    once && table
        .lines()
        .all(|line| line.with.iter().all(|other| is_there((&line.commit, other))))
}

/// Whether the writer was told the truth.
pub(super) fn is_so(writer: &Writer, txn: &Txn, table: &Table) -> bool {
    let lines: Vec<&Change> = table.lines().filter(|line| line.commit == txn.id).collect();
    match &writer.told {
        None => true,
        Some(Told::Made(told)) if told.is_empty() => writer.may_do_nothing && lines.is_empty(),
        Some(Told::Made(told)) => {
            let mut told: Vec<&Change> = told.iter().collect();
            told.sort_by_key(|line| (line.key.section(), line.index));
            told == lines
        }
        Some(Told::Refused(_)) => writer.may_be_refused && lines.is_empty(),
        Some(Told::Failed(_)) => false,
    }
}
