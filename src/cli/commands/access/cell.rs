use crate::model::Section;
use crate::stack::access::Answer;
use serde::Serialize;

/// What is not evaluated.
pub(super) const NOT_COVERED: &str =
    "resource policies of the table, KMS key policies, session policies, and policies in other accounts";

/// The access of a subject to a section.
#[derive(Serialize)]
pub(super) struct Cell {
    pub(super) section: Section,
    /// The certain access; unknown if more can't be excluded.
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
