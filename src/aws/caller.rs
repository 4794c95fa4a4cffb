use serde::{Deserialize, Serialize};

use super::answer_date::AnswerDate;
use super::error::AwsError;
use super::failure::Failed;
use super::settings::Aws;
use crate::model::{PrincipalPattern, Timestamp};

/// Who the base credentials belong to, as STS tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallerIdentity {
    /// The ARN.
    pub arn: String,
    /// The account's number.
    pub account: String,
}

impl CallerIdentity {
    /// Whether this is a session of the role of that name.
    ///
    /// A session's ARN is `arn:aws:sts::ACCOUNT:assumed-role/NAME/SESSION`: without the role's path (IAM user
    /// guide, "IAM identifiers").
    pub fn is_role(&self, account: &str, name: &str) -> bool {
        let role = self
            .arn
            .split(":assumed-role/")
            .nth(1)
            .and_then(|rest| rest.split('/').next());
        self.account == account && role == Some(name)
    }

    /// How a trust policy names the caller of this ARN: a session by its role, whose path isn't known (IAM user guide,
    /// "Global condition keys", `aws:PrincipalArn`).
    pub fn principal(arn: &str) -> String {
        match arn.split_once(":assumed-role/") {
            Some((start, rest)) => {
                let role = rest.split('/').next().unwrap_or_default();
                format!("{}:role/{role}", start.replacen(":sts:", ":iam:", 1))
            }
            None => arn.to_owned(),
        }
    }

    /// Whether a pattern of a trust policy may match the caller. A session's ARN lacks the path of its role, so any path
    /// matches.
    pub fn fits(&self, pattern: &str) -> bool {
        let principal = Self::principal(&self.arn);
        let matches = |pattern: &str| {
            let pattern = pattern.parse::<PrincipalPattern>();
            pattern.is_ok_and(|pattern| pattern.matches(&principal))
        };
        if matches(pattern) || principal == self.arn {
            return matches(pattern);
        }
        let Some((start, path)) = pattern.split_once(":role/") else {
            return false;
        };
        let name = path.rsplit('/').next().unwrap_or_default();
        matches(&format!("{start}:role/{name}"))
    }

    /// Whether this is the account's root user, which can't assume a role.
    pub fn is_root(&self) -> bool {
        self.arn.ends_with(":root")
    }

    /// A session name that tells this caller in CloudTrail: 2 to 64 characters of `[\w+=,.@-]` (STS API
    /// reference, `AssumeRole`).
    pub(super) fn session_name(&self) -> String {
        let last = self.arn.rsplit(['/', ':']).next().unwrap_or_default();
        let name: String = last
            .chars()
            .filter(|c| c.is_ascii_alphanumeric() || "_+=,.@-".contains(*c))
            .take(57)
            .collect();
        format!("discfg-{name}")
    }
}

impl Aws {
    /// Who the base credentials belong to. Asked for once, then remembered on disk for as long as the settings
    /// stay the same.
    pub async fn caller(&self) -> Result<CallerIdentity, AwsError> {
        let name = format!("caller-{}.json", self.identity());
        if let Some(caller) = self.cache().read(&name) {
            return Ok(caller);
        }
        let caller = self.ask_caller().await.0?;
        self.cache().write(&name, &caller);
        Ok(caller)
    }

    /// Who the base credentials belong to by STS's word of now, and what time it is there, which a refusal tells, too.
    /// One request; needs no permission.
    pub async fn ask_caller(&self) -> (Result<CallerIdentity, AwsError>, Option<Timestamp>) {
        let date = AnswerDate::new();
        let request = self.sts().get_caller_identity().customize();
        let answer = request.interceptor(date.clone()).send().await;
        let caller =
            answer.map_err(|error| AwsError::of_request("sts:GetCallerIdentity", Failed::new(&error)));
        let caller = caller.map(|answer| CallerIdentity {
            arn: answer.arn.unwrap_or_default(),
            account: answer.account.unwrap_or_default(),
        });
        (caller, date.get())
    }
}

#[cfg(test)]
mod tests {
    use super::CallerIdentity;

    #[test]
    fn a_session_is_of_its_role_only() {
        let caller = CallerIdentity {
            arn: "arn:aws:sts::123456789012:assumed-role/discfg-app-eu-west-1-read/ci".into(),
            account: "123456789012".into(),
        };
        assert!(caller.is_role("123456789012", "discfg-app-eu-west-1-read"));
        assert!(!caller.is_role("123456789012", "discfg-app-eu-west-1-write"));
        assert!(!caller.is_role("210987654321", "discfg-app-eu-west-1-read"));
        assert_eq!(caller.session_name(), "discfg-ci");
    }

    #[test]
    fn a_trust_policy_knows_a_session_by_its_role() {
        for (arn, principal) in [
            (
                "arn:aws-cn:sts::123456789012:assumed-role/deploy/ci",
                "arn:aws-cn:iam::123456789012:role/deploy",
            ),
            (
                "arn:aws:iam::123456789012:user/team/ann",
                "arn:aws:iam::123456789012:user/team/ann",
            ),
        ] {
            assert_eq!(CallerIdentity::principal(arn), principal);
        }
    }
}
