use super::commit_record::CommitRecord;
use crate::model::{Change, Entry, Head, Key, Revision, Section, Timestamp};

/// How an entry was read: its revision and when it expires; none where it was absent.
pub(in crate::engine::dynamodb) type EntryAsRead = Option<(Revision, Option<Timestamp>)>;

/// An action of a transaction, on condition that its item is as it was read.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::engine::dynamodb) enum TableAction {
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
        line: Box<Change>,
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

impl TableAction {
    /// Whether the action fails where somebody else has changed what was read.
    pub(in crate::engine::dynamodb) fn is_as_read(&self) -> bool {
        match self {
            TableAction::PutEntry { .. }
            | TableAction::DeleteEntry { .. }
            | TableAction::CheckEntry { .. }
            | TableAction::MoveHead { .. }
            | TableAction::CheckHead { .. } => true,
            TableAction::PutLine { .. }
            | TableAction::Register { .. }
            | TableAction::CountSections { .. }
            | TableAction::StartCount { .. }
            | TableAction::PutRecord(_) => false,
        }
    }
}
