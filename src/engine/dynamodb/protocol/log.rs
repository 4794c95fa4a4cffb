//! Reading a section's log: whole revisions, in order, and nothing beyond a gap.
//!
//! A plain read may see a later line before an earlier one, and a head before its lines. So a line that is missing is either
//! not visible yet or gone for good. A transaction on it tells which: it waits for a commit that is under way, and a line
//! that it doesn't find, of a revision that was made, was removed.

use super::MachineStep;
use crate::model::{Change, LogPosition, Revision, Section};
use crate::store::{Result, StoreError};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::engine::dynamodb) enum LogRequest {
    /// The next page of the log, strongly consistent, from the first revision that is wanted on.
    Page,
    /// The section's head, strongly consistent.
    Head,
    /// The first line of that revision, in a transaction.
    FirstLine(Revision),
    /// The first line of the log that is there.
    Oldest,
}

/// The answer to a [`LogRequest`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::engine::dynamodb) enum LogAnswer {
    /// None behind the last page.
    Page(Option<Vec<Change>>),
    /// [`Revision::ZERO`] where there is none.
    Head(Revision),
    FirstLine(FirstLineState),
    /// The revision of that line; none where the log is empty.
    Oldest(Option<Revision>),
}

/// What a transaction found of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::engine::dynamodb) enum FirstLineState {
    There,
    /// Its commit is under way.
    UnderWay,
    Absent,
}

/// Reads a section's log after a revision.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::engine::dynamodb) struct LogMachine {
    section: Section,
    after: Revision,
    next: LogPosition,
    /// The lines of the revision that isn't complete yet.
    part: Vec<Change>,
    /// Lines of whole revisions, to be taken.
    whole: Vec<Change>,
    /// Whether a line of the first revision that is wanted was seen.
    sees_first: bool,
    /// Where the section stands, if it was read.
    head: Revision,
}

impl LogMachine {
    pub(in crate::engine::dynamodb) fn new(section: Section, after: Revision) -> Self {
        Self {
            section,
            after,
            next: LogPosition::after(after),
            part: Vec::new(),
            whole: Vec::new(),
            sees_first: false,
            head: Revision::ZERO,
        }
    }

    /// The lines of whole revisions that were read, each given once.
    pub(in crate::engine::dynamodb) fn take_lines(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.whole)
    }

    /// Takes an answer and says what comes next. The first request is [`LogRequest::Page`].
    ///
    /// Fails with [`StoreError::Compacted`] where the lines after the given revision are gone for good.
    pub(in crate::engine::dynamodb) fn next(
        &mut self,
        answer: LogAnswer,
    ) -> Result<MachineStep<LogRequest, ()>> {
        Ok(match answer {
            LogAnswer::Page(lines) => {
                let goes_on = lines.is_some_and(|lines| self.take_page(lines));
                match (goes_on, self.sees_first) {
                    (true, _) => MachineStep::Request(LogRequest::Page),
                    (false, true) => MachineStep::Done(()),
                    (false, false) => MachineStep::Request(LogRequest::Head),
                }
            }
            LogAnswer::Head(head) if head <= self.after => MachineStep::Done(()),
            LogAnswer::Head(head) => {
                self.head = head;
                MachineStep::Request(LogRequest::FirstLine(self.after.next()))
            }
            LogAnswer::FirstLine(FirstLineState::There | FirstLineState::UnderWay) => MachineStep::Done(()),
            LogAnswer::FirstLine(FirstLineState::Absent) => MachineStep::Request(LogRequest::Oldest),
            LogAnswer::Oldest(first) => {
                let before = |first: Revision| Revision::new(first.get().saturating_sub(1));
                return Err(StoreError::Compacted {
                    section: self.section.clone(),
                    wanted: self.after,
                    oldest: first.map_or(self.head, before).max(self.after.next()),
                });
            }
        })
    }

    /// False where the page has a gap: what is behind one may be visible before what is in it.
    fn take_page(&mut self, lines: Vec<Change>) -> bool {
        for line in lines {
            self.sees_first |= line.revision == self.after.next();
            if !self.next.pass(&line) {
                return false;
            }
            self.part.push(line);
            if self.next.is_at_start() {
                self.whole.append(&mut self.part);
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{CommitId, Op, Timestamp};

    fn line(revision: u64, index: u32, of: u32) -> Change {
        Change {
            key: "/a/x".parse().expect("a key"),
            revision: Revision::new(revision),
            index,
            of,
            op: Op::Delete,
            previous: None,
            by: "me".into(),
            at: Timestamp::from_epoch(0),
            commit: CommitId::random(),
            with: std::collections::BTreeMap::new(),
            message: None,
            from: None,
        }
    }

    fn machine(after: u64) -> LogMachine {
        LogMachine::new("/a".parse().expect("a section"), Revision::new(after))
    }

    fn page(lines: &[(u64, u32, u32)]) -> LogAnswer {
        let lines = lines
            .iter()
            .map(|(revision, index, of)| line(*revision, *index, *of));
        LogAnswer::Page(Some(lines.collect()))
    }

    fn places(machine: &mut LogMachine) -> Vec<(u64, u32)> {
        let lines = machine.take_lines().into_iter();
        lines.map(|line| (line.revision.get(), line.index)).collect()
    }

    fn requested(step: Result<MachineStep<LogRequest, ()>>) -> LogRequest {
        match step {
            Ok(MachineStep::Request(request)) => request,
            other => panic!("no request: {other:?}"),
        }
    }

    #[test]
    fn whole_revisions_are_given_across_pages_and_up_to_a_gap() {
        let mut machine = machine(4);
        let step = machine.next(page(&[(5, 0, 1), (6, 0, 2)]));
        assert_eq!(requested(step), LogRequest::Page);
        assert_eq!(places(&mut machine), [(5, 0)]);
        let step = machine.next(page(&[(6, 1, 2), (7, 1, 2), (8, 0, 1)]));
        assert!(matches!(step, Ok(MachineStep::Done(()))), "{step:?}");
        assert_eq!(places(&mut machine), [(6, 0), (6, 1)]);
    }

    #[test]
    fn at_its_end_it_is_asked_for_the_head_only_where_nothing_came() {
        let mut read = machine(4);
        read.next(page(&[(5, 0, 1)])).expect("a step");
        let step = read.next(LogAnswer::Page(None));
        assert!(matches!(step, Ok(MachineStep::Done(()))), "{step:?}");
        let mut read = machine(4);
        assert_eq!(requested(read.next(LogAnswer::Page(None))), LogRequest::Head);
        let step = read.next(LogAnswer::Head(Revision::new(4)));
        assert!(matches!(step, Ok(MachineStep::Done(()))), "{step:?}");
    }

    #[test]
    fn lines_are_gone_only_where_a_transaction_says_so() {
        for (found, is_gone) in [
            (FirstLineState::There, false),
            (FirstLineState::UnderWay, false),
            (FirstLineState::Absent, true),
        ] {
            for lines in [&[][..], &[(7, 0, 1)]] {
                let mut machine = machine(4);
                let mut step = machine.next(page(lines));
                if lines.is_empty() {
                    step = machine.next(LogAnswer::Page(None));
                }
                assert_eq!(requested(step), LogRequest::Head);
                let step = machine.next(LogAnswer::Head(Revision::new(7)));
                assert_eq!(requested(step), LogRequest::FirstLine(Revision::new(5)));
                let step = machine.next(LogAnswer::FirstLine(found));
                if !is_gone {
                    assert!(matches!(step, Ok(MachineStep::Done(()))), "{step:?}");
                    continue;
                }
                assert_eq!(requested(step), LogRequest::Oldest);
                let first = lines.first().map(|(revision, ..)| Revision::new(*revision));
                let compacted = machine.next(LogAnswer::Oldest(first));
                let from = if first.is_some() { 6 } else { 7 };
                assert!(
                    matches!(&compacted, Err(StoreError::Compacted { oldest, .. }) if oldest.get() == from),
                    "{compacted:?}"
                );
            }
        }
    }
}
