use super::{Change, Revision};

/// The place of the line that comes next in a section's log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct LogPosition {
    revision: Revision,
    index: u32,
}

impl LogPosition {
    /// The first line after a revision.
    pub(crate) fn after(revision: Revision) -> Self {
        Self {
            revision: revision.next(),
            index: 0,
        }
    }

    /// Moves on by this line. False where another line comes first: the log has a gap before this one.
    pub(crate) fn pass(&mut self, line: &Change) -> bool {
        let is_next = (line.revision, line.index) == (self.revision, self.index);
        if is_next {
            *self = if line.index + 1 >= line.of {
                Self::after(line.revision)
            } else {
                Self {
                    index: line.index + 1,
                    ..*self
                }
            };
        }
        is_next
    }

    /// Whether no line of its revision was passed.
    pub(crate) fn is_at_start(self) -> bool {
        self.index == 0
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

    #[test]
    fn it_passes_lines_in_their_order_and_nothing_else() {
        let mut next = LogPosition::after(Revision::new(4));
        for early in [line(5, 1, 2), line(6, 0, 1), line(4, 0, 1)] {
            assert!(!next.pass(&early), "{early:?}");
        }
        assert!(next.pass(&line(5, 0, 2)) && !next.is_at_start());
        assert!(!next.pass(&line(5, 0, 2)), "twice");
        assert!(next.pass(&line(5, 1, 2)) && next.is_at_start());
        assert!(next.pass(&line(6, 0, 1)));
        assert_eq!(next, LogPosition::after(Revision::new(6)));
    }
}
