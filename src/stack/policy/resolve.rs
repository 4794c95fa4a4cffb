//! The resources of a template as CloudFormation would create them from these parameters.
//!
//! `DescribeChangeSet` with `IncludePropertyValues` is no substitute: it returns the context of the resources that
//! change, while comparing access and calculating the price need all of them, before and after, and a plan without
//! changes has no change set. The templates are discfg's, so that they use few functions; anything unknown is
//! `Unclear`, never a guess.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use saphyr::{LoadableYamlNode as _, Scalar, Yaml};
use serde_json::{Map, Value};

/// Why something can't be determined from a template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(in crate::stack) struct Unclear(String);

/// The values of the pseudo parameters, taken from a stack's ARN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::stack) struct StackLocation {
    partition: String,
    region: String,
    account: String,
    stack: String,
    stack_arn: String,
}

impl StackLocation {
    /// The location of the stack with this ARN.
    pub(in crate::stack) fn of(stack_arn: &str) -> Result<Self, Unclear> {
        let parts: Vec<&str> = stack_arn.splitn(6, ':').collect();
        let [_, partition, _, region, account, resource] = parts.as_slice() else {
            return Err(Unclear(format!("invalid stack ARN {stack_arn}")));
        };
        Ok(Self {
            partition: (*partition).to_owned(),
            region: (*region).to_owned(),
            account: (*account).to_owned(),
            stack: resource.split('/').nth(1).unwrap_or_default().to_owned(),
            stack_arn: stack_arn.to_owned(),
        })
    }

    /// The ARN of the stage of an HTTP API there: the prefix of the ARNs of its methods and paths.
    pub(in crate::stack) fn api(&self, id: &str) -> String {
        let Self {
            partition,
            region,
            account,
            ..
        } = self;
        format!("arn:{partition}:execute-api:{region}:{account}:{id}/$default")
    }
}

/// A resource with its properties as deployed. A value that another resource has only after its creation is a
/// placeholder, such as `${Table.Arn}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::stack) struct Resource {
    pub(in crate::stack) kind: String,
    pub(in crate::stack) properties: BTreeMap<String, Result<Value, Unclear>>,
}

/// The resources that a template creates with these parameters, by logical id. Those whose condition is false are
/// omitted; missing parameters have their defaults.
pub(in crate::stack) fn resources(
    template: &str,
    parameters: &BTreeMap<String, String>,
    place: &StackLocation,
) -> Result<BTreeMap<String, Resource>, Unclear> {
    let template = parse(template)?;
    let resolver = Resolver {
        template: &template,
        parameters,
        place,
        asked: RefCell::default(),
    };
    let made = template.get("Resources").and_then(Value::as_object);
    let made = made.ok_or_else(|| Unclear("the template has no resources".into()))?;
    Ok(made
        .iter()
        .filter_map(|(id, resource)| Some((id.clone(), resolver.resource(resource)?)))
        .collect())
}

fn parse(template: &str) -> Result<Value, Unclear> {
    let documents = Yaml::load_from_str(template)
        .map_err(|error| Unclear(format!("the template is not valid YAML ({error})")))?;
    documents
        .first()
        .map_or_else(|| Err(Unclear("the template is empty".into())), to_json)
}

/// Expands the short forms of intrinsic functions.
fn to_json(yaml: &Yaml<'_>) -> Result<Value, Unclear> {
    Ok(match yaml {
        Yaml::Value(Scalar::Null) => Value::Null,
        Yaml::Value(Scalar::Boolean(value)) => Value::from(*value),
        Yaml::Value(Scalar::Integer(value)) => Value::from(*value),
        Yaml::Value(Scalar::FloatingPoint(value)) => Value::from(value.into_inner()),
        Yaml::Value(Scalar::String(value)) => Value::from(value.as_ref()),
        Yaml::Sequence(items) => Value::Array(items.iter().map(to_json).collect::<Result<_, _>>()?),
        Yaml::Mapping(entries) => {
            let mut object = Map::new();
            for (key, value) in entries {
                object.insert(plain(&to_json(key)?)?, to_json(value)?);
            }
            Value::Object(object)
        }
        Yaml::Tagged(tag, value) if tag.handle == "!" => {
            let name = match tag.suffix.as_str() {
                "Ref" | "Condition" => tag.suffix.clone(),
                other => format!("Fn::{other}"),
            };
            Value::Object(Map::from_iter([(name, to_json(value)?)]))
        }
        _ => {
            return Err(Unclear(
                "the template has YAML that CloudFormation has no use for".into(),
            ));
        }
    })
}

/// The text of a scalar, as CloudFormation compares and joins it.
fn plain(value: &Value) -> Result<String, Unclear> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Bool(flag) => Ok(flag.to_string()),
        Value::Number(number) => Ok(number.to_string()),
        _ => Err(Unclear("expected a string".into())),
    }
}

struct Resolver<'t> {
    template: &'t Value,
    parameters: &'t BTreeMap<String, String>,
    place: &'t StackLocation,
    /// The conditions under evaluation, to detect cycles.
    asked: RefCell<BTreeSet<String>>,
}

impl Resolver<'_> {
    fn resource(&self, resource: &Value) -> Option<Resource> {
        let made = resource
            .get("Condition")
            .map_or(Ok(true), |name| self.named(name));
        if made == Ok(false) {
            return None;
        }
        let properties = resource.get("Properties").and_then(Value::as_object);
        let resolve = |(name, value): (&String, &Value)| {
            let value = match &made {
                Err(unclear) => Some(Err(unclear.clone())),
                Ok(_) => self.value(value).transpose(),
            };
            Some((name.clone(), value?))
        };
        Some(Resource {
            kind: resource
                .get("Type")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned(),
            properties: properties.into_iter().flatten().filter_map(resolve).collect(),
        })
    }

    /// The value, or `None` for `AWS::NoValue`.
    fn value(&self, value: &Value) -> Result<Option<Value>, Unclear> {
        Ok(Some(match value {
            Value::Array(items) => Value::Array(self.list(items)?),
            Value::Object(object) => {
                if let Some((name, argument)) = intrinsic(object) {
                    return self.call(name, argument);
                }
                let mut resolved = Map::new();
                for (name, value) in object {
                    if let Some(value) = self.value(value)? {
                        resolved.insert(name.clone(), value);
                    }
                }
                Value::Object(resolved)
            }
            scalar => scalar.clone(),
        }))
    }

    fn list(&self, items: &[Value]) -> Result<Vec<Value>, Unclear> {
        items
            .iter()
            .filter_map(|item| self.value(item).transpose())
            .collect()
    }

    fn call(&self, name: &str, argument: &Value) -> Result<Option<Value>, Unclear> {
        let wrong = || Unclear(format!("invalid arguments of {name}"));
        let pair = || match argument.as_array().map(Vec::as_slice) {
            Some([one, two]) => Ok((one, two)),
            _ => Err(wrong()),
        };
        match name {
            "Ref" => self.reference(argument.as_str().ok_or_else(wrong)?),
            "Fn::If" => match argument.as_array().map(Vec::as_slice) {
                Some([condition, then, otherwise]) => {
                    self.value(if self.named(condition)? { then } else { otherwise })
                }
                _ => Err(wrong()),
            },
            "Fn::Sub" => self.substitute(argument).map(|text| Some(text.into())),
            "Fn::GetAtt" => Ok(Some(match argument {
                Value::String(path) => format!("${{{path}}}").into(),
                Value::Array(path) => {
                    let path: Vec<String> = path.iter().map(plain).collect::<Result<_, _>>()?;
                    format!("${{{}}}", path.join(".")).into()
                }
                _ => return Err(wrong()),
            })),
            "Fn::Join" => {
                let (between, items) = pair()?;
                let items = self.array(items)?;
                let items: Vec<String> = items.iter().map(plain).collect::<Result<_, _>>()?;
                Ok(Some(items.join(&plain(between)?).into()))
            }
            "Fn::Split" => {
                let (between, text) = pair()?;
                let text = self.text(text)?;
                Ok(Some(
                    text.split(plain(between)?.as_str()).map(Value::from).collect(),
                ))
            }
            "Fn::Select" => {
                let (index, items) = pair()?;
                let index: usize = self.text(index)?.parse().map_err(|_| wrong())?;
                self.array(items)?.get(index).cloned().map(Some).ok_or_else(wrong)
            }
            other => Err(Unclear(format!(
                "{other} is only known when the stack is deployed"
            ))),
        }
    }

    fn text(&self, value: &Value) -> Result<String, Unclear> {
        plain(&self.value(value)?.unwrap_or_default())
    }

    fn array(&self, value: &Value) -> Result<Vec<Value>, Unclear> {
        match self.value(value)? {
            Some(Value::Array(items)) => Ok(items),
            _ => Err(Unclear("expected a list".into())),
        }
    }

    fn reference(&self, name: &str) -> Result<Option<Value>, Unclear> {
        let text: &str = match name {
            "AWS::NoValue" => return Ok(None),
            "AWS::Partition" => &self.place.partition,
            "AWS::Region" => &self.place.region,
            "AWS::AccountId" => &self.place.account,
            // What services' names end with (AWS General Reference, "Service endpoints").
            "AWS::URLSuffix" => match self.place.partition.as_str() {
                "aws-cn" => "amazonaws.com.cn",
                "aws-eusc" => "amazonaws.eu",
                "aws" | "aws-us-gov" => "amazonaws.com",
                other => return Err(Unclear(format!("unknown domain of the partition {other}"))),
            },
            "AWS::StackName" => &self.place.stack,
            "AWS::StackId" => &self.place.stack_arn,
            other => return self.parameter(other).map(Some),
        };
        Ok(Some(text.into()))
    }

    fn parameter(&self, name: &str) -> Result<Value, Unclear> {
        let Some(declared) = self.template.get("Parameters").and_then(|all| all.get(name)) else {
            let is_resource = self
                .template
                .get("Resources")
                .is_some_and(|all| all.get(name).is_some());
            return is_resource
                .then(|| format!("${{{name}}}").into())
                .ok_or_else(|| Unclear(format!("{name:?} is neither a parameter nor a resource")));
        };
        let kind = declared.get("Type").and_then(Value::as_str).unwrap_or_default();
        if kind.starts_with("AWS::SSM::") {
            return Err(Unclear(format!(
                "the value of the parameter {name:?} is only known when the stack is deployed"
            )));
        }
        let value = match (self.parameters.get(name), declared.get("Default")) {
            (Some(given), _) => given.clone(),
            (None, Some(default)) => plain(default)?,
            (None, None) => return Err(Unclear(format!("the parameter {name:?} has no value"))),
        };
        Ok(if kind == "CommaDelimitedList" || kind.starts_with("List<") {
            value.split(',').map(|item| Value::from(item.trim())).collect()
        } else {
            value.into()
        })
    }

    fn substitute(&self, argument: &Value) -> Result<String, Unclear> {
        let nothing = Map::new();
        let (template, names) = match argument {
            Value::String(template) => (template.as_str(), &nothing),
            Value::Array(parts) => match parts.as_slice() {
                [Value::String(template), Value::Object(names)] => (template.as_str(), names),
                _ => return Err(Unclear("invalid arguments of Fn::Sub".into())),
            },
            _ => return Err(Unclear("invalid arguments of Fn::Sub".into())),
        };
        let mut parts = template.split("${");
        let mut text = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (name, rest) = part
                .split_once('}')
                .ok_or_else(|| Unclear("unterminated name in Fn::Sub".into()))?;
            match (name.strip_prefix('!'), names.get(name)) {
                (Some(literal), _) => text.extend(["${", literal, "}"]),
                (None, Some(value)) => text.push_str(&self.text(value)?),
                // An attribute of a resource.
                (None, None) if name.contains('.') => text.extend(["${", name, "}"]),
                (None, None) => {
                    let value = self.reference(name)?;
                    text.push_str(&plain(&value.unwrap_or_default())?);
                }
            }
            text.push_str(rest);
        }
        Ok(text)
    }

    /// Evaluates the condition of this name.
    fn named(&self, name: &Value) -> Result<bool, Unclear> {
        let name = plain(name)?;
        let condition = self.template.get("Conditions").and_then(|all| all.get(&name));
        let condition = condition.ok_or_else(|| Unclear(format!("condition {name:?} not found")))?;
        if !self.asked.borrow_mut().insert(name.clone()) {
            return Err(Unclear(format!("the condition {name:?} depends on itself")));
        }
        let holds = self.holds(condition);
        self.asked.borrow_mut().remove(&name);
        holds
    }

    fn holds(&self, condition: &Value) -> Result<bool, Unclear> {
        let unknown = || Unclear(format!("unknown condition function: {condition}"));
        let (name, argument) = condition.as_object().and_then(intrinsic).ok_or_else(unknown)?;
        let parts = argument.as_array().map_or(&[][..], Vec::as_slice);
        match (name, parts) {
            ("Condition", _) => self.named(argument),
            ("Fn::Equals", [one, two]) => Ok(self.comparable(one)? == self.comparable(two)?),
            ("Fn::Not", [one]) => self.holds(one).map(|holds| !holds),
            ("Fn::And", [_, ..]) => parts
                .iter()
                .try_fold(true, |all, one| Ok(self.holds(one)? && all)),
            ("Fn::Or", [_, ..]) => parts
                .iter()
                .try_fold(false, |any, one| Ok(self.holds(one)? || any)),
            _ => Err(unknown()),
        }
    }

    fn comparable(&self, value: &Value) -> Result<Vec<String>, Unclear> {
        match self.value(value)? {
            Some(Value::Array(items)) => items.iter().map(plain).collect(),
            value => plain(&value.unwrap_or_default()).map(|text| vec![text]),
        }
    }
}

/// The intrinsic function that an object represents, if it does.
fn intrinsic(object: &Map<String, Value>) -> Option<(&str, &Value)> {
    let (name, argument) = object.iter().next().filter(|_| object.len() == 1)?;
    let is_condition = name == "Condition" && argument.is_string();
    (name == "Ref" || name.starts_with("Fn::") || is_condition).then_some((name, argument))
}

#[cfg(test)]
mod tests;
