//! The watcher, and what it was delivered.

use std::collections::BTreeMap;
use std::time::Duration;

use super::super::section;
use super::super::table::{Ask, Item, Place, Table};
use super::{Broken, Watches};
use crate::engine::dynamodb::protocol::{FirstLineState, LogAnswer, LogMachine, LogRequest, MachineStep};
use crate::model::{Change, Head, Revision, Section};
use crate::store::{AfterLog, Cursor, StoreError, Taken, WatchMachine};

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Watcher {
    pub(super) machine: WatchMachine,
    pub(super) doing: Doing,
    pub(super) elapsed: Duration,
    pub(super) pauses: u8,
    /// What was delivered of each section: whole commits, and where it started over.
    pub(super) delivered: BTreeMap<Section, Vec<Delivered>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Delivered {
    Commit(Vec<Change>),
    Resync(Revision),
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Doing {
    /// Reads the heads.
    Looks,
    /// Reads a log.
    Reads(Reading),
    Pauses,
    /// Reads a snapshot of a section.
    Resyncs(Section),
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Reading {
    section: Section,
    after: Revision,
    machine: LogMachine,
    request: LogRequest,
    /// The last line of the last page.
    last: Option<(Revision, u32)>,
}

pub(super) fn watched() -> [Section; 2] {
    ["/a", "/b"].map(section)
}

impl Watcher {
    pub(super) fn new() -> Self {
        let seen = watched().map(|section| (section, Revision::ZERO)).into();
        Self {
            machine: WatchMachine::new(Cursor {
                seen,
                ..Cursor::default()
            }),
            doing: Doing::Looks,
            elapsed: Duration::ZERO,
            pauses: 0,
            delivered: BTreeMap::new(),
        }
    }

    /// What the request under way reads; none for a snapshot, which is of one moment.
    pub(super) fn ask(&self, model: &Watches) -> Option<Ask> {
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

    pub(super) fn deliver(&mut self, section: &Section, what: Delivered) {
        self.delivered.entry(section.clone()).or_default().push(what);
    }

    pub(super) fn go_on(&mut self) {
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
    pub(super) fn take(&mut self, items: Option<Vec<Item>>, model: &Watches) {
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
            (LogRequest::FirstLine(_), None) => LogAnswer::FirstLine(FirstLineState::UnderWay),
            (LogRequest::FirstLine(_), Some(items)) if items.is_empty() => {
                LogAnswer::FirstLine(FirstLineState::Absent)
            }
            (LogRequest::FirstLine(_), Some(_)) => LogAnswer::FirstLine(FirstLineState::There),
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
            (Ok(MachineStep::Request(next)), Doing::Reads(reading)) => reading.request = next,
            (step, _) => self.end_log(section, step.err().as_ref()),
        }
    }

    pub(super) fn end_log(&mut self, section: Section, error: Option<&StoreError>) {
        match self.machine.end_log(error, self.elapsed) {
            AfterLog::GoOn => self.go_on(),
            AfterLog::Pause(_) => self.doing = Doing::Pauses,
            AfterLog::Resync => self.doing = Doing::Resyncs(section),
            AfterLog::Fail => panic!("no read fails in this model"),
        }
    }

    /// Reads a snapshot: every commit whole, which other models show.
    pub(super) fn resync(&mut self, section: &Section, table: &Table) {
        let at = table.revision(section);
        self.machine.start_over(section.clone(), at);
        self.deliver(section, Delivered::Resync(at));
        self.go_on();
    }
}

/// Takes what is there of each revision for all of it.
pub(super) fn renumber(lines: &mut [Change]) {
    let places: Vec<Revision> = lines.iter().map(|line| line.revision).collect();
    for (at, line) in lines.iter_mut().enumerate() {
        let of = |lines: &[Revision]| lines.iter().filter(|other| **other == line.revision).count();
        line.index = u32::try_from(of(&places[..at])).expect("few lines");
        line.of = u32::try_from(of(&places)).expect("few lines");
    }
}

pub(super) fn heads(items: Vec<Item>) -> Vec<Head> {
    let heads = items.into_iter().filter_map(|item| match item {
        Item::Head(head) => Some(head),
        _ => None,
    });
    heads.collect()
}

pub(super) fn lines(items: Vec<Item>) -> Vec<Change> {
    let lines = items.into_iter().filter_map(|item| match item {
        Item::Line(line) => Some(*line),
        _ => None,
    });
    lines.collect()
}
