//! The part of following a config's logs that needs no IO: which log is read next, what of it is delivered, and when a
//! section starts over from a snapshot.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Cursor, StoreError};
use crate::model::{Backoff, Change, Head, LogPosition, Revision, Section};

/// Lines of a commit become visible within moments. What is missing longer than this is taken for lost.
const LOST_AFTER: Duration = Duration::from_mins(1);
/// The pauses before a gap is read again.
const BACKOFF: Backoff = Backoff::new(Duration::from_millis(20), Duration::from_secs(1));
/// After this many lines, or bytes, of one section what was read is delivered before more is read.
const ENOUGH_LINES: usize = 500;
const ENOUGH_BYTES: usize = 4 * 1024 * 1024;

/// Delivers every commit of the watched sections once, whole, and in its section's order.
///
/// The cursor moves only over revisions of which every line was seen, never to the head's number: a plain read may see a
/// head before its lines, and a later line before an earlier one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct WatchMachine {
    cursor: Cursor,
    /// The sections whose log is to be read, and up to where at least.
    moved: BTreeMap<Section, Revision>,
    /// The sections whose log ends before their head.
    gaps: BTreeMap<Section, LogGap>,
    reading: Option<Reading>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct LogGap {
    since: Duration,
    looks: u32,
}

/// A log that is being read.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Reading {
    section: Section,
    head: Revision,
    /// Where the reading began.
    after: Revision,
    next: LogPosition,
    /// The lines of the revision that isn't complete yet.
    part: Vec<Change>,
    lines: usize,
    bytes: usize,
}

/// What comes of a line of a log.
#[derive(Debug)]
pub(crate) enum Taken {
    /// More lines of its revision follow.
    Part,
    /// It completes this commit, which is delivered.
    Whole(Vec<Change>),
    /// It completes this commit, which is delivered, and the reading ends here.
    Last(Vec<Change>),
    /// Another line comes first: the reading ends here, and the line is not used.
    Gap,
}

/// What comes after a log was read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum AfterLog {
    /// What is next.
    GoOn,
    /// Lines are missing that may become visible: the next look comes after about this time.
    Pause(Duration),
    /// Lines are gone for good: the section starts over from a snapshot.
    Resync,
    /// The error that ended the reading is to be reported.
    Fail,
}

impl WatchMachine {
    pub(crate) fn new(cursor: Cursor) -> Self {
        Self {
            cursor,
            moved: BTreeMap::new(),
            gaps: BTreeMap::new(),
            reading: None,
        }
    }

    /// Up to where everything was delivered.
    pub(crate) fn cursor(&self) -> &Cursor {
        &self.cursor
    }

    /// The last revision of the section that was delivered.
    pub(crate) fn seen(&self, section: &Section) -> Revision {
        self.cursor.seen.get(section).copied().unwrap_or_default()
    }

    /// Whether the log of a section ends before its head.
    pub(crate) fn waits_for_lines(&self) -> bool {
        !self.gaps.is_empty()
    }

    /// Takes heads that a look gave. One that isn't beyond the cursor is no news, however small.
    pub(crate) fn take_heads(&mut self, heads: Vec<Head>) {
        for head in heads {
            if head.revision > self.seen(&head.section) {
                self.moved.insert(head.section, head.revision);
            }
        }
    }

    /// The log to read next, after that revision; none where a look comes first.
    pub(crate) fn next_log(&mut self) -> Option<(Section, Revision)> {
        let (section, head) = self.moved.pop_first()?;
        let after = self.seen(&section);
        self.reading = Some(Reading {
            section: section.clone(),
            head,
            after,
            next: LogPosition::after(after),
            part: Vec::new(),
            lines: 0,
            bytes: 0,
        });
        Some((section, after))
    }

    /// Takes the next line of the log that is being read.
    pub(crate) fn take_line(&mut self, line: Change) -> Taken {
        let Some(reading) = &mut self.reading else {
            return Taken::Gap;
        };
        if !reading.next.pass(&line) {
            return Taken::Gap;
        }
        reading.lines += 1;
        reading.bytes += line.bytes();
        let revision = line.revision;
        reading.part.push(line);
        if !reading.next.is_at_start() {
            return Taken::Part;
        }
        self.cursor.seen.insert(reading.section.clone(), revision);
        let commit = std::mem::take(&mut reading.part);
        if reading.lines >= ENOUGH_LINES || reading.bytes >= ENOUGH_BYTES {
            Taken::Last(commit)
        } else {
            Taken::Whole(commit)
        }
    }

    /// Ends the reading of a log, `elapsed` after the watch began. `error` is what broke it off, if something did.
    pub(crate) fn end_log(&mut self, error: Option<&StoreError>, elapsed: Duration) -> AfterLog {
        let Some(reading) = self.reading.take() else {
            return AfterLog::GoOn;
        };
        let Reading {
            section, head, after, ..
        } = reading;
        let seen = self.seen(&section);
        if seen > after {
            self.gaps.remove(&section);
            // What broke it off comes again where it is still so.
            if seen < head {
                self.moved.insert(section, head);
            }
            return AfterLog::GoOn;
        }
        match error {
            // Of a revision with a line that can't be read nothing can be delivered.
            Some(StoreError::Compacted { .. } | StoreError::Corrupt { .. }) => AfterLog::Resync,
            Some(_) => AfterLog::Fail,
            None if seen < head => self.wait_for_gap(section, elapsed),
            None => AfterLog::GoOn,
        }
    }

    fn wait_for_gap(&mut self, section: Section, elapsed: Duration) -> AfterLog {
        let gap = self.gaps.entry(section).or_insert(LogGap {
            since: elapsed,
            looks: 0,
        });
        if elapsed.saturating_sub(gap.since) >= LOST_AFTER {
            return AfterLog::Resync;
        }
        let pause = BACKOFF.pause(gap.looks);
        gap.looks += 1;
        AfterLog::Pause(pause)
    }

    /// Goes on without a section, until it starts over.
    pub(crate) fn leave_out(&mut self, section: Section) {
        self.moved.remove(&section);
        self.gaps.remove(&section);
        if !self.cursor.except.contains(&section) {
            self.cursor.except.push(section);
        }
    }

    /// Starts a section over after a snapshot at that revision.
    pub(crate) fn start_over(&mut self, section: Section, at: Revision) {
        self.gaps.remove(&section);
        self.cursor.except.retain(|left_out| *left_out != section);
        self.cursor.seen.insert(section, at);
    }
}

#[cfg(test)]
mod tests;
