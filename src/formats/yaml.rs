use saphyr::{Mapping, Scalar, ScalarStyle, Yaml, YamlEmitter};

use super::Json;

/// A JSON document as a YAML document, with a newline at its end. Numbers keep their source text.
pub fn to_yaml(json: &Json) -> String {
    let mut text = String::new();
    let mut emitter = YamlEmitter::new(&mut text);
    // Writing into a String doesn't fail.
    let _ = emitter.dump(&node(json));
    let mut text = text.strip_prefix("---\n").map(str::to_owned).unwrap_or(text);
    text.push('\n');
    text
}

fn node(json: &Json) -> Yaml<'_> {
    match json {
        Json::Null => Yaml::Value(Scalar::Null),
        Json::Bool(bool) => Yaml::Value(Scalar::Boolean(*bool)),
        Json::Number(text) => Yaml::Representation(text.into(), ScalarStyle::Plain, None),
        Json::String(text) => Yaml::Value(Scalar::String(text.into())),
        Json::Array(items) => Yaml::Sequence(items.iter().map(node).collect()),
        Json::Object(members) => {
            let mut mapping = Mapping::new();
            for (name, value) in members {
                mapping.insert(Yaml::Value(Scalar::String(name.into())), node(value));
            }
            Yaml::Mapping(mapping)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use saphyr::LoadableYamlNode as _;

    fn yaml(json: &str) -> String {
        to_yaml(&Json::parse(json).expect("JSON"))
    }

    #[test]
    fn a_document() {
        assert_eq!(
            yaml(r#"{"a":1.10,"b":["x",null]}"#),
            "a: 1.10\nb:\n  - x\n  - ~\n"
        );
    }

    proptest! {
        #[test]
        fn strings_come_back(text in "\\PC*", odd in "[ \\t\\n\"'#:{}\\[\\]&*!|>%@`0-9.eE~-]{0,12}") {
            for text in [text, odd] {
                let json = Json::Object(vec![("k".into(), Json::String(text.clone()))]);
                let yaml = to_yaml(&json);
                let read = Yaml::load_from_str(&yaml).expect("YAML");
                prop_assert_eq!(read[0]["k"].as_str(), Some(text.as_str()), "{}", yaml);
            }
        }
    }
}
