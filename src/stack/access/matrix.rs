use serde::Serialize;

use super::{AccessError, Answer, Brought, Inspector, Subject};
use crate::model::{Access, Section};

/// What is not evaluated.
pub const NOT_COVERED: &str =
    "resource policies of the table, KMS key policies, session policies, and policies in other accounts";

/// The access of a subject to each section.
#[derive(Debug, Serialize)]
pub struct SubjectAccess {
    /// The subject.
    pub principal: String,
    /// What it was judged by: `trust`, or `trust and policies`.
    #[serde(rename = "judgedBy")]
    pub judged_by: &'static str,
    /// The sections, in the order in which they were given.
    pub sections: Vec<SectionAccess>,
}

/// The access of a subject to a section.
#[derive(Debug, Serialize)]
pub struct SectionAccess {
    /// The section.
    pub section: Section,
    /// The certain access, `none`, `read` or `write`; `unknown` if more can't be excluded.
    pub access: &'static str,
    /// Whether it can read.
    pub read: Answer,
    /// Whether it can write.
    pub write: Answer,
}

impl SubjectAccess {
    /// What judged a subject whose own policies are unknown.
    pub const BY_TRUST: &'static str = "trust";
    const BY_BOTH: &'static str = "trust and policies";
}

impl SectionAccess {
    /// That of a subject with these answers.
    pub fn new(section: Section, read: Answer, write: Answer) -> Self {
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

impl Inspector {
    /// Evaluates the subject's access to each of these sections, as [`Self::may`] does.
    pub async fn access_to(
        &self,
        subject: &Subject,
        brought: &Brought,
        sections: &[Section],
    ) -> Result<SubjectAccess, AccessError> {
        let mut found = Vec::new();
        for section in sections {
            let read = self.may(subject, brought, Access::Read, section).await?;
            let write = self.may(subject, brought, Access::Write, section).await?;
            found.push(SectionAccess::new(section.clone(), read.answer, write.answer));
        }
        Ok(SubjectAccess {
            principal: subject.to_string(),
            judged_by: match subject {
                Subject::Pattern(_) => SubjectAccess::BY_TRUST,
                Subject::Principal(_) | Subject::GitHub(_) | Subject::Oidc(_) | Subject::Unaccepted(_) => {
                    SubjectAccess::BY_BOTH
                }
            },
            sections: found,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_not_be_excluded_is_unknown() {
        let of = |read, write| SectionAccess::new(Section::root(), read, write).access;
        assert_eq!(of(Answer::Yes, Answer::Yes), "write");
        assert_eq!(of(Answer::Yes, Answer::No), "read");
        assert_eq!(of(Answer::No, Answer::No), "none");
        assert_eq!(of(Answer::Yes, Answer::Unknown), "unknown");
        assert_eq!(of(Answer::Unknown, Answer::No), "unknown");
        assert_eq!(of(Answer::No, Answer::Unknown), "unknown");
    }
}
