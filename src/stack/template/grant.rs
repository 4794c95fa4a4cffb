//! The stack of a grant: a role of a config that is scoped to some sections, with its policies.

use std::collections::{BTreeMap, BTreeSet};

use super::blueprint::{Blueprint, BlueprintParameter, Owner};
use crate::model::{
    Access, ConfigName, GitHubSubject, GrantName, GrantPrincipal, GrantScope, OidcIssuer, OidcTrust,
    PolicyArn, Section,
};
use crate::stack::error::StackError;

/// The template of a grant's stack, `infra/grant.yaml`, in ASCII as [`TEMPLATE`](crate::stack::TEMPLATE) is.
pub const GRANT_TEMPLATE: &str = include_str!("../../../infra/grant.yaml");

/// The parameters of the template, in its order, each with its name for people and whether it is a list.
pub const GRANT_PARAMETERS: [(&str, &str, bool); 15] = [
    (CONFIG, "config", false),
    (GRANT, "grant", false),
    (SECTIONS, "sections", true),
    (ACCESS, "access", false),
    (PRINCIPALS, "principals", true),
    (GITHUB, "GitHub jobs", true),
    (FIRST_OIDC, "OIDC subjects", false),
    (SECOND_OIDC, "OIDC subjects", false),
    (THIRD_OIDC, "OIDC subjects", false),
    (MAKES_PROVIDER, "create an OIDC provider", false),
    (PROVIDER_ISSUER, "issuer of the OIDC provider", false),
    (PROVIDER_AUDIENCES, "audiences of the OIDC provider", true),
    (BOUNDARY, "permissions boundary", false),
    (KEY, "KMS key of the config", false),
    (API_READS, "HTTP API resources", true),
];

const CONFIG: &str = "Config";
const GRANT: &str = "Grant";
pub(in crate::stack) const SECTIONS: &str = "Sections";
pub(in crate::stack) const ACCESS: &str = "Access";
pub(in crate::stack) const PRINCIPALS: &str = "Principals";
pub(in crate::stack) const GITHUB: &str = "GitHubSubjects";
const FIRST_OIDC: &str = "FirstOidc";
const SECOND_OIDC: &str = "SecondOidc";
const THIRD_OIDC: &str = "ThirdOidc";
/// The parameters of OIDC issuers other than GitHub, in the form of [`OidcTrust`].
pub(in crate::stack) const OIDC: [&str; OidcTrust::ISSUERS] = [FIRST_OIDC, SECOND_OIDC, THIRD_OIDC];
pub(in crate::stack) const MAKES_PROVIDER: &str = "CreateOidcProvider";
pub(in crate::stack) const PROVIDER_ISSUER: &str = "OidcProviderIssuer";
const PROVIDER_AUDIENCES: &str = "OidcProviderAudiences";
const BOUNDARY: &str = "PermissionsBoundary";
pub(in crate::stack) const KEY: &str = "KmsKeyArn";
pub(in crate::stack) const API_READS: &str = "ApiReads";

/// The outputs of the template, in its order.
pub const GRANT_OUTPUTS: [&str; 3] = ["DiscfgLayout", ROLE, POLICY];

pub(in crate::stack) const ROLE: &str = "RoleArn";
pub(in crate::stack) const POLICY: &str = "PolicyArn";

/// The resources of the template, in its order, each with its name for people.
pub const GRANT_RESOURCES: [(&str, &str); 5] = [
    ("OidcProvider", "OIDC provider"),
    ("Policy", "grant policy"),
    ("ApiReadPolicy", "API read policy"),
    ("ApiWritePolicy", "API write policy"),
    ("Role", "grant role"),
];

/// The size limit of a role's policy, in characters without white space (IAM and STS quotas, "Managed policy
/// length").
const POLICY_MAX: usize = 6144;
/// The size of a grant's policy without its section names, at most.
pub const POLICY_FRAME: usize = 1750;
/// The characters around an item of a list: quotes and a comma.
const QUOTED: usize = 3;

/// An OIDC provider to create.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewOidcProvider {
    /// The issuer of the tokens.
    pub issuer: OidcIssuer,
    /// The audiences, of which a token must have one.
    pub audiences: Vec<String>,
}

/// The desired state of a grant's stack. `None` keeps the stack's value, or the template's default for a new stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantSpec {
    /// The config.
    pub config: ConfigName,
    /// The grant's name.
    pub grant: GrantName,
    /// The sections, and whether the role can write them.
    pub scope: Option<GrantScope>,
    /// The roles and users that can assume the role.
    pub principals: Option<Vec<GrantPrincipal>>,
    /// The GitHub jobs that can assume the role.
    pub github: Option<Vec<GitHubSubject>>,
    /// The subjects of other OIDC issuers that can assume the role.
    pub oidc: Option<OidcTrust>,
    /// The OIDC provider that the stack creates.
    pub oidc_provider: Option<NewOidcProvider>,
    /// The permissions boundary of the role.
    pub permissions_boundary: Option<PolicyArn>,
    /// The ARN of the config's KMS key; empty if it has none.
    pub kms_key: Option<String>,
    /// The resources of the config's HTTP API that the role can read, as [`api_reads`](crate::stack::api_reads) returns
    /// them; empty if the role must not call the API.
    pub api_reads: Option<Vec<String>>,
    /// The stack's tags, which CloudFormation propagates to its resources.
    pub tags: Option<BTreeMap<String, String>>,
    /// The ARN of the role that CloudFormation assumes for the deployment.
    pub cfn_role: Option<String>,
}

impl GrantSpec {
    /// A grant without changes.
    pub fn new(config: ConfigName, grant: GrantName) -> Self {
        Self {
            config,
            grant,
            scope: None,
            principals: None,
            github: None,
            oidc: None,
            oidc_provider: None,
            permissions_boundary: None,
            kms_key: None,
            api_reads: None,
            tags: None,
            cfn_role: None,
        }
    }

    /// Checks that the section names fit into the role's policy. IAM's quota counts each name twice if the role writes.
    pub fn check_size(&self) -> Result<(), StackError> {
        let Some(scope) = &self.scope else {
            return Ok(());
        };
        let names: usize = scope
            .sections()
            .iter()
            .map(|section| section.as_str().len() + QUOTED)
            .sum();
        let times = match scope.access() {
            Access::Read => 1,
            Access::Write => 2,
        };
        let room = POLICY_MAX - POLICY_FRAME;
        if names * times > room {
            return Err(StackError::Crowded {
                stack: Blueprint::from(self).stack(),
                length: names * times,
                room,
            });
        }
        Ok(())
    }

    fn value(&self, parameter: &str) -> Option<String> {
        fn list<T: ToString>(items: &[T]) -> String {
            let items: BTreeSet<String> = items.iter().map(ToString::to_string).collect();
            items.into_iter().collect::<Vec<_>>().join(",")
        }
        match parameter {
            CONFIG => Some(self.config.to_string()),
            GRANT => Some(self.grant.to_string()),
            SECTIONS => self.scope.as_ref().map(|scope| {
                let sections: Vec<&Section> = scope.sections().iter().collect();
                list(&sections)
            }),
            ACCESS => self.scope.as_ref().map(|scope| scope.access().to_string()),
            PRINCIPALS => self.principals.as_deref().map(list),
            GITHUB => self.github.as_deref().map(list),
            FIRST_OIDC | SECOND_OIDC | THIRD_OIDC => self.oidc.as_ref().and_then(|oidc| {
                let mut each = OIDC.into_iter().zip(oidc.parameters());
                each.find(|(name, _)| *name == parameter).map(|(_, value)| value)
            }),
            MAKES_PROVIDER => self.oidc_provider.as_ref().map(|_| "true".into()),
            PROVIDER_ISSUER => self
                .oidc_provider
                .as_ref()
                .map(|provider| provider.issuer.as_str().to_owned()),
            PROVIDER_AUDIENCES => self
                .oidc_provider
                .as_ref()
                .map(|provider| list(&provider.audiences)),
            BOUNDARY => self.permissions_boundary.as_ref().map(ToString::to_string),
            KEY => self.kms_key.clone(),
            API_READS => self.api_reads.as_deref().map(list),
            _ => None,
        }
    }
}

impl From<&GrantSpec> for Blueprint {
    fn from(spec: &GrantSpec) -> Self {
        Self {
            owner: Owner::Grant(spec.config.clone(), spec.grant.clone()),
            template: GRANT_TEMPLATE,
            parameters: GRANT_PARAMETERS
                .map(|(name, words, is_list)| BlueprintParameter {
                    name,
                    words,
                    is_list,
                    value: spec.value(name),
                })
                .into(),
            tags: spec.tags.clone(),
            cfn_role: spec.cfn_role.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::template::blueprint::Parameters;

    fn spec(access: Access, sections: impl IntoIterator<Item = String>) -> GrantSpec {
        let (config, grant) = ("payments".parse(), "ci".parse());
        let sections: Vec<Section> = sections
            .into_iter()
            .map(|section| section.parse().expect("a section"))
            .collect();
        GrantSpec {
            scope: Some(GrantScope::new(access, sections).expect("a scope")),
            ..GrantSpec::new(config.expect("a config name"), grant.expect("a grant name"))
        }
    }

    #[test]
    fn what_is_given_becomes_parameters_and_the_rest_stays() {
        let spec = GrantSpec {
            principals: Some(vec![
                "arn:aws:iam::123456789012:user/b".parse().expect("a principal"),
                "arn:aws:iam::123456789012:role/a".parse().expect("a principal"),
            ]),
            ..spec(Access::Write, ["web", "@root", "db"].map(str::to_owned))
        };
        let deployed = BTreeMap::from([
            ("Config".to_owned(), "payments".to_owned()),
            ("Sections".to_owned(), "/web,/db,@root".to_owned()),
            ("Access".to_owned(), "read".to_owned()),
            ("GitHubSubjects".to_owned(), "repo:a/b:environment:c".to_owned()),
        ]);
        let blueprint = Blueprint::from(&spec);
        assert_eq!(blueprint.stack(), "discfg-payments--ci");
        let changes = Parameters::new(&blueprint, &deployed).changes;
        let changes: Vec<_> = changes.iter().map(|c| (c.name, c.after.as_str())).collect();
        assert_eq!(
            changes,
            [
                ("Grant", "ci"),
                ("Access", "write"),
                (
                    "Principals",
                    "arn:aws:iam::123456789012:role/a,arn:aws:iam::123456789012:user/b"
                ),
            ]
        );
    }

    #[test]
    fn more_names_than_a_policy_holds_are_refused_with_the_sum() {
        let names = |count| (0..count).map(|n| format!("section-{n:05}"));
        assert!(spec(Access::Read, names(200)).check_size().is_ok());
        let error = spec(Access::Write, names(200))
            .check_size()
            .expect_err("too many");
        let words = error.to_string();
        assert!(
            words.contains("6800 characters") && words.contains("the limit is 4394"),
            "{words}"
        );
    }
}
