pub(super) mod access_change;
pub(super) mod containment;
pub(super) mod invocation;
pub(super) mod resolve;
pub(super) mod statement_words;

use std::collections::{BTreeMap, BTreeSet};

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

/// An IAM policy document (a trust policy or a permissions policy) in normal form: IAM also accepts a single statement
/// or value in place of a list (IAM JSON policy reference, "Grammar").
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PolicyDocument {
    /// Its statements, in order.
    pub statements: Vec<Statement>,
}

/// A statement of a policy document.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Statement {
    /// Its `Sid`, if it has one.
    pub sid: Option<String>,
    /// Whether its effect is `Allow`; else it is `Deny`.
    pub allows: bool,
    /// The principals by kind (`AWS`, `Federated`, `Service`); empty in a policy that is attached to a principal. A
    /// bare `*` has the kind `*`.
    pub principals: BTreeMap<String, BTreeSet<String>>,
    /// The actions, such as `dynamodb:GetItem`.
    pub actions: BTreeSet<String>,
    /// The resources as ARNs; empty in a trust policy.
    pub resources: BTreeSet<String>,
    /// The conditions, all of which must hold: operator, key, and the values, of which one must match.
    pub conditions: BTreeMap<String, BTreeMap<String, BTreeSet<String>>>,
}

/// Why a policy document is invalid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid policy document: {problem}")]
pub struct PolicyError {
    problem: String,
}

impl PolicyDocument {
    /// Parses a document as IAM returns it: percent-encoded JSON (IAM API reference, `Role`).
    pub(super) fn from_encoded(text: &str) -> Result<Self, PolicyError> {
        let json = percent_decode_str(text).decode_utf8_lossy();
        let document =
            serde_json::from_str(&json).map_err(|error| wrong(format!("it is not valid JSON ({error})")))?;
        Self::from_json(&document)
    }

    /// Parses a JSON document. A form that discfg never writes (`NotAction`, `NotResource`, `NotPrincipal`, an effect
    /// other than `Allow` and `Deny`) is an error, since ignoring it would change the result.
    pub fn from_json(document: &Value) -> Result<Self, PolicyError> {
        let statements = match document.get("Statement") {
            Some(Value::Array(statements)) => statements.iter().map(Statement::from_json).collect(),
            Some(statement @ Value::Object(_)) => Statement::from_json(statement).map(|one| vec![one]),
            _ => Err(wrong("it has no Statement")),
        };
        statements.map(|statements| Self { statements })
    }
}

impl Statement {
    fn from_json(statement: &Value) -> Result<Self, PolicyError> {
        const KNOWN: [&str; 6] = ["Sid", "Effect", "Principal", "Action", "Resource", "Condition"];
        let statement = statement
            .as_object()
            .ok_or_else(|| wrong("a statement is not an object"))?;
        if let Some(other) = statement.keys().find(|name| !KNOWN.contains(&name.as_str())) {
            return Err(wrong(format!(
                "a statement has {other}, which discfg doesn't support"
            )));
        }
        Ok(Self {
            sid: statement.get("Sid").and_then(Value::as_str).map(str::to_owned),
            allows: match statement.get("Effect").and_then(Value::as_str) {
                Some("Allow") => true,
                Some("Deny") => false,
                _ => return Err(wrong("a statement's Effect is neither Allow nor Deny")),
            },
            principals: match statement.get("Principal") {
                None => BTreeMap::new(),
                Some(Value::Object(kinds)) => lists(kinds)?,
                Some(other) => BTreeMap::from([("*".to_owned(), texts(other)?)]),
            },
            actions: statement
                .get("Action")
                .map(texts)
                .transpose()?
                .unwrap_or_default(),
            resources: statement
                .get("Resource")
                .map(texts)
                .transpose()?
                .unwrap_or_default(),
            conditions: match statement.get("Condition") {
                None => BTreeMap::new(),
                Some(Value::Object(operators)) => operators
                    .iter()
                    .map(|(operator, keys)| {
                        let keys = keys
                            .as_object()
                            .ok_or_else(|| wrong(format!("{operator} is not an object")))?;
                        Ok((operator.clone(), lists(keys)?))
                    })
                    .collect::<Result<_, PolicyError>>()?,
                Some(_) => return Err(wrong("a Condition is not an object")),
            },
        })
    }
}

fn lists(object: &Map<String, Value>) -> Result<BTreeMap<String, BTreeSet<String>>, PolicyError> {
    object
        .iter()
        .map(|(name, values)| Ok((name.clone(), texts(values)?)))
        .collect()
}

fn texts(value: &Value) -> Result<BTreeSet<String>, PolicyError> {
    match value {
        Value::Array(values) => values.iter().map(text).collect(),
        value => text(value).map(|text| BTreeSet::from([text])),
    }
}

fn text(value: &Value) -> Result<String, PolicyError> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Bool(flag) => Ok(flag.to_string()),
        Value::Number(number) => Ok(number.to_string()),
        _ => Err(wrong("a value is not a string, number or boolean")),
    }
}

fn wrong(problem: impl Into<String>) -> PolicyError {
    PolicyError {
        problem: problem.into(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn one_value_and_a_list_of_one_are_the_same() {
        let short = json!({"Statement": {
            "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "arn:aws:iam::1:root"},
            "Condition": {"Null": {"dynamodb:LeadingKeys": false}},
        }});
        let long = json!({"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Action": ["sts:AssumeRole"], "Principal": {"AWS": ["arn:aws:iam::1:root"]},
            "Condition": {"Null": {"dynamodb:LeadingKeys": ["false"]}},
        }]});
        let read = |json| PolicyDocument::from_json(&json).expect("a document");
        assert_eq!(read(short), read(long));
    }

    #[test]
    fn what_would_be_judged_wrongly_is_refused() {
        for statement in [
            json!({"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"}),
            json!({"Effect": "Perhaps", "Action": "s3:*"}),
            json!({"Effect": "Allow", "Action": [["s3:*"]]}),
            json!("Allow"),
        ] {
            let document = json!({"Statement": [statement]});
            assert!(PolicyDocument::from_json(&document).is_err(), "{document}");
        }
    }
}
