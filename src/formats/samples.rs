//! Keys and values in short, for the tests of the formats.

use super::Layout;
use crate::model::{Encoding, Key, Prefix, Value, ValueKind};

/// Each is a key and `text …`, `json …` or `bytes …`.
pub(super) fn items(given: &[(&str, &str)]) -> Vec<(Key, Value)> {
    given
        .iter()
        .map(|(key, value)| {
            let (kind, content) = value.split_once(' ').expect("a kind and a content");
            let value = match kind {
                "text" => Value::new(content, Encoding::Text),
                "json" => Value::new(content, Encoding::Json),
                _ => Value::new([content.as_bytes(), b"\xff"].concat(), Encoding::Detect),
            };
            (key.parse().expect("a key"), value.expect("a value"))
        })
        .collect()
}

pub(super) fn shown(items: &[(Key, Value)]) -> Vec<String> {
    items
        .iter()
        .map(|(key, value)| {
            let content = String::from_utf8_lossy(value.bytes());
            format!("{key} {} {content}", value.kind())
        })
        .collect()
}

/// Full keys, where names may be.
pub(super) fn layout(prefix: &str) -> Layout {
    Layout {
        prefix: prefix.parse::<Prefix>().expect("a prefix"),
        relative: false,
        nested: false,
        flat: false,
        name: "mycfg".into(),
    }
}

pub(super) fn relative(prefix: &str) -> Layout {
    Layout {
        relative: true,
        ..layout(prefix)
    }
}

pub(super) fn nested(prefix: &str) -> Layout {
    Layout {
        nested: true,
        ..layout(prefix)
    }
}

/// As formats without kinds give values back: as text, or as bytes.
pub(super) fn as_text(items: &[(Key, Value)]) -> Vec<(Key, Value)> {
    items
        .iter()
        .map(|(key, value)| {
            let encoding = match value.kind() {
                ValueKind::Bytes => Encoding::Detect,
                _ => Encoding::Text,
            };
            let value = Value::new(value.bytes(), encoding).expect("a value");
            (key.clone(), value)
        })
        .collect()
}
