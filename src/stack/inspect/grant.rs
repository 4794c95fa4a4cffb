//! A grant, read from its stack.

use aws_sdk_cloudformation::Client;

use super::lookup::{self, Deployed};
use crate::model::{Access, ConfigName, GrantName, GrantScope, OidcIssuer, Section, TrustedSubject};
use crate::stack::error::StackError;
use crate::stack::policy::resolve::StackLocation;
use crate::stack::template::blueprint::Blueprint;
use crate::stack::template::config_template::Output;
use crate::stack::template::grant::{
    ACCESS, API_READS, GITHUB, GrantSpec, KEY, MAKES_PROVIDER, OIDC, POLICY, PRINCIPALS, PROVIDER_ISSUER,
    ROLE, SECTIONS,
};

/// A grant, read from its stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Its sections and access.
    pub scope: GrantScope,
    /// The ARNs of the roles and users that can assume its role, as patterns.
    pub principals: Vec<String>,
    /// The `sub` claims of the GitHub jobs that can assume its role.
    pub github: Vec<String>,
    /// The subjects of other OIDC issuers that can assume its role.
    pub oidc: Vec<TrustedSubject>,
    /// The ARN of its role; `None` until it is created.
    pub role: Option<String>,
    /// The ARN of its policy; `None` until it is created.
    pub policy: Option<String>,
    /// The issuer of the OIDC provider that the stack created, if any.
    pub makes_oidc_provider: Option<OidcIssuer>,
    /// The ARN of the config's KMS key, if the role can use one.
    pub kms_key: Option<String>,
    /// The ID of the HTTP API, if the role can call it.
    pub api: Option<String>,
}

impl Grant {
    /// Reads the grant of a stack. An error if its parameters aren't those of a grant.
    pub fn of(stack: &Deployed) -> Result<Self, StackError> {
        let text = |name: &str| stack.parameters.get(name).map_or("", String::as_str);
        let list = |name: &str| -> Vec<String> {
            let items = text(name).split(',').map(str::trim);
            items.filter(|item| !item.is_empty()).map(str::to_owned).collect()
        };
        let missing = |what| StackError::Incomplete {
            stack: stack.name.clone(),
            what,
        };
        let access = match text(ACCESS) {
            "read" => Access::Read,
            "write" => Access::Write,
            _ => return Err(missing(ACCESS)),
        };
        let sections = list(SECTIONS).iter().map(|section| section.parse()).collect();
        let sections: Result<Vec<Section>, _> = sections;
        let sections = sections.map_err(|_| missing(SECTIONS))?;
        Ok(Self {
            scope: GrantScope::new(access, sections).map_err(|_| missing(SECTIONS))?,
            principals: list(PRINCIPALS),
            github: list(GITHUB),
            oidc: OIDC
                .into_iter()
                .flat_map(|name| TrustedSubject::of_parameter(text(name)))
                .collect(),
            role: stack.outputs.get(ROLE).cloned(),
            policy: stack.outputs.get(POLICY).cloned(),
            makes_oidc_provider: (text(MAKES_PROVIDER) == "true").then(|| {
                // Stacks of older versions created GitHub's provider without naming an issuer.
                OidcIssuer::of_provider(text(PROVIDER_ISSUER)).unwrap_or_else(OidcIssuer::github)
            }),
            kms_key: list(KEY).pop(),
            api: list(API_READS)
                .first()
                .and_then(|arn| api_of(arn))
                .map(str::to_owned),
        })
    }
}

/// The resources of the HTTP API that a role of this scope can read, one ARN per section; empty if the stack has no
/// API.
pub fn api_reads(stack: &Deployed, config: &ConfigName, scope: &GrantScope) -> Vec<String> {
    let id = stack.outputs.get(Output::ApiId.name());
    let Some((id, place)) = id.zip(StackLocation::of(&stack.arn).ok()) else {
        return Vec::new();
    };
    let read = |section: &Section| format!("{}/GET/v1/{config}/{}/*", place.api(id), section.segment());
    scope.sections().iter().map(read).collect()
}

/// The API ID in the ARN of an API resource.
fn api_of(arn: &str) -> Option<&str> {
    arn.splitn(6, ':').nth(5)?.split('/').next()
}

/// The stack of a grant; `None` if it doesn't exist. One request; needs `cloudformation:DescribeStacks`.
pub async fn grant_status(
    cfn: &Client,
    config: &ConfigName,
    grant: &GrantName,
) -> Result<Option<Deployed>, StackError> {
    let spec = GrantSpec::new(config.clone(), grant.clone());
    lookup::describe(cfn, &Blueprint::from(&spec).stack()).await
}
