use std::fmt;
use std::str::FromStr;

use super::AccountId;

/// One IAM principal, by the ARN of a user, of a role, or of a session of a role, as STS tells a caller its own.
///
/// ```
/// use discfg::model::{PrincipalArn, PrincipalKind};
///
/// let session: PrincipalArn = "arn:aws:sts::123456789012:assumed-role/deploy/ann".parse().unwrap();
/// assert_eq!((session.kind(), session.name()), (PrincipalKind::Session, "deploy"));
/// assert!("arn:aws:iam::123456789012:role/*".parse::<PrincipalArn>().is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PrincipalArn {
    text: String,
    kind: PrincipalKind,
}

/// What a principal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum PrincipalKind {
    /// An IAM user.
    User,
    /// An IAM role.
    Role,
    /// A session of a role, whose ARN lacks the role's path.
    Session,
}

/// Why a text is no principal about whom can be asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PrincipalArnError {
    /// It matches several.
    #[error("invalid principal {0:?}: expected a single principal, without `*` and `?`")]
    Wildcard(String),
    /// The account's root.
    #[error("invalid principal {0:?}: the root user can't assume a role; use a user or a role")]
    Root(String),
    /// Something else.
    #[error(
        "invalid principal {0:?}: expected the ARN of a user, a role or a session, such as arn:aws:iam::123456789012:role/app"
    )]
    Shape(String),
}

impl PrincipalArn {
    /// The ARN.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What it is.
    pub fn kind(&self) -> PrincipalKind {
        self.kind
    }

    /// The number of its account.
    pub fn account(&self) -> &str {
        self.text.split(':').nth(4).unwrap_or_default()
    }

    /// Its name, without its path; a session's is the name of its role.
    pub fn name(&self) -> &str {
        let parts: Vec<&str> = self.text.split('/').collect();
        let at = match self.kind {
            PrincipalKind::User | PrincipalKind::Role => parts.last(),
            PrincipalKind::Session => parts.get(1),
        };
        at.copied().unwrap_or_default()
    }
}

impl FromStr for PrincipalArn {
    type Err = PrincipalArnError;

    fn from_str(given: &str) -> Result<Self, Self::Err> {
        if given.contains(['*', '?']) {
            return Err(PrincipalArnError::Wildcard(given.into()));
        }
        let parts: Vec<&str> = given.splitn(6, ':').collect();
        let [arn, partition, service, region, account, resource] = parts.as_slice() else {
            return Err(PrincipalArnError::Shape(given.into()));
        };
        let names: Vec<&str> = resource.split('/').collect();
        let kind = match (*service, names.as_slice()) {
            ("iam", ["root"]) => return Err(PrincipalArnError::Root(given.into())),
            ("iam", ["user", .., _]) => PrincipalKind::User,
            ("iam", ["role", .., _]) => PrincipalKind::Role,
            ("sts", ["assumed-role", _, _]) => PrincipalKind::Session,
            _ => return Err(PrincipalArnError::Shape(given.into())),
        };
        let sound = *arn == "arn"
            && partition.starts_with("aws")
            && region.is_empty()
            && account.parse::<AccountId>().is_ok()
            && names.iter().all(|name| !name.is_empty())
            && given.chars().all(|c| c.is_ascii_graphic());
        if sound {
            let text = given.to_owned();
            Ok(Self { text, kind })
        } else {
            Err(PrincipalArnError::Shape(given.into()))
        }
    }
}

impl fmt::Display for PrincipalArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_roles_and_sessions_are_known_by_their_parts() {
        for (arn, kind, name) in [
            ("arn:aws:iam::123456789012:user/ann", PrincipalKind::User, "ann"),
            (
                "arn:aws:iam::123456789012:user/team/ann",
                PrincipalKind::User,
                "ann",
            ),
            (
                "arn:aws-cn:iam::123456789012:role/aws-reserved/sso.amazonaws.com/x/AWSReservedSSO_Dev_1",
                PrincipalKind::Role,
                "AWSReservedSSO_Dev_1",
            ),
            (
                "arn:aws:sts::123456789012:assumed-role/deploy/ann@example.com",
                PrincipalKind::Session,
                "deploy",
            ),
        ] {
            let principal: PrincipalArn = arn.parse().expect(arn);
            assert_eq!(
                (principal.kind(), principal.name(), principal.account()),
                (kind, name, "123456789012")
            );
            assert_eq!(principal.to_string(), arn);
        }
    }

    #[test]
    fn what_is_no_single_principal_is_refused_with_its_reason() {
        let why = |given: &str| given.parse::<PrincipalArn>().expect_err(given);
        for wildcard in ["*", "arn:*:*:*:*:*", "arn:aws:iam::123456789012:role/ci-?"] {
            assert_eq!(why(wildcard), PrincipalArnError::Wildcard(wildcard.into()));
        }
        let root = "arn:aws:iam::123456789012:root";
        assert_eq!(why(root), PrincipalArnError::Root(root.into()));
        for bad in [
            "",
            "ann",
            "arn:aws:iam::12:user/ann",
            "arn:aws:iam::123456789012:user/",
            "arn:aws:iam::123456789012:user//ann",
            "arn:aws:iam::123456789012:group/devs",
            "arn:aws:iam:eu-west-1:123456789012:user/ann",
            "arn:aws:sts::123456789012:assumed-role/deploy",
            "arn:aws:sts::123456789012:federated-user/ann",
            "arn:gcp:iam::123456789012:user/ann",
            "arn:aws:iam::123456789012:user/a b",
        ] {
            assert_eq!(why(bad), PrincipalArnError::Shape(bad.into()));
        }
    }
}
