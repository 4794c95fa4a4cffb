use std::fmt;

use crate::model::{Grouped, Key};

/// A limit of a commit, and what would have exceeded it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Limit {
    /// DynamoDB takes 100 actions a transaction (DynamoDB quotas, "Transactions").
    Actions {
        /// Changed keys, two actions each.
        changes: usize,
        /// Sections written, one each.
        sections: usize,
        /// Sections that are new, one more each and one for their number.
        new_sections: usize,
        /// Checks of keys and sections that aren't written, one each: guards, and deletes of absent keys.
        guards: usize,
    },
    /// DynamoDB takes 4 MB a transaction (DynamoDB quotas, "Transactions").
    Bytes {
        /// The size of entries and log lines together, in bytes.
        size: usize,
    },
}

/// An upper bound of what attribute names, numbers and times of an entry and its log line take.
const FIXED_BYTES: usize = 600;

impl Limit {
    /// The most actions a commit may have.
    pub const MAX_ACTIONS: usize = 100;
    /// The most bytes that the items of a commit may have together.
    pub const MAX_BYTES: usize = 4_000_000;

    /// What a change takes of [`Self::MAX_BYTES`]: an entry with a value of `new` bytes over one of `old`, and its
    /// log line, which holds both. `by` is the length of the writer's name.
    pub fn bytes_of(key: &Key, new: usize, old: usize, by: usize) -> usize {
        2 * new + old + 3 * key.as_str().len() + 3 * by + FIXED_BYTES
    }

    /// How many actions a commit of this shape has at most: with its record, which one under a caller's id has.
    pub fn actions_of(changes: usize, sections: usize, new_sections: usize, guards: usize) -> usize {
        let registered = if new_sections == 0 { 0 } else { new_sections + 1 };
        2 * changes + sections + registered + guards + 1
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Actions {
                changes,
                sections,
                new_sections,
                guards,
            } => write!(
                f,
                "commit too large: {} DynamoDB actions; the limit is {} (2 × {changes} changes + \
                 {sections} section{}{}{} + 1 commit record)",
                Self::actions_of(changes, sections, new_sections, guards),
                Self::MAX_ACTIONS,
                if sections == 1 { "" } else { "s" },
                match new_sections {
                    0 => String::new(),
                    new => format!(" + {} to register new sections", new + 1),
                },
                match guards {
                    0 => String::new(),
                    guards => format!(" + {guards} for guards"),
                },
            ),
            Self::Bytes { size } => write!(
                f,
                "commit too large: {} bytes including log entries; the limit is {}",
                Grouped(size),
                Grouped(Self::MAX_BYTES)
            ),
        }
    }
}
