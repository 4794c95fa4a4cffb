use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What a role of a config may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Access {
    /// Read every section.
    Read,
    /// Read and write every section.
    Write,
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Read => "read",
            Self::Write => "write",
        })
    }
}

/// Why a text is no access.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid access {0:?}: expected read or write")]
pub struct NoAccess(String);

impl FromStr for Access {
    type Err = NoAccess;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "read" => Ok(Self::Read),
            "write" => Ok(Self::Write),
            other => Err(NoAccess(other.into())),
        }
    }
}

/// The name of a grant: `[a-z][a-z0-9-]*`, without `--`, not ending in `-`, and none of `read`, `write`, `self`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GrantName(String);

/// Why a text is no grant name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GrantNameError {
    /// One of the words that name other identities.
    #[error("invalid grant name {0:?}: the name is reserved")]
    Reserved(String),
    /// The shape is wrong.
    #[error(
        "invalid grant name {0:?}: expected a letter a-z, then a-z, 0-9 and single dashes, at most 36 characters"
    )]
    Shape(String),
}

impl GrantName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for GrantName {
    type Err = GrantNameError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        if ["read", "write", "self"].contains(&name) {
            return Err(GrantNameError::Reserved(name.into()));
        }
        // A grant's name stands in the same places as a config's and keeps to the same shape.
        name.parse::<super::ConfigName>()
            .map_err(|_| GrantNameError::Shape(name.into()))?;
        Ok(Self(name.into()))
    }
}

impl fmt::Display for GrantName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// The identity that a command acts as: what `--as` takes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[non_exhaustive]
pub enum Role {
    /// The config's read or write role.
    Config(Access),
    /// The role of a grant.
    Grant(GrantName),
    /// The caller's own credentials, as they are.
    Caller,
}

/// Why a text names no identity.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid identity {given:?}: expected read, write, self or a grant name")]
pub struct RoleError {
    given: String,
    source: GrantNameError,
}

impl FromStr for Role {
    type Err = RoleError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "read" => Ok(Self::Config(Access::Read)),
            "write" => Ok(Self::Config(Access::Write)),
            "self" => Ok(Self::Caller),
            grant => grant.parse().map(Self::Grant).map_err(|source| RoleError {
                given: grant.into(),
                source,
            }),
        }
    }
}

impl TryFrom<String> for Role {
    type Error = RoleError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Role> for String {
    fn from(role: Role) -> Self {
        role.to_string()
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(access) => access.fmt(f),
            Self::Grant(grant) => grant.fmt(f),
            Self::Caller => f.pad("self"),
        }
    }
}
