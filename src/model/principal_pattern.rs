use super::{AccountId, PrincipalPattern, glob};

/// Why no principal at all fits a pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PrincipalPatternError {
    /// No pattern.
    #[error(
        "{0:?} is no principal: expected an ARN such as {EXAMPLE}, in which * and ? match within each part"
    )]
    Shape(String),
    /// The ARN of a session, which no trust ever sees.
    #[error("{given:?} is a session: give its role, {role} (a path of the role goes before its name)")]
    Session {
        /// What was given.
        given: String,
        /// The role's ARN without a path.
        role: String,
    },
    /// Something else than a principal.
    #[error("{0:?} is neither a role nor a user: expected an ARN such as {EXAMPLE}")]
    Kind(String),
}

const EXAMPLE: &str = "arn:aws:iam::123456789012:role/app";

impl PrincipalPattern {
    /// A pattern that some principal can fit: a role, a user, a federated user or an account's root.
    ///
    /// The trust compares it with `aws:PrincipalArn`, which is a role's ARN also for its sessions (IAM User Guide,
    /// "Global condition keys").
    ///
    /// ```
    /// use discfg::model::PrincipalPattern;
    ///
    /// assert!(PrincipalPattern::of_someone("arn:aws:iam::123456789012:role/ci-*").is_ok());
    /// assert!(PrincipalPattern::of_someone("arn:aws:s3:::bucket").is_err());
    /// ```
    pub fn of_someone(given: &str) -> Result<Self, PrincipalPatternError> {
        let shape = || PrincipalPatternError::Shape(given.into());
        let pattern: Self = given.parse().map_err(|_| shape())?;
        let parts: Vec<&str> = given.splitn(6, ':').collect();
        let [_, partition, service, region, account, resource] = parts.as_slice() else {
            return Err(shape());
        };
        if let ("sts", Some(session)) = (*service, resource.strip_prefix("assumed-role/")) {
            let role = session.split('/').next().unwrap_or_default();
            return Err(PrincipalPatternError::Session {
                given: given.into(),
                role: format!("arn:{partition}:iam::{account}:role/{role}"),
            });
        }
        let is_pattern = |part: &str| part.contains(['*', '?']);
        let can_be = |pattern: &str, text: &str| glob(pattern.as_bytes(), text.as_bytes());
        let (kind, name) = resource.split_once('/').unwrap_or((resource, ""));
        // A wildcard in the kind may stand for a name, too.
        let is_of = |kinds: &[&str]| is_pattern(kind) || (kinds.contains(&kind) && !name.is_empty());
        let is_someone = can_be(service, "iam") && (is_of(&["role", "user"]) || *resource == "root")
            || can_be(service, "sts") && is_of(&["federated-user"]);
        let has_account = is_pattern(account) || account.parse::<AccountId>().is_ok();
        if is_someone && has_account && can_be(region, "") {
            Ok(pattern)
        } else {
            Err(PrincipalPatternError::Kind(given.into()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_that_someone_fits_is_taken() {
        for good in [
            "arn:*:*:*:*:*",
            "arn:aws:iam::123456789012:role/app",
            "arn:aws:iam::123456789012:role/ci-*",
            "arn:aws:iam::*:user/team/ann",
            "arn:aws:iam::123456789012:root",
            "arn:aws:iam::123456789012:*",
            "arn:aws-cn:iam::123456789012:r*/x",
            "arn:aws:sts::123456789012:federated-user/ann",
            "arn:aws:iam::*:role/aws-reserved/sso.amazonaws.com/*/AWSReservedSSO_Dev_*",
        ] {
            let pattern = PrincipalPattern::of_someone(good).expect(good);
            assert_eq!(pattern.as_str(), good);
        }
    }

    #[test]
    fn a_pattern_that_no_one_fits_is_refused_with_what_is_wrong() {
        let why = |given: &str| PrincipalPattern::of_someone(given).expect_err(given);
        for bad in [
            "*",
            "",
            "ann",
            "arn:aws:iam::1",
            "arn:aws:iam::123456789012:role/a,b",
        ] {
            assert_eq!(why(bad), PrincipalPatternError::Shape(bad.into()));
        }
        for bad in [
            "arn:aws:s3:::bucket",
            "arn:aws:iam::123456789012:policy/x",
            "arn:aws:iam::123456789012:group/devs",
            "arn:aws:iam::123456789012:role/",
            "arn:aws:iam::123456789012:role",
            "arn:aws:iam::12:role/app",
            "arn:aws:iam::::role/app",
            "arn:aws:iam:eu-west-1:123456789012:role/app",
            "arn:aws:lambda:eu-west-1:123456789012:function:f",
        ] {
            assert_eq!(why(bad), PrincipalPatternError::Kind(bad.into()));
        }
        let session = "arn:aws:sts::123456789012:assumed-role/deploy/ann";
        let said = why(session).to_string();
        assert!(said.contains("arn:aws:iam::123456789012:role/deploy"), "{said}");
    }
}
