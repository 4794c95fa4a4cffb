use std::fmt;

use crate::model::{GitHubSubject, OidcSubject, PrincipalArn, PrincipalPattern, TrustedSubject};

/// The subject of an access evaluation.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// A user or role: see [`Inspector::resolve`](super::Inspector::resolve).
    Principal(PrincipalArn),
    /// All principals that match a pattern. Their own policies are unknown, so only the role's trust and policies
    /// count.
    Pattern(PrincipalPattern),
    /// A job of GitHub Actions, which has no policies.
    GitHub(GitHubSubject),
    /// The holder of a token of another OIDC issuer, which has no policies.
    Oidc(OidcSubject),
    /// The holder of a token that a role trusts although discfg would refuse its subject: another tool deployed it.
    Unaccepted(TrustedSubject),
}

/// A subject that a role trusts.
impl From<TrustedSubject> for Subject {
    fn from(trusted: TrustedSubject) -> Self {
        match (trusted.github_job(), trusted.accepted()) {
            (Some(job), _) => Self::GitHub(job),
            (None, Ok(subject)) => Self::Oidc(subject),
            (None, Err(_)) => Self::Unaccepted(trusted),
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Principal(arn) => arn.fmt(f),
            Self::Pattern(pattern) => pattern.fmt(f),
            Self::GitHub(subject) => subject.fmt(f),
            Self::Oidc(subject) => subject.fmt(f),
            Self::Unaccepted(subject) if subject.is_github_job() => subject.subject().fmt(f),
            Self::Unaccepted(subject) => subject.fmt(f),
        }
    }
}
