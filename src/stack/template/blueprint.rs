use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_cloudformation::types;

use super::config_template::{Output, Parameter};
use crate::model::{AwsNames, ConfigName, GrantName, KmsKeyArn, Region, glob};
use crate::stack::error::StackError;

/// The desired state of a stack of any template, which [`plan`](crate::stack::plan) compares with the deployed one.
#[derive(Debug, Clone)]
pub struct Blueprint {
    pub(in crate::stack) owner: Owner,
    pub(in crate::stack) template: &'static str,
    /// Every parameter of the template, in its order.
    pub(in crate::stack) parameters: Vec<BlueprintParameter>,
    pub(in crate::stack) tags: Option<BTreeMap<String, String>>,
    /// The ARN of the role that CloudFormation assumes for the deployment.
    pub(in crate::stack) cfn_role: Option<String>,
}

/// The owner of a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// A config.
    Config(ConfigName),
    /// A grant on a config.
    Grant(ConfigName, GrantName),
    /// All configs of the account and region, for the code of their functions.
    Code,
}

impl Owner {
    /// The name of its stack.
    pub(in crate::stack) fn stack(&self) -> String {
        match self {
            Self::Config(config) => config.stack_name(),
            Self::Grant(config, grant) => format!("{}--{grant}", config.stack_name()),
            // No config has a name that begins with a hyphen.
            Self::Code => "discfg--code".into(),
        }
    }

    /// The output that identifies its stack.
    pub(in crate::stack) fn mark(&self) -> &'static str {
        match self {
            Self::Config(_) | Self::Grant(..) => Output::DiscfgLayout.name(),
            Self::Code => CODE_MARK,
        }
    }
}

/// The parameter and the output that identify the stack of the code bucket.
pub(in crate::stack) const CODE_MARK: &str = "DiscfgCode";

/// A parameter of the template, and its value if one is given.
#[derive(Debug, Clone)]
pub(in crate::stack) struct BlueprintParameter {
    pub(in crate::stack) name: &'static str,
    /// Its name for people.
    pub(in crate::stack) words: &'static str,
    /// Whether the value is a comma-separated list in any order.
    pub(in crate::stack) is_list: bool,
    pub(in crate::stack) value: Option<String>,
}

impl Blueprint {
    /// The stack's name.
    pub fn stack(&self) -> String {
        self.owner.stack()
    }

    /// Sets a parameter to this value.
    pub(in crate::stack) fn set(&mut self, parameter: Parameter, value: &str) {
        for given in &mut self.parameters {
            if given.name == parameter.name() {
                given.value = Some(value.to_owned());
            }
        }
    }

    /// Keeps the stack's value of a parameter.
    pub(in crate::stack) fn keep(&mut self, parameter: Parameter) {
        for given in &mut self.parameters {
            if given.name == parameter.name() {
                given.value = None;
            }
        }
    }

    /// The parameters with a value, in the order of the template.
    pub fn given(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.parameters
            .iter()
            .filter_map(|given| Some((given.name, given.value.as_deref()?)))
    }

    /// Whether it sets anything that is not a parameter: tags, or the role that CloudFormation assumes.
    pub fn is_told_beside(&self) -> bool {
        self.tags.is_some() || self.cfn_role.is_some()
    }

    /// Checks the length of its role names, the region of its KMS key, and the partition of its principals.
    pub(in crate::stack) fn check_place(&self, region: &Region) -> Result<(), StackError> {
        self.check_names(region)?;
        self.check_partition(region)?;
        let mut given = self.given();
        let key = given.find(|(name, _)| *name == Parameter::KmsKeyArn.name());
        let key = key.and_then(|(_, key)| key.parse::<KmsKeyArn>().ok());
        match key {
            Some(key) if !key.is_in(region) => Err(StackError::KeyElsewhere {
                key,
                region: region.clone(),
            }),
            _ => Ok(()),
        }
    }

    fn check_partition(&self, region: &Region) -> Result<(), StackError> {
        let partition = region.partition();
        let named = [
            Parameter::Readers,
            Parameter::Writers,
            Parameter::PermissionsBoundary,
        ]
        .map(Parameter::name);
        let given = self.given().filter(|(name, _)| named.contains(name));
        let mut arns = given
            .flat_map(|(_, arns)| arns.split(','))
            .chain(self.cfn_role.as_deref());
        let elsewhere = arns.find(|arn| {
            let given = arn.split(':').nth(1);
            given.is_some_and(|given| !glob(given.as_bytes(), partition.as_str().as_bytes()))
        });
        match elsewhere {
            None => Ok(()),
            Some(arn) => Err(StackError::ArnElsewhere {
                arn: arn.to_owned(),
                region: region.clone(),
            }),
        }
    }

    fn check_names(&self, region: &Region) -> Result<(), StackError> {
        match &self.owner {
            Owner::Config(config) => AwsNames::new(config, region).map(drop),
            Owner::Grant(config, grant) => {
                AwsNames::new(config, region).and_then(|names| names.grant_role(grant).map(drop))
            }
            Owner::Code => Ok(()),
        }
        .map_err(StackError::Name)
    }
}

/// A parameter that a deployment sets or changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParameterChange {
    /// Its name in the template.
    pub name: &'static str,
    /// Its name for people.
    pub words: &'static str,
    /// The stack's value; `None` if it has no such parameter yet.
    pub before: Option<String>,
    /// The new value.
    pub after: String,
}

/// The parameters of a deployment, compared with those of the deployed stack.
#[derive(Debug)]
pub(in crate::stack) struct Parameters {
    /// Those that change.
    pub(in crate::stack) changes: Vec<ParameterChange>,
    kept: Vec<&'static str>,
    after: BTreeMap<&'static str, String>,
}

impl Parameters {
    pub(in crate::stack) fn new(blueprint: &Blueprint, deployed: &BTreeMap<String, String>) -> Self {
        let mut this = Self {
            changes: Vec::new(),
            kept: Vec::new(),
            after: BTreeMap::new(),
        };
        for given in &blueprint.parameters {
            let before = deployed.get(given.name);
            let after = given.value.as_ref();
            if let Some(value) = after.or(before) {
                this.after.insert(given.name, value.clone());
            }
            let change = |after: &String| ParameterChange {
                name: given.name,
                words: given.words,
                before: before.cloned(),
                after: after.clone(),
            };
            match (before, after) {
                (Some(before), Some(after)) if !given.is_same(before, after) => {
                    this.changes.push(change(after));
                }
                (Some(_), _) => this.kept.push(given.name),
                (None, Some(after)) if !after.is_empty() => this.changes.push(change(after)),
                // The stack's template is older, or there is no stack: the default applies, which is empty for texts.
                (None, _) => {}
            }
        }
        this
    }

    /// The parameters with a given value or one of the stack; the others keep their defaults.
    pub(in crate::stack) fn after(&self) -> BTreeMap<String, String> {
        let after = self.after.iter();
        after
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect()
    }

    /// Whether accounts would be trusted without an organization or external ID, which the template ignores.
    pub(in crate::stack) fn trusts_unbounded(&self) -> bool {
        let filled = |name| self.after.get(name).is_some_and(|value| !value.is_empty());
        filled("AccountIds") && !filled("OrgId") && !filled("ExternalId")
    }

    /// The stack's KMS key, if it would be replaced, which would make its secrets unreadable.
    pub(in crate::stack) fn replaced_key(&self) -> Option<&str> {
        let change_of = |parameter: Parameter| {
            let mut changes = self.changes.iter();
            changes.find(move |change| change.name == parameter.name())
        };
        let filled = |key: &&str| !key.is_empty();
        if let Some(change) = change_of(Parameter::KmsKeyArn) {
            return change.before.as_deref().filter(filled);
        }
        change_of(Parameter::MakeKmsKey)?;
        let kept = self.after.get(Parameter::KmsKeyArn.name())?;
        Some(kept.as_str()).filter(filled)
    }

    pub(in crate::stack) fn to_sdk(&self) -> Vec<types::Parameter> {
        let changed = self.changes.iter().map(|change| {
            types::Parameter::builder()
                .parameter_key(change.name)
                .parameter_value(&change.after)
        });
        let kept = self.kept.iter().map(|name| {
            types::Parameter::builder()
                .parameter_key(*name)
                .use_previous_value(true)
        });
        changed
            .chain(kept)
            .map(types::builders::ParameterBuilder::build)
            .collect()
    }
}

impl BlueprintParameter {
    fn is_same(&self, before: &str, after: &str) -> bool {
        if self.is_list {
            let items = |text: &str| -> BTreeSet<String> {
                text.split(',').map(|item| item.trim().to_owned()).collect()
            };
            items(before) == items(after)
        } else {
            before == after
        }
    }
}
