use saphyr::{Mapping, Scalar, ScalarStyle, Yaml, YamlEmitter};

use super::json::JsonDocument;
use super::yaml_escape::is_escaped;

/// A JSON document as a YAML document, with a newline at its end. Numbers keep their source text.
pub fn to_yaml(json: &JsonDocument) -> String {
    emit(&node(json))
}

/// A document as text, with a newline at its end.
pub(super) fn emit(document: &Yaml<'_>) -> String {
    let mut text = String::new();
    let mut emitter = YamlEmitter::new(&mut text);
    // Writing into a String doesn't fail.
    let _ = emitter.dump(document);
    let mut text = text.strip_prefix("---\n").map(str::to_owned).unwrap_or(text);
    text.push('\n');
    text
}

pub(super) fn node(json: &JsonDocument) -> Yaml<'_> {
    match json {
        JsonDocument::Null => Yaml::Value(Scalar::Null),
        JsonDocument::Bool(bool) => Yaml::Value(Scalar::Boolean(*bool)),
        JsonDocument::Number(text) => verbatim(text.clone()),
        JsonDocument::String(text) => string(text),
        JsonDocument::Array(items) => Yaml::Sequence(items.iter().map(node).collect()),
        JsonDocument::Object(members) => {
            let mut mapping = Mapping::new();
            for (name, value) in members {
                mapping.insert(string(name), node(value));
            }
            Yaml::Mapping(mapping)
        }
    }
}

/// What is written as it stands.
pub(super) fn verbatim(text: String) -> Yaml<'static> {
    Yaml::Representation(text.into(), ScalarStyle::Plain, None)
}

/// A string, quoted wherever a reader of YAML 1.1 or 1.2 could take it for something else.
pub(super) fn string(text: &str) -> Yaml<'_> {
    if is_plain(text) {
        // saphyr has rules of its own, which may quote it yet.
        Yaml::Value(Scalar::String(text.into()))
    } else {
        verbatim(quoted(text))
    }
}

fn is_plain(text: &str) -> bool {
    // What begins like a number may be one, or a date, or a time; but none of them has two dots.
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '_' | '/'));
    let inside = |c: char| c.is_ascii_alphanumeric() || "_/.@+- ".contains(c);
    let word = ["yes", "no", "on", "off", "true", "false", "null"];
    let is_number_like = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let is_version = text.split('.').count() == 3 && text.split('.').all(is_number_like);
    (begins || is_version)
        && text.chars().all(inside)
        && !text.ends_with(' ')
        && !word.iter().any(|word| word.eq_ignore_ascii_case(text))
}

fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            // These YAML 1.1 takes for the end of a line, or for no text.
            c if c.is_control() || is_escaped(c) => {
                let escape = match u32::from(c) {
                    code @ 0..=0xff => format!("\\x{code:02x}"),
                    code @ 0..=0xffff => format!("\\u{code:04x}"),
                    code => format!("\\U{code:08x}"),
                };
                quoted.push_str(&escape);
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use saphyr::LoadableYamlNode as _;

    fn yaml(json: &str) -> String {
        to_yaml(&JsonDocument::parse(json).expect("JSON"))
    }

    #[test]
    fn a_document() {
        assert_eq!(
            yaml(r#"{"a":1.10,"b":["x",null]}"#),
            "a: 1.10\nb:\n  - x\n  - ~\n"
        );
    }

    #[test]
    fn what_another_reader_takes_for_something_else_is_quoted() {
        for text in [
            "",
            "yes",
            "No",
            "1_000",
            "0x1f",
            "12:30:45",
            "2026-01-01",
            "=",
            "<<",
            ".inf",
            "~",
        ] {
            assert_eq!(yaml(&format!("{text:?}")), format!("{text:?}\n"));
        }
        assert_eq!(yaml("\"a b/c.d\""), "a b/c.d\n");
        assert_eq!(yaml("\"0.1.0\""), "0.1.0\n");
        assert_eq!(yaml("\"\u{85}\u{2028}\""), "\"\\x85\\u2028\"\n");
    }

    proptest! {
        #[test]
        fn strings_come_back(text in any::<String>(), odd in "[ \\t\\n\"'#:{}\\[\\]&*!|>%@`0-9.eE~-]{0,12}") {
            for text in [text, odd] {
                let json = JsonDocument::Object(vec![("k".into(), JsonDocument::String(text.clone()))]);
                let yaml = to_yaml(&json);
                let read = Yaml::load_from_str(&yaml).expect("YAML");
                prop_assert_eq!(read[0]["k"].as_str(), Some(text.as_str()), "{}", yaml);
            }
        }
    }
}
