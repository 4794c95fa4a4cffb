use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use super::{Access, AccountId, Partition, Section};

/// What a grant covers: some sections, and whether its role only reads them or writes them too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantScope {
    access: Access,
    sections: BTreeSet<Section>,
}

/// Why sections make no scope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GrantScopeError {
    /// There are none.
    #[error("a grant must cover at least one section")]
    Empty,
    /// One of them is named twice.
    #[error("section {0} is given twice")]
    Twice(Section),
}

impl GrantScope {
    /// Access to these sections, of which there must be at least one and none twice.
    pub fn new(access: Access, sections: impl IntoIterator<Item = Section>) -> Result<Self, GrantScopeError> {
        let mut named = BTreeSet::new();
        for section in sections {
            if let Some(twice) = named.replace(section) {
                return Err(GrantScopeError::Twice(twice));
            }
        }
        if named.is_empty() {
            return Err(GrantScopeError::Empty);
        }
        Ok(Self {
            access,
            sections: named,
        })
    }

    /// What its role may do with the sections.
    pub fn access(&self) -> Access {
        self.access
    }

    /// The sections, ordered.
    pub fn sections(&self) -> &BTreeSet<Section> {
        &self.sections
    }
}

/// `reads /db, /web`, or `reads and writes /db`.
impl fmt::Display for GrantScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.access {
            Access::Read => "reads ",
            Access::Write => "reads and writes ",
        })?;
        f.write_str(&listed(&self.sections))
    }
}

/// What a request under a grant asked for that the grant doesn't cover.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uncovered {
    /// What the grant covers.
    pub scope: GrantScope,
    /// The sections that were asked for and that it doesn't cover; none where it only reads what was to be written.
    pub sections: BTreeSet<Section>,
}

impl Uncovered {
    /// What of this request `scope` doesn't cover, if anything.
    pub fn of(scope: GrantScope, asked: &[Section], wanted: Access) -> Option<Self> {
        let sections: BTreeSet<Section> = asked
            .iter()
            .filter(|section| !scope.sections.contains(section))
            .cloned()
            .collect();
        let only_reads = scope.access < wanted;
        (only_reads || !sections.is_empty()).then_some(Self { scope, sections })
    }
}

/// `the role in use can read /db, but not /web`, or `the role in use can read /db, but not write`.
impl fmt::Display for Uncovered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let access = match self.scope.access {
            Access::Read => "read",
            Access::Write => "read and write",
        };
        write!(
            f,
            "the role in use can {access} {}, but not ",
            listed(&self.scope.sections)
        )?;
        if self.sections.is_empty() {
            f.write_str("write")
        } else {
            f.write_str(&listed(&self.sections))
        }
    }
}

fn listed(sections: &BTreeSet<Section>) -> String {
    let names: Vec<&str> = sections.iter().map(Section::as_str).collect();
    names.join(", ")
}

/// Who may act in a grant's role: the ARN of a role or a user, in whose path and name `*` and `?` match.
///
/// The trust compares it with `aws:PrincipalArn`, which is a role's ARN also for its sessions (IAM user guide, "Global
/// condition keys").
///
/// ```
/// use discfg::model::GrantPrincipal;
///
/// let sso = "arn:aws:iam::123456789012:role/aws-reserved/sso.amazonaws.com/*/AWSReservedSSO_Dev_*";
/// assert!(sso.parse::<GrantPrincipal>().is_ok());
/// assert!("arn:*:*:*:*:*".parse::<GrantPrincipal>().is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GrantPrincipal(String);

/// Why a principal can't be given a grant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GrantPrincipalError {
    /// No ARN at all.
    #[error("invalid principal {0:?}: expected the ARN of a role or a user, such as {EXAMPLE}")]
    Shape(String),
    /// A wildcard outside the name.
    #[error(
        "invalid principal {0:?}: `*` and `?` are allowed only in the name of a role or a user, as in {EXAMPLE}-*"
    )]
    Wildcard(String),
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
    /// Something else than a role or a user.
    #[error("invalid principal {0:?}: neither a role nor a user; expected an ARN such as {EXAMPLE}")]
    Kind(String),
    /// A principal of another partition.
    #[error("principal {given:?} is in partition {found}, but the config is in {expected}")]
    Partition {
        /// What was given.
        given: String,
        /// Its partition.
        found: String,
        /// The config's.
        expected: &'static str,
    },
    /// A principal of another account.
    #[error(
        "principal {given:?} is in account {found}; a grant is only for principals of the config's account, {expected}"
    )]
    Account {
        /// What was given.
        given: String,
        /// Its account.
        found: String,
        /// The config's.
        expected: String,
    },
}

const EXAMPLE: &str = "arn:aws:iam::123456789012:role/app";

impl GrantPrincipal {
    /// The ARN.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is a principal of that partition and account: a grant's role trusts no other.
    pub fn check_home(&self, partition: Partition, account: &str) -> Result<(), GrantPrincipalError> {
        let part = |at| self.0.split(':').nth(at).unwrap_or_default().to_owned();
        if part(1) != partition.as_str() {
            return Err(GrantPrincipalError::Partition {
                given: self.0.clone(),
                found: part(1),
                expected: partition.as_str(),
            });
        }
        if part(4) != account {
            return Err(GrantPrincipalError::Account {
                given: self.0.clone(),
                found: part(4),
                expected: account.into(),
            });
        }
        Ok(())
    }
}

impl FromStr for GrantPrincipal {
    type Err = GrantPrincipalError;

    fn from_str(given: &str) -> Result<Self, Self::Err> {
        let parts: Vec<&str> = given.splitn(6, ':').collect();
        let [arn, partition, service, region, account, resource] = parts.as_slice() else {
            return Err(if given.contains('*') {
                GrantPrincipalError::Wildcard(given.into())
            } else {
                GrantPrincipalError::Shape(given.into())
            });
        };
        let before = [*arn, *partition, *service, *region, *account];
        let (kind, name) = resource.split_once('/').unwrap_or((resource, ""));
        if before.iter().chain([&kind]).any(|part| part.contains(['*', '?'])) {
            return Err(GrantPrincipalError::Wildcard(given.into()));
        }
        let plain = given.chars().all(|c| c.is_ascii_graphic() && !",$".contains(c));
        if *arn != "arn" || !partition.starts_with("aws") || account.parse::<AccountId>().is_err() || !plain {
            return Err(GrantPrincipalError::Shape(given.into()));
        }
        if *service == "sts" && kind == "assumed-role" {
            let role = name.split('/').next().unwrap_or_default();
            return Err(GrantPrincipalError::Session {
                given: given.into(),
                role: format!("arn:{partition}:iam::{account}:role/{role}"),
            });
        }
        if *service != "iam" || !region.is_empty() || !["role", "user"].contains(&kind) || name.is_empty() {
            return Err(GrantPrincipalError::Kind(given.into()));
        }
        Ok(Self(given.into()))
    }
}

impl fmt::Display for GrantPrincipal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sections(names: &[&str]) -> Vec<Section> {
        let parsed = names.iter().map(|name| name.parse().expect("a section"));
        parsed.collect()
    }

    fn scope(access: Access, names: &[&str]) -> GrantScope {
        GrantScope::new(access, sections(names)).expect("a scope")
    }

    #[test]
    fn a_scope_names_a_section_once() {
        assert_eq!(
            GrantScope::new(Access::Read, sections(&["db", "web", "/db"])),
            Err(GrantScopeError::Twice("/db".parse().expect("a section")))
        );
        assert_eq!(GrantScope::new(Access::Read, []), Err(GrantScopeError::Empty));
    }

    #[test]
    fn what_is_not_covered_is_said_in_words() {
        let words = |scope, asked: &[&str], wanted| {
            Uncovered::of(scope, &sections(asked), wanted).map(|uncovered| uncovered.to_string())
        };
        let reader = || scope(Access::Read, &["db"]);
        assert_eq!(words(reader(), &["db"], Access::Read), None);
        assert_eq!(
            words(reader(), &["db", "web", "@root"], Access::Read).as_deref(),
            Some("the role in use can read /db, but not /web, @root")
        );
        assert_eq!(
            words(reader(), &["db"], Access::Write).as_deref(),
            Some("the role in use can read /db, but not write")
        );
        let writer = || scope(Access::Write, &["db", "@root"]);
        assert_eq!(words(writer(), &["db", "@root"], Access::Write), None);
        assert_eq!(
            words(writer(), &["web"], Access::Write).as_deref(),
            Some("the role in use can read and write /db, @root, but not /web")
        );
    }

    #[test]
    fn a_principal_is_a_role_or_a_user() {
        for good in [
            EXAMPLE,
            "arn:aws:iam::123456789012:user/team/ann",
            "arn:aws-cn:iam::123456789012:role/ci-*",
            "arn:aws:iam::123456789012:role/aws-reserved/sso.amazonaws.com/*/AWSReservedSSO_Dev_*",
        ] {
            assert!(good.parse::<GrantPrincipal>().is_ok(), "{good}");
        }
        let why = |bad: &str| bad.parse::<GrantPrincipal>().expect_err(bad).to_string();
        for wildcard in [
            "*",
            "arn:*:*:*:*:*",
            "arn:aws:iam::*:role/app",
            "arn:aws:iam::123456789012:*",
            "arn:aws:iam::123456789012:r*/app",
        ] {
            assert!(
                why(wildcard).contains("only in the name of a role or a user"),
                "{}",
                why(wildcard)
            );
        }
        for shape in [
            "",
            "app",
            "arn:gcp:iam::123456789012:role/app",
            "arn:aws:iam::12:role/app",
            "arn:aws:iam::123456789012:role/a,b",
        ] {
            assert!(why(shape).contains("expected the ARN"), "{}", why(shape));
        }
        for kind in [
            "arn:aws:iam::123456789012:root",
            "arn:aws:iam::123456789012:group/devs",
            "arn:aws:iam::123456789012:role/",
            "arn:aws:s3::123456789012:role/app",
            "arn:aws:sts::123456789012:federated-user/ann",
        ] {
            assert!(why(kind).contains("neither a role nor a user"), "{}", why(kind));
        }
        assert!(
            why("arn:aws:sts::123456789012:assumed-role/app/i-1")
                .contains("use its role, arn:aws:iam::123456789012:role/app "),
        );
    }

    #[test]
    fn a_principal_is_at_home_with_its_config() {
        let principal: GrantPrincipal = EXAMPLE.parse().expect("a principal");
        assert_eq!(
            principal.check_home(Partition::Commercial, "123456789012"),
            Ok(())
        );
        let home = |partition, account| {
            principal
                .check_home(partition, account)
                .map_err(|error| error.to_string())
        };
        let other = home(Partition::China, "123456789012").expect_err("another partition");
        assert!(
            other.contains("in partition aws, but the config is in aws-cn"),
            "{other}"
        );
        let other = home(Partition::Commercial, "210987654321").expect_err("another account");
        assert!(other.contains("the config's account, 210987654321"), "{other}");
    }
}
