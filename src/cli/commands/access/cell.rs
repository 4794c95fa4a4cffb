use crate::model::Section;
use crate::stack::access::Answer;
use serde::Serialize;

/// What no answer here takes into account.
pub(super) const NOT_COVERED: &str =
    "policies on the table itself, the use of KMS keys, session policies, and the policies of other accounts";

/// What a subject may do with a section.
#[derive(Serialize)]
pub(super) struct Cell {
    pub(super) section: Section,
    /// The most that it surely may; unknown where more can't be excluded.
    pub(super) access: &'static str,
    pub(super) read: Answer,
    pub(super) write: Answer,
}

impl Cell {
    pub(super) fn new(section: Section, read: Answer, write: Answer) -> Self {
        let access = match (read, write) {
            (_, Answer::Yes) => "write",
            (_, Answer::Unknown) | (Answer::Unknown, _) => "unknown",
            (Answer::Yes, Answer::No) => "read",
            (Answer::No, Answer::No) => "none",
        };
        Self {
            section,
            access,
            read,
            write,
        }
    }
}
