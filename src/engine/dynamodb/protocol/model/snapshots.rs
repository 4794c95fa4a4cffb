//! A snapshot, and writers that go on meanwhile.

use std::collections::{BTreeMap, BTreeSet};

use stateright::{Model, Property};

use super::table::{Ask, Item, NOW, Place, Table};
use super::{assert_holds, counterexample, delete, section, set, txn};
use crate::engine::dynamodb::protocol::{
    HeadTransaction, MachineStep, SnapshotAnswer, SnapshotMachine, SnapshotRequest, SnapshotScope,
};
use crate::model::{Change, Entry, Head, Key, Prefix, Revision, Section};
use crate::store::{Snapshot, Txn};

/// A snapshot while each of these writers makes its commits in turn.
#[derive(Clone)]
struct Snapshots {
    scope: SnapshotScope,
    there: Vec<Txn>,
    writers: Vec<Vec<Txn>>,
    /// How many pauses may end before everything is visible.
    short_pauses: u8,
    /// Whether what is to be read in one transaction is read plainly.
    is_torn: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct State {
    table: Table,
    /// How many commits each writer has made.
    made: Vec<usize>,
    reader: Reader,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Reader {
    machine: SnapshotMachine,
    doing: Doing,
    pauses: u8,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Doing {
    Asks {
        request: SnapshotRequest,
        /// What is read, and what came of it; none where a commit was under way.
        parts: Vec<(Ask, Option<Got>)>,
    },
    Pauses,
    Done(Verdict),
}

/// What a read gave; none where a commit was under way.
type Got = Option<Vec<Item>>;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Verdict {
    Sound,
    Torn(String),
    Failed(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Event {
    /// The writer makes its next commit.
    Commits(usize),
    /// That part of the request is read, and sees those half visible items.
    Reads(usize, u32),
    /// A commit is under way on what that part reads.
    FindsBusy(usize),
    PauseEnds,
}

impl Reader {
    fn take(&mut self, answer: SnapshotAnswer, table: &Table) {
        self.doing = match self.machine.next(answer) {
            Ok(MachineStep::Request(request)) => Doing::Asks {
                parts: parts_of(&request).into_iter().map(|ask| (ask, None)).collect(),
                request,
            },
            Ok(MachineStep::Pause(_)) => Doing::Pauses,
            Ok(MachineStep::Done(snapshot)) => Doing::Done(judge(&snapshot, table)),
            Err(error) => Doing::Done(Verdict::Failed(error.to_string())),
        };
    }

    /// Goes on where every part of the request is read.
    fn go_on(&mut self, table: &Table) {
        if let Doing::Asks { request, parts } = &self.doing
            && parts.iter().all(|(_, got)| got.is_some())
        {
            let got: Vec<Got> = parts.iter().filter_map(|(_, got)| got.clone()).collect();
            let answer = answer(request, &got);
            self.take(answer, table);
        }
    }
}

impl Model for Snapshots {
    type State = State;
    type Action = Event;

    fn init_states(&self) -> Vec<State> {
        let table = Table::of(&self.there);
        let mut reader = Reader {
            machine: SnapshotMachine::new(self.scope.clone(), &[]),
            doing: Doing::Pauses,
            pauses: 0,
        };
        reader.take(SnapshotAnswer::Next, &table);
        vec![State {
            table,
            made: vec![0; self.writers.len()],
            reader,
        }]
    }

    fn actions(&self, state: &State, events: &mut Vec<Event>) {
        match &state.reader.doing {
            Doing::Asks { parts, .. } => {
                for (part, (ask, _)) in parts.iter().enumerate().filter(|(_, (_, got))| got.is_none()) {
                    let open = state.table.open(ask).len();
                    if matches!(ask, Ask::Together(_)) && !self.is_torn {
                        events.push(Event::Reads(part, u32::MAX));
                        if open > 0 {
                            events.push(Event::FindsBusy(part));
                        }
                    } else {
                        events.extend((0..1 << open).map(|seen| Event::Reads(part, seen)));
                    }
                }
            }
            Doing::Pauses => events.push(Event::PauseEnds),
            // What comes later is of no interest to it.
            Doing::Done(_) => return,
        }
        let writers = self.writers.iter().zip(&state.made).enumerate();
        let unfinished = writers.filter(|(_, (commits, made))| **made < commits.len());
        events.extend(unfinished.map(|(writer, _)| Event::Commits(writer)));
    }

    fn next_state(&self, before: &State, event: Event) -> Option<State> {
        let mut state = before.clone();
        let State { table, made, reader } = &mut state;
        match event {
            Event::Commits(writer) => {
                let txn = &self.writers[writer][made[writer]];
                made[writer] += 1;
                if let Some(transaction) = table.decided(txn, NOW) {
                    table.write(&transaction).expect("a commit");
                }
            }
            Event::Reads(part, seen) => {
                if let Doing::Asks { parts, .. } = &mut reader.doing {
                    let (ask, got) = &mut parts[part];
                    *got = Some(Some(table.read(ask, seen)));
                }
                reader.go_on(table);
            }
            Event::FindsBusy(part) => {
                if let Doing::Asks { parts, .. } = &mut reader.doing {
                    parts[part].1 = Some(None);
                }
                reader.go_on(table);
            }
            Event::PauseEnds => {
                if reader.pauses < self.short_pauses {
                    reader.pauses += 1;
                } else {
                    table.settle();
                }
                reader.take(SnapshotAnswer::Next, table);
            }
        }
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("a snapshot has every commit whole", |_, state: &State| {
                !matches!(state.reader.doing, Doing::Done(Verdict::Torn(_)))
            }),
            Property::always("a snapshot doesn't fail", |_, state: &State| {
                !matches!(state.reader.doing, Doing::Done(Verdict::Failed(_)))
            }),
        ]
    }
}

/// What is read for a request, each by itself.
fn parts_of(request: &SnapshotRequest) -> Vec<Ask> {
    let head = |section: &Section| Place::Head(section.clone());
    match request {
        SnapshotRequest::Sections => vec![Ask::List],
        SnapshotRequest::Heads(sections) => {
            let each = sections.iter().map(|section| Ask::Items(vec![head(section)]));
            each.collect()
        }
        SnapshotRequest::Entries(parts) => {
            let each = parts.iter().cloned();
            each.map(|(section, prefix)| Ask::Entries(section, prefix))
                .collect()
        }
        SnapshotRequest::Together(all) => all.iter().map(|one| Ask::Together(places_of(one))).collect(),
        SnapshotRequest::Lines { of, settled } => {
            let each = of.iter().cloned();
            each.map(|range| Ask::Newest(range, *settled)).collect()
        }
    }
}

fn places_of(together: &HeadTransaction) -> Vec<Place> {
    let heads = together.heads.iter().cloned().map(Place::Head);
    heads.chain(together.counts.then_some(Place::Count)).collect()
}

fn answer(request: &SnapshotRequest, got: &[Got]) -> SnapshotAnswer {
    let all = || got.iter().flatten().flatten();
    match request {
        SnapshotRequest::Sections => {
            let sections = all().filter_map(|item| match item {
                Item::Listed(section) => Some(section.clone()),
                _ => None,
            });
            SnapshotAnswer::Sections(sections.collect(), NOW)
        }
        SnapshotRequest::Heads(_) => SnapshotAnswer::Heads(heads(all()), NOW),
        SnapshotRequest::Entries(_) => SnapshotAnswer::Entries(
            all()
                .filter_map(|item| match item {
                    Item::Entry(entry) => Some(entry.clone()),
                    _ => None,
                })
                .collect(),
        ),
        SnapshotRequest::Together(_) => {
            let each = got.iter().map(|got| {
                let items = got.as_ref()?;
                let count = items.iter().find_map(|item| match item {
                    Item::Count(count) => Some(*count),
                    _ => None,
                });
                Some((heads(items.iter()), count))
            });
            SnapshotAnswer::Together(each.collect())
        }
        SnapshotRequest::Lines { .. } => {
            let each = got
                .iter()
                .map(|got| got.iter().flatten().filter_map(line).collect());
            SnapshotAnswer::Lines(each.collect())
        }
    }
}

fn heads<'i>(items: impl Iterator<Item = &'i Item>) -> Vec<Head> {
    let heads = items.filter_map(|item| match item {
        Item::Head(head) => Some(head.clone()),
        _ => None,
    });
    heads.collect()
}

fn line(item: &Item) -> Option<Change> {
    match item {
        Item::Line(line) => Some((**line).clone()),
        _ => None,
    }
}

/// Whether the snapshot is what the logs leave at its heads, and these heads are those of whole commits.
fn judge(snapshot: &Snapshot, table: &Table) -> Verdict {
    let heads: BTreeMap<&Section, Revision> = snapshot
        .heads
        .iter()
        .map(|head| (&head.section, head.revision))
        .collect();
    let at = |section: &Section| heads.get(section).copied().unwrap_or_default();
    let sections: BTreeSet<Section> = table.lines().map(|line| line.key.section()).collect();
    let covered = |section: &Section| table.revision(section) > Revision::ZERO;
    for line in table.lines() {
        let has_it = line.revision <= at(&line.key.section());
        let torn =
            |(section, there): (&Section, &Revision)| covered(section) && (*there <= at(section)) != has_it;
        if line.with.iter().any(torn) {
            return Verdict::Torn(format!("{} is in it in part; heads {heads:?}", line.commit));
        }
    }
    let expected: BTreeMap<Key, Entry> = sections
        .iter()
        .flat_map(|section| table.entries_at(section, at(section)))
        .collect();
    let expected: Vec<&Entry> = expected.values().collect();
    if expected == snapshot.entries.iter().collect::<Vec<_>>() {
        Verdict::Sound
    } else {
        let keys = |entries: &[&Entry]| {
            let each = entries.iter().map(|e| format!("{} at {}", e.key, e.revision));
            each.collect::<Vec<_>>().join(", ")
        };
        let found: Vec<&Entry> = snapshot.entries.iter().collect();
        Verdict::Torn(format!(
            "heads {heads:?}: has {} and not {}",
            keys(&found),
            keys(&expected)
        ))
    }
}

fn whole(scope: SnapshotScope) -> Snapshots {
    Snapshots {
        scope,
        there: vec![txn("first", vec![set("/a/x", "1"), set("/a/y", "1")])],
        writers: vec![
            vec![txn("both", vec![set("/a/x", "2"), set("/b/x", "2")])],
            vec![txn("other", vec![delete("/a/y")])],
        ],
        short_pauses: 1,
        is_torn: false,
    }
}

/// Two commits, each of a section that is there and a new one, of which the second is of what the first makes.
fn chain() -> Snapshots {
    Snapshots {
        scope: SnapshotScope::Whole,
        there: vec![txn("first", vec![set("/a/x", "1")])],
        writers: vec![vec![
            txn("both", vec![set("/a/x", "2"), set("/b/x", "2")]),
            txn("next", vec![set("/b/x", "3"), set("/c/x", "3")]),
        ]],
        short_pauses: 1,
        is_torn: false,
    }
}

fn both_sections() -> SnapshotScope {
    let parts = ["/a", "/b"].map(section);
    let parts = parts.into_iter().map(|section| {
        let prefix = Prefix::from(&section);
        (section, prefix)
    });
    SnapshotScope::Of(parts.collect())
}

#[test]
fn a_snapshot_of_all_has_every_commit_whole() {
    assert_holds("snapshot of all", whole(SnapshotScope::Whole));
}

#[test]
fn a_snapshot_has_new_sections_of_new_sections() {
    assert_holds("snapshot of a chain", chain());
}

#[test]
fn a_snapshot_whose_heads_are_read_apart_has_every_commit_whole() {
    let model = Snapshots {
        short_pauses: 3,
        ..whole(SnapshotScope::Whole)
    };
    assert_holds("snapshot after many pauses", model);
}

#[test]
fn a_snapshot_of_two_sections_has_every_commit_whole() {
    assert_holds("snapshot of two sections", whole(both_sections()));
}

#[test]
fn a_torn_snapshot_is_found_without_transactional_heads() {
    let model = Snapshots {
        is_torn: true,
        ..whole(SnapshotScope::Whole)
    };
    assert!(counterexample("snapshot with plain heads", model).is_some());
}
