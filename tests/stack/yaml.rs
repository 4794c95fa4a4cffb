//! Templates as JSON.

use saphyr::{LoadableYamlNode as _, Scalar, Yaml};
use serde_json::{Value, json};

/// The one document of a template.
pub(crate) fn parsed(template: &str) -> Value {
    let documents = Yaml::load_from_str(template).expect("the template is YAML");
    assert_eq!(documents.len(), 1);
    to_json(&documents[0])
}

fn to_json(yaml: &Yaml<'_>) -> Value {
    match yaml {
        Yaml::Value(Scalar::Null) => Value::Null,
        Yaml::Value(Scalar::Boolean(value)) => json!(value),
        Yaml::Value(Scalar::Integer(value)) => json!(value),
        Yaml::Value(Scalar::String(value)) => json!(value),
        Yaml::Sequence(items) => items.iter().map(to_json).collect(),
        Yaml::Mapping(entries) => entries
            .iter()
            .map(|(key, value)| (key.as_str().expect("a text for a key").to_owned(), to_json(value)))
            .collect(),
        other => panic!("{other:?} has no place in the template: intrinsics are in long form"),
    }
}
