/// What sort of failure an error is. Every error of this crate has one; exit codes and HTTP statuses follow from it alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The answer to a question is no.
    No,
    /// The call itself is wrong: a flag, a combination, a setting that is missing.
    Usage,
    /// The key, the config or the role isn't there.
    NotFound,
    /// The wanted revision lies before the oldest line of the log.
    Compacted,
    /// A guard didn't hold, or a plan was overtaken. Final: trying again can't help by itself.
    Conflict,
    /// The identity may not do this.
    Denied,
    /// The service could not be reached or failed. Another try may help.
    Unavailable,
    /// The service throttles. Another try may help.
    Throttled,
    /// A commit was sent and never answered: it may have happened.
    OutcomeUnknown,
    /// The stack failed.
    Stack,
    /// The input breaks a rule or a limit.
    Invalid,
    /// The disk, a quota or a limit leaves no room to write.
    StorageFull,
    /// A time limit of the user's ran out.
    Timeout,
    /// The user interrupted.
    Interrupted,
    /// Anything else: corrupt data, a defect.
    Internal,
}

impl ErrorKind {
    const ALL: [(Self, &'static str); 15] = [
        (Self::No, "no"),
        (Self::Usage, "usage"),
        (Self::NotFound, "not-found"),
        (Self::Compacted, "compacted"),
        (Self::Conflict, "conflict"),
        (Self::Denied, "denied"),
        (Self::Unavailable, "unavailable"),
        (Self::Throttled, "throttled"),
        (Self::OutcomeUnknown, "outcome-unknown"),
        (Self::Stack, "stack"),
        (Self::Invalid, "invalid"),
        (Self::StorageFull, "storage-full"),
        (Self::Timeout, "timeout"),
        (Self::Interrupted, "interrupted"),
        (Self::Internal, "internal"),
    ];

    /// The word for it in HTTP problems.
    pub fn as_str(self) -> &'static str {
        let of_self = Self::ALL.iter().find(|(kind, _)| *kind == self);
        of_self.map_or("internal", |(_, word)| word)
    }

    /// The kind of that word, if it is one.
    pub fn of_word(word: &str) -> Option<Self> {
        let of_word = Self::ALL.iter().find(|(_, known)| *known == word);
        of_word.map(|(kind, _)| *kind)
    }
}
