//! Documents of YAML as JSON: templates and manifests.

use saphyr::{LoadableYamlNode as _, Scalar, Yaml};
use serde_json::{Value, json};

/// The documents of a file, in order.
pub fn documents(text: &str) -> Vec<Value> {
    let documents = Yaml::load_from_str(text).expect("it is YAML");
    documents.iter().map(to_json).collect()
}

/// The one document of a template.
pub fn parsed(template: &str) -> Value {
    let mut documents = documents(template);
    assert_eq!(documents.len(), 1);
    documents.remove(0)
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
        other => panic!("{other:?} has no place here: intrinsics of a template are in long form"),
    }
}
