use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_cloudformation::types;

use super::template::Parameter;
use crate::model::{
    AccountId, Billing, ConfigName, ExternalId, GitHubSubject, HistoryDays, OrgId, PolicyArn,
    PrincipalPattern,
};

/// What a config's stack is to be. What is `None` stays as the stack has it, or as the template says for a new one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackSpec {
    /// Whose stack.
    pub config: ConfigName,
    /// The principals that may assume the read role.
    pub readers: Option<Vec<PrincipalPattern>>,
    /// The principals that may assume the write role.
    pub writers: Option<Vec<PrincipalPattern>>,
    /// The GitHub jobs that may assume the read role.
    pub github: Option<Vec<GitHubSubject>>,
    /// Other accounts to trust, which takes `org_id` or `external_id` as well.
    pub account_ids: Option<Vec<AccountId>>,
    /// The organization that callers from other accounts must belong to.
    pub org_id: Option<OrgId>,
    /// What callers from other accounts must give.
    pub external_id: Option<ExternalId>,
    /// A policy that bounds both roles.
    pub permissions_boundary: Option<PolicyArn>,
    /// How the table is paid for.
    pub billing: Option<Billing>,
    /// How long changes stay in the log.
    pub history_days: Option<HistoryDays>,
    /// The stack's tags, which CloudFormation gives to its resources.
    pub tags: Option<BTreeMap<String, String>>,
    /// The ARN of the role that CloudFormation deploys with, instead of the caller.
    pub cfn_role: Option<String>,
}

impl StackSpec {
    /// A stack that is left as it is, or made as the template has it.
    pub fn new(config: ConfigName) -> Self {
        Self {
            config,
            readers: None,
            writers: None,
            github: None,
            account_ids: None,
            org_id: None,
            external_id: None,
            permissions_boundary: None,
            billing: None,
            history_days: None,
            tags: None,
            cfn_role: None,
        }
    }

    /// The parameters that this decides, with their values. Lists are sorted and without repetition, so that the
    /// same list always makes the same template.
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
        values
    }
}

fn list<T: ToString>(items: &[T]) -> String {
    let items: BTreeSet<String> = items.iter().map(ToString::to_string).collect();
    items.into_iter().collect::<Vec<_>>().join(",")
}

/// A parameter whose value a deployment sets or changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParameterChange {
    /// Which.
    pub parameter: Parameter,
    /// The value that the stack has; nothing if it has no such parameter yet.
    pub before: Option<String>,
    /// The value that it gets.
    pub after: String,
}

/// What becomes of the parameters of a stack whose parameters are `deployed`.
#[derive(Debug)]
pub(super) struct Parameters {
    /// Those that change.
    pub(super) changes: Vec<ParameterChange>,
    kept: Vec<Parameter>,
    after: BTreeMap<Parameter, String>,
}

impl Parameters {
    pub(super) fn new(spec: &StackSpec, deployed: &BTreeMap<String, String>) -> Self {
        let given = spec.parameters();
        let mut this = Self {
            changes: Vec::new(),
            kept: Vec::new(),
            after: BTreeMap::new(),
        };
        for parameter in Parameter::ALL {
            let before = deployed.get(parameter.name());
            let after = given.get(&parameter);
            if let Some(value) = after.or(before) {
                this.after.insert(parameter, value.clone());
            }
            match (before, after) {
                (Some(before), Some(after)) if !same(parameter, before, after) => {
                    this.changes.push(ParameterChange {
                        parameter,
                        before: Some(before.clone()),
                        after: after.clone(),
                    });
                }
                (Some(_), _) => this.kept.push(parameter),
                (None, Some(after)) => this.changes.push(ParameterChange {
                    parameter,
                    before: None,
                    after: after.clone(),
                }),
                // The stack's template is older than this one, or there is no stack: the default holds.
                (None, None) => {}
            }
        }
        this
    }

    /// Whether accounts would be trusted without a bound, which the template takes for not at all.
    pub(super) fn trusts_unbounded(&self) -> bool {
        let filled = |parameter| self.after.get(&parameter).is_some_and(|value| !value.is_empty());
        filled(Parameter::AccountIds) && !filled(Parameter::OrgId) && !filled(Parameter::ExternalId)
    }

    pub(super) fn to_sdk(&self) -> Vec<types::Parameter> {
        let changed = self.changes.iter().map(|change| {
            types::Parameter::builder()
                .parameter_key(change.parameter.name())
                .parameter_value(&change.after)
        });
        let kept = self.kept.iter().map(|parameter| {
            types::Parameter::builder()
                .parameter_key(parameter.name())
                .use_previous_value(true)
        });
        changed
            .chain(kept)
            .map(types::builders::ParameterBuilder::build)
            .collect()
    }
}

fn same(parameter: Parameter, before: &str, after: &str) -> bool {
    if parameter.is_list() {
        let items =
            |text: &str| -> BTreeSet<String> { text.split(',').map(|item| item.trim().to_owned()).collect() };
        items(before) == items(after)
    } else {
        before == after
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec() -> StackSpec {
        StackSpec::new("payments".parse().expect("a config name"))
    }

    #[test]
    fn what_is_not_given_keeps_what_the_stack_has() {
        let deployed = BTreeMap::from([
            ("Config".to_owned(), "payments".to_owned()),
            (
                "Readers".to_owned(),
                "arn:aws:iam::1:b, arn:aws:iam::1:a".to_owned(),
            ),
            ("HistoryDays".to_owned(), "30".to_owned()),
        ]);
        let spec = StackSpec {
            readers: Some(vec![
                "arn:aws:iam::1:a".parse().expect("a pattern"),
                "arn:aws:iam::1:b".parse().expect("a pattern"),
            ]),
            history_days: Some("7".parse().expect("days")),
            ..spec()
        };
        let parameters = Parameters::new(&spec, &deployed);
        assert_eq!(
            parameters.changes,
            [ParameterChange {
                parameter: Parameter::HistoryDays,
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
    fn accounts_alone_are_unbounded_whoever_gave_them() {
        let accounts = BTreeMap::from([("AccountIds".to_owned(), "123456789012".to_owned())]);
        assert!(Parameters::new(&spec(), &accounts).trusts_unbounded());
        let bound = StackSpec {
            external_id: Some("xy".parse().expect("an external id")),
            ..spec()
        };
        assert!(!Parameters::new(&bound, &accounts).trusts_unbounded());
    }
}
