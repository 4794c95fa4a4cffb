use std::fmt;
use std::str::FromStr;

use super::AccountId;

/// Which principals are meant: an ARN, in which `*` and `?` match within each of its six parts, as in IAM's `ArnLike`
/// (IAM User Guide, "Condition operators"). It is compared with `aws:PrincipalArn`, which is a role's ARN also for its
/// sessions (IAM User Guide, "Global condition keys"), so it must be able to fit a role or a user.
///
/// ```
/// use discfg::model::PrincipalPattern;
///
/// assert!("arn:aws:iam::123456789012:role/ci-*".parse::<PrincipalPattern>().is_ok());
/// assert!("*".parse::<PrincipalPattern>().is_err());
/// assert!("arn:aws:s3:::bucket".parse::<PrincipalPattern>().is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PrincipalPattern(String);

/// Why a text fits no principal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PrincipalPatternError {
    /// No ARN at all.
    #[error(
        "invalid principal {0:?}: expected an ARN such as arn:aws:iam::123456789012:role/app; `*` and `?` match within each part"
    )]
    Shape(String),
    /// The ARN of a session, which no trust ever sees.
    #[error(
        "invalid principal {given:?}: it is a session; use its role, {role} (with the role's path, if it has one)"
    )]
    Session {
        /// What was given.
        given: String,
        /// The role's ARN without a path.
        role: String,
    },
    /// The root user of an account.
    #[error(
        "invalid principal {given:?}: the root user can't assume a role; for the whole account, use {all}"
    )]
    Root {
        /// What was given.
        given: String,
        /// What fits everyone in the account.
        all: String,
    },
    /// An ARN that neither a role nor a user can have.
    #[error(
        "invalid principal {0:?}: neither a role nor a user; expected an ARN such as arn:aws:iam::123456789012:role/app or arn:aws:iam::123456789012:user/ann"
    )]
    Kind(String),
}

impl PrincipalPattern {
    /// The text as CloudFormation gets it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the ARN fits: part by part, as `ArnLike` compares (IAM User Guide, "Condition operators").
    pub fn matches(&self, arn: &str) -> bool {
        let (pattern, parts): (Vec<&str>, Vec<&str>) = (
            self.as_str().splitn(6, ':').collect(),
            arn.splitn(6, ':').collect(),
        );
        pattern.len() == parts.len()
            && pattern
                .iter()
                .zip(&parts)
                .all(|(p, t)| glob(p.as_bytes(), t.as_bytes()))
    }
}

impl FromStr for PrincipalPattern {
    type Err = PrincipalPatternError;

    fn from_str(given: &str) -> Result<Self, Self::Err> {
        let parts: Vec<&str> = given.splitn(6, ':').collect();
        let &["arn", partition, service, region, account, resource] = parts.as_slice() else {
            return Err(PrincipalPatternError::Shape(given.into()));
        };
        // IAM would put something else where it finds ${...}.
        let plain = !given.contains([',', '$']) && given.chars().all(|c| c.is_ascii_graphic());
        if partition.is_empty() || resource.is_empty() || !plain {
            return Err(PrincipalPatternError::Shape(given.into()));
        }
        if let ("sts", Some(session)) = (service, resource.strip_prefix("assumed-role/")) {
            let role = session.split('/').next().unwrap_or_default();
            return Err(PrincipalPatternError::Session {
                given: given.into(),
                role: format!("arn:{partition}:iam::{account}:role/{role}"),
            });
        }
        if resource == "root" {
            return Err(PrincipalPatternError::Root {
                given: given.into(),
                all: format!("arn:{partition}:iam::{account}:*"),
            });
        }
        let fits = glob(service.as_bytes(), b"iam")
            && glob(region.as_bytes(), b"")
            && (account.contains(['*', '?']) || account.parse::<AccountId>().is_ok())
            && ["role/", "user/"]
                .into_iter()
                .any(|kind| may_begin(resource, kind));
        if fits {
            Ok(Self(given.into()))
        } else {
            Err(PrincipalPatternError::Kind(given.into()))
        }
    }
}

impl fmt::Display for PrincipalPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Whether something longer than `start` that begins with it can fit the pattern.
fn may_begin(pattern: &str, start: &str) -> bool {
    let mut rest = pattern.bytes();
    for wanted in start.bytes() {
        match rest.next() {
            Some(b'*') => return true,
            Some(b'?') => {}
            Some(byte) if byte == wanted => {}
            _ => return false,
        }
    }
    rest.next().is_some()
}

/// Whether the text fits the pattern, in which `*` stands for any characters and `?` for one.
pub(crate) fn glob(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), _) => {
            glob(rest, text) || text.split_first().is_some_and(|(_, t)| glob(pattern, t))
        }
        (Some((b'?', rest)), Some((_, text))) => glob(rest, text),
        (Some((p, rest)), Some((t, text))) => p == t && glob(rest, text),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_principal_is_an_arn_that_a_role_or_a_user_can_have() {
        for good in [
            "arn:aws:iam::123456789012:role/x",
            "arn:aws:iam::123456789012:user/team/ann",
            "arn:aws:iam::123456789012:*",
            "arn:aws:iam::123456789012:r*",
            "arn:aws:iam::123456789012:????/x",
            "arn:*:*:*:*:*",
            "arn:aws:iam::*:role/aws-reserved/sso.amazonaws.com/*/AWSReservedSSO_Dev_*",
        ] {
            assert!(good.parse::<PrincipalPattern>().is_ok(), "{good}");
        }
    }

    #[test]
    fn what_no_trust_could_ever_match_is_refused_with_its_reason() {
        let why = |given: &str| given.parse::<PrincipalPattern>().expect_err(given);
        for bad in [
            "*",
            "",
            "arn:aws:iam::1",
            "arn:aws:iam::123456789012:role/a,arn:aws:iam::123456789012:role/b",
            "arn:aws:iam::123456789012:role/a b",
            "arn:aws:iam::123456789012:role/${aws:username}",
        ] {
            assert_eq!(why(bad), PrincipalPatternError::Shape(bad.into()));
        }
        for bad in [
            "arn:aws:s3:::bucket",
            "arn:aws:iam::123456789012:group/devs",
            "arn:aws:iam::123456789012:role/",
            "arn:aws:iam::1234:role/x",
            "arn:aws:iam:eu-central-1:123456789012:role/x",
            "arn:aws:sts::123456789012:federated-user/ann",
        ] {
            assert_eq!(why(bad), PrincipalPatternError::Kind(bad.into()));
        }
        assert_eq!(
            why("arn:aws:sts::123456789012:assumed-role/deploy/ann").to_string(),
            "invalid principal \"arn:aws:sts::123456789012:assumed-role/deploy/ann\": it is a session; use its role, \
             arn:aws:iam::123456789012:role/deploy (with the role's path, if it has one)"
        );
        assert_eq!(
            why("arn:aws:iam::123456789012:root").to_string(),
            "invalid principal \"arn:aws:iam::123456789012:root\": the root user can't assume a role; for the whole account, use \
             arn:aws:iam::123456789012:*"
        );
    }
}
