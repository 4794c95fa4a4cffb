use std::collections::{BTreeMap, BTreeSet};

use super::blueprint::{Blueprint, BlueprintParameter, Owner};
use super::config_template::{Parameter, TEMPLATE};
use crate::model::{
    AccountId, Billing, ConfigName, ExternalId, GitHubSubject, HistoryDays, KmsKeyArn, OidcTrust, OrgId,
    PolicyArn, PrincipalPattern,
};

/// The desired state of a config's stack. `None` keeps the stack's value, or the template's default for a new stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackSpec {
    /// The config.
    pub config: ConfigName,
    /// The principals that can assume the read role.
    pub readers: Option<Vec<PrincipalPattern>>,
    /// The principals that can assume the write role.
    pub writers: Option<Vec<PrincipalPattern>>,
    /// The GitHub jobs that can assume the read role.
    pub github: Option<Vec<GitHubSubject>>,
    /// The subjects of other OIDC issuers that can assume the read role.
    pub oidc: Option<OidcTrust>,
    /// Other accounts to trust; requires `org_id` or `external_id`.
    pub account_ids: Option<Vec<AccountId>>,
    /// The organization that callers from other accounts must belong to.
    pub org_id: Option<OrgId>,
    /// The external ID that callers from other accounts must give.
    pub external_id: Option<ExternalId>,
    /// The permissions boundary of both roles.
    pub permissions_boundary: Option<PolicyArn>,
    /// The billing mode of the table.
    pub billing: Option<Billing>,
    /// How long changes stay in the log.
    pub history_days: Option<HistoryDays>,
    /// The KMS key that encrypts the table and its secrets. The key of a stack can't be changed.
    pub key: Option<TableKey>,
    /// The HTTP API.
    pub api: ApiSpec,
    /// The stack's tags, which CloudFormation propagates to its resources.
    pub tags: Option<BTreeMap<String, String>>,
    /// The ARN of the role that CloudFormation assumes for the deployment.
    pub cfn_role: Option<String>,
}

/// The desired state of a config's HTTP API. `None` keeps the stack's value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ApiSpec {
    /// Whether the stack has one. Creating it requires `code`.
    pub made: Option<bool>,
    /// The code of its function.
    pub code: Option<CodeObject>,
    /// The reserved executions of its function, from 0 to 10,000; 0 disables requests that wait for a change.
    pub waits: Option<u32>,
    /// The rate limit of API Gateway in requests per second, from 1.
    pub rate: Option<u32>,
    /// The burst limit of API Gateway in requests, from 1.
    pub burst: Option<u32>,
}

/// The location of a function's code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeObject {
    /// The bucket.
    pub bucket: String,
    /// The key of the zip file in it.
    pub key: String,
    /// The version of the object under that key.
    pub version: String,
    /// What the code is built for, as Lambda names it: `x86_64` or `arm64`.
    pub architecture: String,
}

/// A KMS key that encrypts a table and its secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TableKey {
    /// A key that the stack creates.
    Made,
    /// An existing key of the account.
    Given(KmsKeyArn),
}

impl StackSpec {
    /// A stack without changes, or with the defaults of the template if it is new.
    pub fn new(config: ConfigName) -> Self {
        Self {
            config,
            readers: None,
            writers: None,
            github: None,
            oidc: None,
            account_ids: None,
            org_id: None,
            external_id: None,
            permissions_boundary: None,
            billing: None,
            history_days: None,
            key: None,
            api: ApiSpec::default(),
            tags: None,
            cfn_role: None,
        }
    }

    /// The parameters that this sets, with their values. Lists are sorted and deduplicated, so that equal lists give
    /// equal parameters.
    pub fn parameters(&self) -> BTreeMap<Parameter, String> {
        let mut values = BTreeMap::from([(Parameter::Config, self.config.to_string())]);
        let mut set = |parameter, value: Option<String>| {
            if let Some(value) = value {
                values.insert(parameter, value);
            }
        };
        set(Parameter::Readers, self.readers.as_deref().map(list));
        set(Parameter::Writers, self.writers.as_deref().map(list));
        set(Parameter::GitHubSubjects, self.github.as_deref().map(list));
        for (parameter, value) in Parameter::OIDC
            .into_iter()
            .zip(self.oidc.iter().flat_map(OidcTrust::parameters))
        {
            set(parameter, Some(value));
        }
        set(Parameter::AccountIds, self.account_ids.as_deref().map(list));
        set(Parameter::OrgId, self.org_id.as_ref().map(ToString::to_string));
        set(
            Parameter::ExternalId,
            self.external_id.as_ref().map(ToString::to_string),
        );
        set(
            Parameter::PermissionsBoundary,
            self.permissions_boundary.as_ref().map(ToString::to_string),
        );
        match self.billing {
            None => {}
            Some(Billing::OnDemand) => set(Parameter::BillingMode, Some("PAY_PER_REQUEST".into())),
            Some(Billing::Provisioned { read, write }) => {
                set(Parameter::BillingMode, Some("PROVISIONED".into()));
                set(Parameter::ReadCapacity, Some(read.to_string()));
                set(Parameter::WriteCapacity, Some(write.to_string()));
            }
        }
        set(
            Parameter::HistoryDays,
            self.history_days.map(|days| days.to_string()),
        );
        match &self.key {
            None => {}
            Some(TableKey::Made) => set(Parameter::MakeKmsKey, Some("true".into())),
            Some(TableKey::Given(arn)) => set(Parameter::KmsKeyArn, Some(arn.to_string())),
        }
        let api = &self.api;
        set(Parameter::MakeApi, api.made.map(|made| made.to_string()));
        if let Some(code) = &api.code {
            set(Parameter::CodeBucket, Some(code.bucket.clone()));
            set(Parameter::CodeKey, Some(code.key.clone()));
            set(Parameter::CodeVersion, Some(code.version.clone()));
            set(Parameter::CodeArchitecture, Some(code.architecture.clone()));
        }
        set(Parameter::ApiWaits, api.waits.map(|waits| waits.to_string()));
        set(Parameter::ApiRate, api.rate.map(|rate| rate.to_string()));
        set(Parameter::ApiBurst, api.burst.map(|burst| burst.to_string()));
        values
    }
}

fn list<T: ToString>(items: &[T]) -> String {
    let items: BTreeSet<String> = items.iter().map(ToString::to_string).collect();
    items.into_iter().collect::<Vec<_>>().join(",")
}

impl From<&StackSpec> for Blueprint {
    fn from(spec: &StackSpec) -> Self {
        let mut values = spec.parameters();
        Self {
            owner: Owner::Config(spec.config.clone()),
            template: TEMPLATE,
            parameters: Parameter::ALL
                .map(|parameter| BlueprintParameter {
                    name: parameter.name(),
                    words: parameter.words(),
                    is_list: parameter.is_list(),
                    value: values.remove(&parameter),
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
    use crate::stack::template::blueprint::{ParameterChange, Parameters};

    fn spec() -> StackSpec {
        StackSpec::new("payments".parse().expect("a config name"))
    }

    #[test]
    fn what_is_not_given_keeps_what_the_stack_has() {
        let deployed = BTreeMap::from([
            ("Config".to_owned(), "payments".to_owned()),
            (
                "Readers".to_owned(),
                "arn:aws:iam::123456789012:role/b, arn:aws:iam::123456789012:role/a".to_owned(),
            ),
            ("HistoryDays".to_owned(), "30".to_owned()),
        ]);
        let spec = StackSpec {
            readers: Some(vec![
                "arn:aws:iam::123456789012:role/a".parse().expect("a pattern"),
                "arn:aws:iam::123456789012:role/b".parse().expect("a pattern"),
            ]),
            history_days: Some("7".parse().expect("days")),
            ..spec()
        };
        let parameters = Parameters::new(&Blueprint::from(&spec), &deployed);
        assert_eq!(
            parameters.changes,
            [ParameterChange {
                name: "HistoryDays",
                words: "days of history",
                before: Some("30".into()),
                after: "7".into()
            }]
        );
        let previous: Vec<_> = parameters
            .to_sdk()
            .into_iter()
            .filter(|parameter| parameter.use_previous_value() == Some(true))
            .filter_map(|parameter| parameter.parameter_key)
            .collect();
        assert_eq!(previous, ["Config", "Readers"]);
    }

    #[test]
    fn a_key_that_secrets_were_encrypted_with_is_not_given_up() {
        let arn = |id: &str| format!("arn:aws:kms:eu-central-1:123456789012:key/{id}");
        let given = |id: &str| TableKey::Given(arn(id).parse().expect("an ARN"));
        let replaced = |deployed: &[(&str, &str)], key: Option<TableKey>| {
            let deployed = deployed.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
            let spec = StackSpec { key, ..spec() };
            Parameters::new(&Blueprint::from(&spec), &deployed.collect())
                .replaced_key()
                .map(str::to_owned)
        };
        let (one, none) = (arn("one"), None);
        let has_one = [("KmsKeyArn", one.as_str()), ("MakeKmsKey", "false")];
        assert_eq!(replaced(&has_one, Some(given("two"))), Some(one.clone()));
        assert_eq!(replaced(&has_one, Some(TableKey::Made)), Some(one.clone()));
        assert_eq!(replaced(&has_one, Some(given("one"))), none);
        assert_eq!(replaced(&has_one, None), none);
        // The roles can still decrypt with the key that was created.
        let made = [("KmsKeyArn", ""), ("MakeKmsKey", "true")];
        assert_eq!(replaced(&made, Some(given("one"))), none);
        assert_eq!(replaced(&[], Some(TableKey::Made)), none);
    }

    #[test]
    fn a_key_of_another_region_is_named_with_both() {
        for (arn, said) in [
            ("arn:aws:kms:eu-west-1:123456789012:key/a", "eu-west-1"),
            ("arn:aws-cn:kms:eu-central-1:123456789012:key/a", "aws-cn"),
        ] {
            let key = Some(TableKey::Given(arn.parse().expect("an ARN")));
            let blueprint = Blueprint::from(&StackSpec { key, ..spec() });
            let here = "eu-central-1".parse().expect("a region");
            let error = blueprint
                .check_place(&here)
                .expect_err("it is elsewhere")
                .to_string();
            assert!(
                error.contains(said) && error.contains("eu-central-1 (partition aws)"),
                "{error}"
            );
        }
    }

    #[test]
    fn who_is_of_another_partition_is_named() {
        let there = "arn:aws-cn:iam::123456789012:role/app";
        let patterns = |arns: &[&str]| {
            let parsed = arns.iter().map(|arn| arn.parse().expect("a pattern"));
            Some(parsed.collect())
        };
        let here = "arn:aws:iam::123456789012:role/app";
        let check = |spec: StackSpec| {
            let region = "eu-central-1".parse().expect("a region");
            Blueprint::from(&spec).check_place(&region)
        };
        let policy = "arn:aws-cn:iam::123456789012:policy/bound";
        for (spec, named) in [
            (
                StackSpec {
                    readers: patterns(&[here, there]),
                    ..spec()
                },
                there,
            ),
            (
                StackSpec {
                    writers: patterns(&[there]),
                    ..spec()
                },
                there,
            ),
            (
                StackSpec {
                    permissions_boundary: Some(policy.parse().expect("a policy")),
                    ..spec()
                },
                policy,
            ),
            (
                StackSpec {
                    cfn_role: Some(there.into()),
                    ..spec()
                },
                there,
            ),
        ] {
            let error = check(spec).expect_err(named).to_string();
            assert_eq!(
                error,
                format!("{named} is in another partition than eu-central-1 (partition aws)")
            );
        }
        let anyone = patterns(&[here, "arn:*:*:*:*:*"]);
        check(StackSpec {
            readers: anyone,
            ..spec()
        })
        .expect("it is here");
    }

    #[test]
    fn accounts_alone_are_unbounded_whoever_gave_them() {
        let accounts = BTreeMap::from([("AccountIds".to_owned(), "123456789012".to_owned())]);
        assert!(Parameters::new(&Blueprint::from(&spec()), &accounts).trusts_unbounded());
        let bound = StackSpec {
            external_id: Some("xy".parse().expect("an external id")),
            ..spec()
        };
        assert!(!Parameters::new(&Blueprint::from(&bound), &accounts).trusts_unbounded());
    }
}
