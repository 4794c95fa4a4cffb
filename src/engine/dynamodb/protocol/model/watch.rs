//! A watcher, and writers that go on meanwhile.

use std::collections::BTreeMap;
use std::time::Duration;

use stateright::{Model, Property};

use super::table::{Ask, Item, NOW, Place, Table};
use super::{assert_holds, counterexample, delete, section, set, txn};
use crate::engine::dynamodb::protocol::{FirstLine, LogAnswer, LogMachine, LogRequest, Step};
use crate::model::{Change, Head, Revision, Section};
use crate::store::{AfterLog, Cursor, StoreError, Taken, Txn, WatchMachine};

/// When lines that don't become visible are taken for lost.
const LONG: Duration = Duration::from_mins(1);

/// A watcher of two sections while each of these writers makes its commits in turn.
#[derive(Clone)]
struct Watches {
    there: Vec<Txn>,
    writers: Vec<Vec<Txn>>,
    /// How many lines a page of a log has at most.
    page: usize,
    /// How many pauses may end before everything is visible.
    short_pauses: u8,
    /// Whether the log of the first section loses what was there before.
    forgets: bool,
    broken: Option<Broken>,
}

/// What is left out of the protocol on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Broken {
    /// What is seen of a revision is taken for all of it.
    Whole,
    /// A line is looked for in a plain read.
    FirstLine,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct State {
    table: Table,
    /// How many commits each writer has made.
    made: Vec<usize>,
    has_forgotten: bool,
    watcher: Watcher,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Watcher {
    machine: WatchMachine,
    doing: Doing,
    elapsed: Duration,
    pauses: u8,
    /// What was delivered of each section: whole commits, and where it started over.
    delivered: BTreeMap<Section, Vec<Delivered>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Delivered {
    Commit(Vec<Change>),
    Resync(Revision),
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Doing {
    /// Reads the heads.
    Looks,
    /// Reads a log.
    Reads(Reading),
    Pauses,
    /// Reads a snapshot of a section.
    Resyncs(Section),
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Reading {
    section: Section,
    after: Revision,
    machine: LogMachine,
    request: LogRequest,
    /// The last line of the last page.
    last: Option<(Revision, u32)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Event {
    /// The writer makes its next commit.
    Commits(usize),
    /// The watcher's request is answered, and sees those of the half visible items.
    Reads(u32),
    /// A commit is under way on the line that is looked for.
    FindsBusy,
    PauseEnds,
    /// What was in the first section's log before leaves it.
    Forgets,
}

fn watched() -> [Section; 2] {
    ["/a", "/b"].map(section)
}

impl Watcher {
    fn new() -> Self {
        let seen = watched().map(|section| (section, Revision::ZERO)).into();
        Self {
            machine: WatchMachine::new(Cursor { seen, ..Cursor::default() }),
            doing: Doing::Looks,
            elapsed: Duration::ZERO,
            pauses: 0,
            delivered: BTreeMap::new(),
        }
    }

    /// What the request under way reads; none for a snapshot, which is of one moment.
    fn ask(&self, model: &Watches) -> Option<Ask> {
        let Doing::Reads(reading) = &self.doing else {
            let heads = watched().map(Place::Head).to_vec();
            return (self.doing == Doing::Looks).then_some(Ask::Items(heads));
        };
        let section = reading.section.clone();
        let all = Revision::new(u64::MAX);
        Some(match reading.request {
            LogRequest::Page => {
                let before = |(last, _): (Revision, u32)| Revision::new(last.get() - 1);
                let after = reading.last.map_or(reading.after, before);
                Ask::Lines(vec![(section, (after, all))])
            }
            LogRequest::Head => Ask::Items(vec![Place::Head(section)]),
            LogRequest::FirstLine(of) => {
                let place = vec![Place::Line(section, of, 0)];
                if model.broken == Some(Broken::FirstLine) {
                    Ask::Items(place)
                } else {
                    Ask::Together(place)
                }
            }
            LogRequest::Oldest => Ask::Lines(vec![(section, (Revision::ZERO, all))]),
        })
    }

    fn deliver(&mut self, section: &Section, what: Delivered) {
        self.delivered.entry(section.clone()).or_default().push(what);
    }

    fn go_on(&mut self) {
        self.doing = match self.machine.next_log() {
            Some((section, after)) => Doing::Reads(Reading {
                machine: LogMachine::new(section.clone(), after),
                section,
                after,
                request: LogRequest::Page,
                last: None,
            }),
            None => Doing::Looks,
        };
    }

    /// Takes what its request has read; none where a commit was under way.
    fn take(&mut self, items: Option<Vec<Item>>, model: &Watches) {
        let Doing::Reads(reading) = &mut self.doing else {
            self.machine.take_heads(heads(items.unwrap_or_default()));
            return self.go_on();
        };
        let answer = match (reading.request, items) {
            (LogRequest::Page, items) => {
                let mut lines = lines(items.unwrap_or_default());
                lines.retain(|line| {
                    let is_behind = |last| (line.revision, line.index) > last;
                    reading.last.is_none_or(is_behind)
                });
                lines.truncate(model.page);
                reading.last = lines
                    .last()
                    .map(|line| (line.revision, line.index))
                    .or(reading.last);
                if model.broken == Some(Broken::Whole) {
                    renumber(&mut lines);
                }
                LogAnswer::Page(Some(lines).filter(|lines| !lines.is_empty()))
            }
            (LogRequest::Head, items) => {
                let head = heads(items.unwrap_or_default()).pop();
                LogAnswer::Head(head.map_or(Revision::ZERO, |head| head.revision))
            }
            (LogRequest::FirstLine(_), None) => LogAnswer::FirstLine(FirstLine::UnderWay),
            (LogRequest::FirstLine(_), Some(items)) if items.is_empty() => {
                LogAnswer::FirstLine(FirstLine::Absent)
            }
            (LogRequest::FirstLine(_), Some(_)) => LogAnswer::FirstLine(FirstLine::There),
            (LogRequest::Oldest, items) => {
                let first = lines(items.unwrap_or_default()).into_iter().next();
                LogAnswer::Oldest(first.map(|line| line.revision))
            }
        };
        let step = reading.machine.next(answer);
        let (section, given) = (reading.section.clone(), reading.machine.take_lines());
        for line in given {
            match self.machine.take_line(line) {
                Taken::Part => {}
                Taken::Whole(commit) | Taken::Last(commit) => {
                    self.deliver(&section, Delivered::Commit(commit));
                }
                Taken::Gap => panic!("a reader of logs gives lines in their order"),
            }
        }
        match (step, &mut self.doing) {
            (Ok(Step::Request(next)), Doing::Reads(reading)) => reading.request = next,
            (step, _) => self.end_log(section, step.err().as_ref()),
        }
    }

    fn end_log(&mut self, section: Section, error: Option<&StoreError>) {
        match self.machine.end_log(error, self.elapsed) {
            AfterLog::GoOn => self.go_on(),
            AfterLog::Pause(_) => self.doing = Doing::Pauses,
            AfterLog::Resync => self.doing = Doing::Resyncs(section),
            AfterLog::Fail => panic!("no read fails in this model"),
        }
    }

    /// Reads a snapshot: every commit whole, which other models show.
    fn resync(&mut self, section: Section, table: &Table) {
        let at = table.revision(&section);
        self.machine.start_over(section.clone(), at);
        self.deliver(&section, Delivered::Resync(at));
        self.go_on();
    }
}

/// Takes what is there of each revision for all of it.
fn renumber(lines: &mut [Change]) {
    let places: Vec<Revision> = lines.iter().map(|line| line.revision).collect();
    for (at, line) in lines.iter_mut().enumerate() {
        let of = |lines: &[Revision]| lines.iter().filter(|other| **other == line.revision).count();
        line.index = u32::try_from(of(&places[..at])).expect("few lines");
        line.of = u32::try_from(of(&places)).expect("few lines");
    }
}

fn heads(items: Vec<Item>) -> Vec<Head> {
    let heads = items.into_iter().filter_map(|item| match item {
        Item::Head(head) => Some(head),
        _ => None,
    });
    heads.collect()
}

fn lines(items: Vec<Item>) -> Vec<Change> {
    let lines = items.into_iter().filter_map(|item| match item {
        Item::Line(line) => Some(line),
        _ => None,
    });
    lines.collect()
}

impl State {
    /// Whether each section was delivered from its beginning: commits as its log has them, each once, whole and in order,
    /// and nothing left out but what its log had lost where it started over.
    fn is_delivered(&self) -> bool {
        let delivered = self.watcher.delivered.iter();
        delivered.into_iter().all(|(section, delivered)| {
            let mut at = Revision::ZERO;
            delivered.iter().all(|what| match what {
                Delivered::Commit(lines) => {
                    at = at.next();
                    let there = self.table.log(section).filter(|line| line.revision == at);
                    lines.iter().eq(there) || (self.has_forgotten && lines[0].revision == at)
                }
                Delivered::Resync(to) => {
                    let is_gone = self.has_forgotten && *section == watched()[0] && *to > at;
                    at = *to;
                    is_gone
                }
            }) && at == self.watcher.machine.seen(section)
        })
    }

    /// Whether the watcher gets to where all sections stand, if nothing happens any more.
    fn gets_there(&self, model: &Watches) -> bool {
        let mut state = self.clone();
        for _ in 0..40 {
            let seen = |section| state.watcher.machine.seen(&section) == state.table.revision(&section);
            if state.watcher.doing == Doing::Looks && watched().into_iter().all(seen) {
                return true;
            }
            let event = match state.watcher.doing {
                Doing::Pauses => Event::PauseEnds,
                _ => Event::Reads(u32::MAX),
            };
            state.follow(model, &event);
        }
        false
    }

    fn follow(&mut self, model: &Watches, event: &Event) {
        let Self {
            table,
            made,
            has_forgotten,
            watcher,
        } = self;
        match event {
            Event::Commits(writer) => {
                let txn = &model.writers[*writer][made[*writer]];
                made[*writer] += 1;
                if let Some(transaction) = table.decided(txn, NOW) {
                    table.write(&transaction).expect("a commit");
                }
            }
            Event::Reads(seen) => match (watcher.ask(model), watcher.doing.clone()) {
                (Some(ask), _) => {
                    let items = table.read(&ask, *seen);
                    watcher.take(Some(items), model);
                }
                (None, Doing::Resyncs(section)) => watcher.resync(section, table),
                (None, _) => {}
            },
            Event::FindsBusy => watcher.take(None, model),
            Event::PauseEnds => {
                if watcher.pauses < model.short_pauses {
                    watcher.pauses += 1;
                } else {
                    table.settle();
                    watcher.elapsed += LONG;
                }
                watcher.doing = Doing::Looks;
            }
            Event::Forgets => {
                *has_forgotten = true;
                table.forget(&watched()[0]);
            }
        }
    }
}

impl Model for Watches {
    type State = State;
    type Action = Event;

    fn init_states(&self) -> Vec<State> {
        vec![State {
            table: Table::of(&self.there),
            made: vec![0; self.writers.len()],
            has_forgotten: false,
            watcher: Watcher::new(),
        }]
    }

    fn actions(&self, state: &State, events: &mut Vec<Event>) {
        match (&state.watcher.doing, state.watcher.ask(self)) {
            (Doing::Pauses, _) => events.push(Event::PauseEnds),
            (_, Some(ask)) => {
                let open = state.table.open(&ask).len();
                if matches!(ask, Ask::Together(_)) {
                    events.push(Event::Reads(u32::MAX));
                    if open > 0 {
                        events.push(Event::FindsBusy);
                    }
                } else {
                    events.extend((0..1 << open).map(Event::Reads));
                }
            }
            (_, None) => events.push(Event::Reads(0)),
        }
        let writers = self.writers.iter().zip(&state.made).enumerate();
        let unfinished = writers.filter(|(_, (commits, made))| **made < commits.len());
        events.extend(unfinished.map(|(writer, _)| Event::Commits(writer)));
        if self.forgets && !state.has_forgotten && state.table.is_settled() {
            events.push(Event::Forgets);
        }
    }

    fn next_state(&self, before: &State, event: Event) -> Option<State> {
        let mut state = before.clone();
        state.follow(self, &event);
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(
                "each commit is delivered once, whole and in order",
                |_, state: &State| state.is_delivered(),
            ),
            Property::always(
                "everything that is made is delivered",
                |model: &Self, state: &State| {
                    let is_done = |(made, commits): (&usize, &Vec<Txn>)| *made == commits.len();
                    let are_done = state.made.iter().zip(&model.writers).all(is_done);
                    !are_done || state.watcher.doing != Doing::Looks || state.gets_there(model)
                },
            ),
        ]
    }
}

/// Commits of one and two lines, of one and both sections.
fn two_writers() -> Watches {
    Watches {
        there: vec![txn("first", vec![set("/a/x", "1")])],
        writers: vec![
            vec![
                txn("both", vec![set("/a/x", "2"), set("/a/y", "2"), set("/b/x", "2")]),
                txn("last", vec![delete("/a/y")]),
            ],
            vec![txn("other", vec![set("/b/x", "3"), set("/b/y", "3")])],
        ],
        page: 2,
        short_pauses: 1,
        forgets: false,
        broken: None,
    }
}

#[test]
fn each_commit_is_watched_once_whole_and_in_order() {
    assert_holds("watcher", two_writers());
}

#[test]
fn a_section_whose_log_is_gone_starts_over() {
    let mut model = Watches {
        forgets: true,
        ..two_writers()
    };
    model.writers.iter_mut().for_each(|commits| commits.truncate(1));
    assert_holds("watcher of a log that loses lines", model);
}

#[test]
fn a_part_of_a_commit_is_found_where_what_is_seen_is_taken_for_all() {
    let model = Watches {
        broken: Some(Broken::Whole),
        ..two_writers()
    };
    assert!(counterexample("watcher that doesn't wait for lines", model).is_some());
}

#[test]
fn a_section_that_starts_over_for_nothing_is_found_without_transactional_lines() {
    let model = Watches {
        broken: Some(Broken::FirstLine),
        ..two_writers()
    };
    assert!(counterexample("watcher with plain reads of lines", model).is_some());
}
