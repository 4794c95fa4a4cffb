use std::fmt;

use crate::model::{GitHubSubject, OidcSubject, PrincipalArn, PrincipalPattern};

/// Whose access is judged.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// A user or role: see [`Inspector::resolve`](super::Inspector::resolve).
    Principal(PrincipalArn),
    /// All who fit a pattern. Their own policies can't be asked for, so only trust and the role's policies count.
    Pattern(PrincipalPattern),
    /// A job of GitHub Actions, which has no policies of its own.
    GitHub(GitHubSubject),
    /// Who has such a token of another OIDC issuer, without policies as well.
    Oidc(OidcSubject),
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Principal(arn) => arn.fmt(f),
            Self::Pattern(pattern) => pattern.fmt(f),
            Self::GitHub(subject) => subject.fmt(f),
            Self::Oidc(subject) => subject.fmt(f),
        }
    }
}
