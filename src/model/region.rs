use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Access, ConfigName, GrantName};

/// An AWS region's code, such as `eu-central-1`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Region(String);

/// Why a text is no region.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid region {0:?}: expected a code such as eu-central-1")]
pub struct RegionError(String);

impl Region {
    /// The code as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The partition that the region lies in.
    pub fn partition(&self) -> Partition {
        let region = self.as_str();
        if region.starts_with("cn-") {
            Partition::China
        } else if region.starts_with("us-gov-") {
            Partition::UsGov
        } else if region.starts_with("eusc-") {
            Partition::EuSovereign
        } else {
            Partition::Commercial
        }
    }
}

impl FromStr for Region {
    type Err = RegionError;

    fn from_str(region: &str) -> Result<Self, Self::Err> {
        let sound = region.len() <= 25
            && region.contains('-')
            && region.split('-').all(|part| {
                !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
            });
        if sound {
            Ok(Self(region.into()))
        } else {
            Err(RegionError(region.into()))
        }
    }
}

impl TryFrom<String> for Region {
    type Error = RegionError;

    fn try_from(region: String) -> Result<Self, Self::Error> {
        region.parse()
    }
}

impl From<Region> for String {
    fn from(region: Region) -> Self {
        region.0
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// A part of AWS whose ARNs begin alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Partition {
    /// `aws`
    Commercial,
    /// `aws-cn`
    China,
    /// `aws-us-gov`
    UsGov,
    /// `aws-eusc`
    EuSovereign,
}

impl Partition {
    /// The word that stands in ARNs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Commercial => "aws",
            Self::China => "aws-cn",
            Self::UsGov => "aws-us-gov",
            Self::EuSovereign => "aws-eusc",
        }
    }
}

impl Partition {
    /// The domain of its services' hosts.
    pub fn domain(self) -> &'static str {
        match self {
            Self::Commercial | Self::UsGov => "amazonaws.com",
            Self::China => "amazonaws.com.cn",
            Self::EuSovereign => "amazonaws.eu",
        }
    }

    /// The domain of its services' hosts that IPv6 reaches, too.
    pub fn dual_stack_domain(self) -> &'static str {
        match self {
            Self::Commercial | Self::UsGov => "api.aws",
            Self::China => "api.amazonwebservices.com.cn",
            Self::EuSovereign => "api.amazonwebservices.eu",
        }
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The names that a config has on AWS in one region, each proved to fit its limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AwsNames {
    config: ConfigName,
    region: Region,
}

/// A role's name would be too long for IAM.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the role name {name} would have {length} characters; IAM allows {max}{room}", length = name.len(), max = AwsNames::ROLE_NAME_MAX, room = room(*left))]
pub struct AwsNamesError {
    name: String,
    /// How long the name of a grant may be here, if it is one that is too long.
    left: Option<usize>,
}

fn room(left: Option<usize>) -> String {
    left.map_or_else(String::new, |left| {
        format!(", which leaves {left} for the name of a grant of this config in this region")
    })
}

impl AwsNames {
    /// The longest role name, in characters (IAM and STS quotas, "Role name").
    pub const ROLE_NAME_MAX: usize = 64;
    /// The IAM path under which the roles of discfg live.
    pub const ROLE_PATH: &'static str = "/discfg/";

    /// Proves that the names of `config` fit in `region`. With a region of up to 14 characters they always do.
    pub fn new(config: &ConfigName, region: &Region) -> Result<Self, AwsNamesError> {
        let names = Self {
            config: config.clone(),
            region: region.clone(),
        };
        let longest = names.role(Access::Write);
        if longest.len() > Self::ROLE_NAME_MAX {
            return Err(AwsNamesError {
                name: longest,
                left: None,
            });
        }
        Ok(names)
    }

    /// The name of the read or the write role, without its path.
    pub fn role(&self, access: Access) -> String {
        format!("discfg-{}-{}-{access}", self.config, self.region)
    }

    /// The name of a grant's role, without its path.
    pub fn grant_role(&self, grant: &GrantName) -> Result<String, AwsNamesError> {
        let name = format!("discfg-{}--{grant}-{}", self.config, self.region);
        if name.len() > Self::ROLE_NAME_MAX {
            let others = name.len() - grant.as_str().len();
            Err(AwsNamesError {
                name,
                left: Some(Self::ROLE_NAME_MAX.saturating_sub(others)),
            })
        } else {
            Ok(name)
        }
    }

    /// The ARN of the role of that name in the account of that number.
    pub fn role_arn(&self, account: &str, role: &str) -> String {
        format!(
            "arn:{}:iam::{account}:role{}{role}",
            self.region.partition(),
            Self::ROLE_PATH
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_config_name_fits_in_the_regions_of_today() {
        let config: ConfigName = "a".repeat(36).parse().expect("a config name");
        let names = AwsNames::new(&config, &"ap-southeast-1".parse().expect("a region")).expect("fits");
        assert_eq!(names.role(Access::Write).len(), 64);
        assert!(AwsNames::new(&config, &"ap-southeast-10".parse().expect("a region")).is_err());
    }

    #[test]
    fn a_grant_name_that_is_too_long_is_told_how_much_room_there_is() {
        let config: ConfigName = "payments".parse().expect("a config name");
        let names = AwsNames::new(&config, &"eu-central-1".parse().expect("a region")).expect("fits");
        let grant = |length| "g".repeat(length).parse().expect("a grant name");
        assert_eq!(names.grant_role(&grant(34)).expect("fits").len(), 64);
        let error = names.grant_role(&grant(35)).expect_err("too long").to_string();
        assert!(
            error.contains("65 characters; IAM allows 64, which leaves 34 for the name"),
            "{error}"
        );
    }

    #[test]
    fn partitions_follow_the_region() {
        let of = |region: &str| region.parse::<Region>().expect("a region").partition().as_str();
        assert_eq!(of("eu-west-1"), "aws");
        assert_eq!(of("cn-north-1"), "aws-cn");
        assert_eq!(of("us-gov-west-1"), "aws-us-gov");
        assert_eq!(of("eusc-de-east-1"), "aws-eusc");
    }

    #[test]
    fn no_region_is_refused() {
        for bad in ["", "eu", "EU-west-1", "eu--1", "eu-west-1/x", "-", "eu-west-1 "] {
            assert!(bad.parse::<Region>().is_err(), "{bad:?}");
        }
    }
}
