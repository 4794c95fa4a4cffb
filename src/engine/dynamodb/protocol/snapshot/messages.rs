//! The requests of a snapshot to the table, and the answers.

use crate::model::{Change, Entry, Head, Prefix, Revision, Section, Timestamp};

/// What a snapshot is of.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::engine::dynamodb) enum SnapshotScope {
    /// Every section that is listed.
    Whole,
    /// These prefixes, each with its section; none lies in another.
    Of(Vec<(Section, Prefix)>),
}

/// What is read, each strongly consistent.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::engine::dynamodb) enum SnapshotRequest {
    /// The section list, in one query.
    Sections,
    /// These heads, each by itself.
    Heads(Vec<Section>),
    /// The entries below these prefixes, expired ones too.
    Entries(Vec<(Section, Prefix)>),
    /// Each of these in a transaction of its own.
    Together(Vec<HeadTransaction>),
    /// The log of each section up to a revision: back to, and with, the first line that is older than `settled` and not
    /// after `since`. Oldest first.
    Lines { of: Vec<LogRange>, settled: Timestamp },
}

/// What one transaction reads.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::engine::dynamodb) struct HeadTransaction {
    /// The heads of these sections.
    pub(in crate::engine::dynamodb) heads: Vec<Section>,
    /// Whether the number of sections is read, too.
    pub(in crate::engine::dynamodb) counts: bool,
}

impl HeadTransaction {
    /// The same, each item in a transaction of its own.
    pub(super) fn apart(self) -> Vec<Self> {
        let head = |section| Self {
            heads: vec![section],
            counts: false,
        };
        let count = self.counts.then_some(Self {
            heads: Vec::new(),
            counts: true,
        });
        self.heads.into_iter().map(head).chain(count).collect()
    }
}

/// A part of a section's log.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::engine::dynamodb) struct LogRange {
    pub(in crate::engine::dynamodb) section: Section,
    pub(in crate::engine::dynamodb) since: Revision,
    pub(in crate::engine::dynamodb) upto: Revision,
}

/// The answer to a [`SnapshotRequest`], or the end of a pause.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::engine::dynamodb) enum SnapshotAnswer {
    /// To [`SnapshotRequest::Sections`], with the time of the answer by the store's clock.
    Sections(Vec<Section>, Timestamp),
    /// To [`SnapshotRequest::Heads`]: those that are there, and the time of the answer.
    Heads(Vec<Head>, Timestamp),
    /// To [`SnapshotRequest::Entries`].
    Entries(Vec<Entry>),
    /// To [`SnapshotRequest::Together`], in its order: the heads that are there, and the number of sections where it was
    /// requested and is there; none where a commit is under way on one of the items.
    Together(Vec<Option<(Vec<Head>, Option<usize>)>>),
    /// To [`SnapshotRequest::Lines`], in the order of its ranges.
    Lines(Vec<Vec<Change>>),
    /// The pause is over, or the machine begins.
    Next,
}
