use std::collections::BTreeMap;

use clap::Args;

use crate::cli::commands::init::{RoleArgs, oidc_trust};
use crate::cli::failure::Failure;
use crate::model::{Access, ConfigName, GrantName, GrantPrincipal, GrantScope, Section};
use crate::stack::GrantSpec;

/// What a grant covers, and who has it.
#[derive(Debug, Args)]
#[command(next_help_heading = "Grant options")]
pub(in crate::cli) struct CoverArgs {
    /// Section to read, such as db; repeatable
    ///
    /// A section is the first segment of a key: /db/url is in db. @root stands for the keys without a section, such as
    /// /name. Replaces the sections that the grant has.
    #[arg(long, value_name = "SECTION", conflicts_with = "write")]
    read: Vec<Section>,
    /// Section to read and write; repeatable
    ///
    /// Replaces the sections that the grant has.
    #[arg(long, value_name = "SECTION")]
    write: Vec<Section>,
    /// Allow this role or user; repeatable
    ///
    /// It must be in this account. * and ? match in its name. Replaces the principals that the grant has.
    #[arg(long = "principal", value_name = "ARN")]
    principals: Vec<GrantPrincipal>,
    /// Create the OIDC provider if there is none
    ///
    /// The provider is that of the issuer in --github or --oidc.
    #[arg(long)]
    create_oidc_provider: bool,
}

impl CoverArgs {
    pub(in crate::cli) fn is_empty(&self) -> bool {
        self.read.is_empty()
            && self.write.is_empty()
            && self.principals.is_empty()
            && !self.create_oidc_provider
    }

    /// Whether a missing OIDC provider is created.
    pub(in crate::cli) fn creates_oidc_provider(&self) -> bool {
        self.create_oidc_provider
    }

    /// What these flags say of a grant; what isn't given is left open.
    pub(in crate::cli) fn spec(
        self,
        config: ConfigName,
        grant: GrantName,
        role: RoleArgs,
    ) -> Result<GrantSpec, Failure> {
        fn given<T>(list: Vec<T>) -> Option<Vec<T>> {
            Some(list).filter(|list| !list.is_empty())
        }
        let scope = match (given(self.read), given(self.write)) {
            (None, None) => None,
            (Some(sections), _) => Some(GrantScope::new(Access::Read, sections)),
            (None, Some(sections)) => Some(GrantScope::new(Access::Write, sections)),
        };
        let scope = scope
            .transpose()
            .map_err(|error| Failure::usage(error.to_string()))?;
        Ok(GrantSpec {
            scope,
            principals: given(self.principals),
            github: given(role.github),
            oidc: oidc_trust(role.oidc)?,
            permissions_boundary: role.permissions_boundary,
            tags: given(role.tags).map(BTreeMap::from_iter),
            cfn_role: role.cfn_role,
            ..GrantSpec::new(config, grant)
        })
    }
}
