use std::fmt;
use std::str::FromStr;

use super::Region;

/// Why a text can't be used as a setting of a stack.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid {what} {given:?}: expected {expected}")]
pub struct SettingError {
    what: &'static str,
    given: String,
    expected: &'static str,
}

macro_rules! setting {
    ($(#[$doc:meta])* $name:ident, $what:literal, $expected:literal, $parse:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// The text as CloudFormation gets it.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = SettingError;

            fn from_str(given: &str) -> Result<Self, Self::Err> {
                let parse: fn(&str) -> Option<String> = $parse;
                parse(given).map(Self).ok_or_else(|| SettingError {
                    what: $what,
                    given: given.into(),
                    expected: $expected,
                })
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
    };
}

setting!(
    /// The exact `sub` claim of a GitHub Actions job, parsed from `ORG/REPO:environment:E` or `ORG/REPO:ref:R`.
    /// Wildcards are refused, and so is a repository alone: any branch of it could assume the role.
    ///
    /// GitHub writes the ids of owner and repository into the claim (`owner@id/name@id`) for repositories that were
    /// made, renamed or transferred since 15 July 2026 or have opted in, and names alone for all others (GitHub
    /// docs, "`OpenID` Connect reference", "Immutable subject claims"). The claim is compared as a whole, so it must be
    /// given with both ids for the former and with none for the latter; which it is can't be told from the name. A
    /// repository whose owner has set another form of the claim can't be named.
    ///
    /// ```
    /// use discfg::model::GitHubSubject;
    ///
    /// let subject: GitHubSubject = "acme/shop:environment:production".parse().unwrap();
    /// assert_eq!(subject.as_str(), "repo:acme/shop:environment:production");
    /// ```
    GitHubSubject,
    "GitHub job",
    "ORG/REPO:environment:NAME or ORG/REPO:ref:refs/heads/BRANCH, without wildcards; for a repository created \
     since mid-July 2026, with both IDs: ORG@ID/REPO@ID:environment:NAME",
    |given| {
        let (repository, of) = given.split_once(':')?;
        let (owner, name) = repository.split_once('/')?;
        let has_id = [owner, name].map(|word| {
            let (word, id) = word.split_once('@').map_or((word, None), |(word, id)| (word, Some(id)));
            let is_word = !word.is_empty()
                && word.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
            let is_id = id.is_none_or(|id| !id.is_empty() && id.bytes().all(|b| b.is_ascii_digit()));
            (is_word && is_id).then_some(id.is_some())
        });
        let whole = matches!(has_id, [Some(owner), Some(name)] if owner == name);
        // GitHub writes a colon within a name so.
        let bound = match of.split_once(':')? {
            ("environment", name) if !name.is_empty() => format!("environment:{}", name.replace(':', "%3A")),
            ("ref", name) if name.len() > "refs/".len() && name.starts_with("refs/") => format!("ref:{name}"),
            _ => return None,
        };
        // IAM would put something else where it finds ${...}.
        let plain = !given.contains(['*', '?', ',', '$']) && given.chars().all(|c| !c.is_control());
        (whole && plain).then(|| format!("repo:{repository}:{bound}"))
    }
);

setting!(
    /// The number of an AWS account: 12 digits.
    AccountId,
    "account ID",
    "12 digits",
    |given| (given.len() == 12 && given.bytes().all(|b| b.is_ascii_digit())).then(|| given.to_owned())
);

setting!(
    /// The id of an AWS organization: `o-` and 10 to 32 letters and digits (AWS Organizations API reference,
    /// "Organization").
    OrgId,
    "organization ID",
    "o- and 10 to 32 of a-z and 0-9",
    |given| {
        let id = given.strip_prefix("o-")?;
        let sound = (10..=32).contains(&id.len())
            && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        sound.then(|| given.to_owned())
    }
);

setting!(
    /// What a caller from another account must give to assume a role: 2 to 1224 characters (STS API reference,
    /// `AssumeRole`).
    ExternalId,
    "external ID",
    "2 to 1224 letters, digits and +=,.@:/_-",
    |given| {
        let sound = (2..=1224).contains(&given.len())
            && given.chars().all(|c| c.is_ascii_alphanumeric() || "+=,.@:/_-".contains(c));
        sound.then(|| given.to_owned())
    }
);

setting!(
    /// The ARN of a managed policy.
    PolicyArn,
    "policy",
    "the ARN of a managed policy, such as arn:aws:iam::123456789012:policy/boundary",
    |given| {
        let parts: Vec<&str> = given.splitn(6, ':').collect();
        let [arn, partition, service, region, account, resource] = parts.as_slice() else {
            return None;
        };
        let sound = *arn == "arn"
            && !partition.is_empty()
            && *service == "iam"
            && region.is_empty()
            && (*account == "aws" || account.parse::<AccountId>().is_ok())
            && resource.strip_prefix("policy/").is_some_and(|name| !name.is_empty());
        sound.then(|| given.to_owned())
    }
);

setting!(
    /// A KMS key: its ARN, not that of an alias, which may come to mean another.
    ///
    /// ```
    /// use discfg::model::KmsKeyArn;
    ///
    /// let arn = "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    /// assert!(arn.parse::<KmsKeyArn>().is_ok());
    /// assert!("alias/mine".parse::<KmsKeyArn>().is_err());
    /// ```
    KmsKeyArn,
    "KMS key",
    "the ARN of a key, such as arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
    |given| {
        let parts: Vec<&str> = given.split(':').collect();
        let ["arn", partition, "kms", region, account, resource] = parts.as_slice() else {
            return None;
        };
        let id = resource.strip_prefix("key/").unwrap_or_default();
        let sound = !partition.is_empty()
            && region.parse::<Region>().is_ok()
            && account.parse::<AccountId>().is_ok()
            && !id.is_empty()
            && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        sound.then(|| given.to_owned())
    }
);

impl KmsKeyArn {
    /// The number of its account.
    pub fn account(&self) -> &str {
        self.0.split(':').nth(4).unwrap_or_default()
    }

    /// Whether the key lies in that region.
    pub fn is_in(&self, region: &Region) -> bool {
        self.0
            .starts_with(&format!("arn:{}:kms:{region}:", region.partition()))
    }
}

/// How many days each change stays in the log: 1 to 36,500. Watching reads the log, so it can't be none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HistoryDays(u32);

impl HistoryDays {
    /// What a config has that says nothing else.
    pub const DEFAULT: Self = Self(30);

    /// The number of days.
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl FromStr for HistoryDays {
    type Err = SettingError;

    fn from_str(given: &str) -> Result<Self, Self::Err> {
        given
            .parse()
            .ok()
            .filter(|days| (1..=36_500).contains(days))
            .map(Self)
            .ok_or_else(|| SettingError {
                what: "number of days",
                given: given.into(),
                expected: "1 to 36500",
            })
    }
}

impl fmt::Display for HistoryDays {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How a table is paid for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Billing {
    /// Each request.
    OnDemand,
    /// Capacity that is there whether used or not.
    Provisioned {
        /// Read units a second.
        read: u32,
        /// Write units a second.
        write: u32,
    },
}

impl FromStr for Billing {
    type Err = SettingError;

    fn from_str(given: &str) -> Result<Self, Self::Err> {
        let units = |text: &str| text.parse::<u32>().ok().filter(|units| *units > 0);
        let parsed = if given == "on-demand" {
            Some(Self::OnDemand)
        } else {
            given
                .strip_prefix("provisioned:")
                .and_then(|rest| rest.split_once('/'))
                .and_then(|(read, write)| {
                    Some(Self::Provisioned {
                        read: units(read)?,
                        write: units(write)?,
                    })
                })
        };
        parsed.ok_or_else(|| SettingError {
            what: "billing mode",
            given: given.into(),
            expected: "on-demand, or provisioned:R/W with at least 1 unit each, such as provisioned:5/5",
        })
    }
}

impl fmt::Display for Billing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OnDemand => f.pad("on-demand"),
            Self::Provisioned { read, write } => write!(f, "provisioned:{read}/{write}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_github_job_is_bound_to_an_environment_or_a_ref() {
        let subject = |given: &str| given.parse::<GitHubSubject>().map(|s| s.to_string());
        assert_eq!(
            subject("acme@12/shop@34:ref:refs/heads/main").expect("ids are taken"),
            "repo:acme@12/shop@34:ref:refs/heads/main"
        );
        assert_eq!(
            subject("acme/shop:environment:eu:live").expect("a colon is written as GitHub does"),
            "repo:acme/shop:environment:eu%3Alive"
        );
        for bad in [
            "acme/shop",
            "acme/*:environment:x",
            "acme:environment:x",
            "acme/shop:ref:main",
            "acme/shop:environment:",
            "acme/shop:pull_request",
            "a/b:ref:refs/heads/*",
            "a/b:environment:${aws:username}",
            "acme@12/shop:environment:x",
            "acme/shop@34:environment:x",
            "acme@/shop@34:environment:x",
            "acme@x/shop@y:environment:x",
        ] {
            assert!(subject(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn billing_prints_as_it_is_parsed() {
        for text in ["on-demand", "provisioned:5/7"] {
            assert_eq!(text.parse::<Billing>().expect(text).to_string(), text);
        }
        for bad in [
            "",
            "provisioned",
            "provisioned:0/5",
            "provisioned:5",
            "provisioned:5/x",
        ] {
            assert!(bad.parse::<Billing>().is_err(), "{bad}");
        }
    }

    #[test]
    fn numbers_and_ids_keep_their_limits() {
        assert!("12345678901".parse::<AccountId>().is_err());
        assert!("123456789012".parse::<AccountId>().is_ok());
        assert!("0".parse::<HistoryDays>().is_err());
        assert!("36501".parse::<HistoryDays>().is_err());
        assert!("o-a1b2c3d4e5".parse::<OrgId>().is_ok());
        assert!("o-short".parse::<OrgId>().is_err());
        assert!("x".parse::<ExternalId>().is_err());
        assert!("arn:aws:iam::aws:policy/X".parse::<PolicyArn>().is_ok());
        assert!("arn:aws:iam::123456789012:role/X".parse::<PolicyArn>().is_err());
    }
}
