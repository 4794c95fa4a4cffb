//! Kubernetes Secrets and `ConfigMap`s, as YAML.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::dotted_name::{dotted_names, path_of};
use super::key_tree::{DocumentNode as _, NodeParts};
use super::layout::ParsedItems;
use super::text::utf8;
use super::yaml::to_yaml;
use super::yaml_document::YamlDocument;
use super::yaml_node::{YamlContent, YamlNode};
use super::{DataFormat, FormatError, JsonDocument, Layout};
use crate::model::{Encoding, Key, Prefix, Value};

/// The most that an object's data may hold, in bytes (Kubernetes, "Secrets" and "`ConfigMaps`": 1 MiB).
const MAX_BYTES: usize = 1024 * 1024;
/// The longest name of a piece of data.
const MAX_NAME: usize = 253;

/// Names each item as `-f k8s-secret` does, in order: by its path below `prefix`, with `.` for `/`. Two equal names, a
/// name that Kubernetes refuses, and more than 1 MiB of names and values are errors that name the keys.
pub fn secret_names(items: &[(Key, Value)], prefix: &Prefix) -> Result<Vec<String>, FormatError> {
    let layout = Layout {
        prefix: prefix.clone(),
        relative: true,
        nested: false,
        flat: false,
        name: String::new(),
    };
    names(DataFormat::K8sSecret, items, &layout)
}

fn names(format: DataFormat, items: &[(Key, Value)], layout: &Layout) -> Result<Vec<String>, FormatError> {
    let names = dotted_names(format, items, layout)?;
    let mut size = 0;
    for (name, (key, value)) in names.iter().zip(items) {
        let unnamed = |reason| FormatError::Unnamed {
            format,
            key: key.clone(),
            reason,
        };
        if name.contains(':') {
            return Err(unnamed(
                "Kubernetes names allow only letters, digits, `.`, `-` and `_`",
            ));
        }
        if name.starts_with("..") {
            return Err(unnamed("Kubernetes names can't start with `..`"));
        }
        if name.len() > MAX_NAME {
            return Err(unnamed("Kubernetes names have at most 253 characters"));
        }
        size += name.len() + value.len();
        if size > MAX_BYTES {
            return Err(FormatError::Unfit {
                format,
                key: key.clone(),
                reason: "the object would exceed 1 MiB, the limit of Kubernetes",
            });
        }
    }
    Ok(names)
}

/// A Secret holds all in base64; a `ConfigMap` holds text as it is.
pub(super) fn write(
    format: DataFormat,
    items: &[(Key, Value)],
    layout: &Layout,
) -> Result<Vec<u8>, FormatError> {
    let names = names(format, items, layout)?;
    let (mut data, mut binary) = (Vec::new(), Vec::new());
    for (name, (_, value)) in names.into_iter().zip(items) {
        let base64 = || JsonDocument::String(STANDARD.encode(value.bytes()));
        match value.as_text() {
            _ if format == DataFormat::K8sSecret => data.push((name, base64())),
            Some(text) => data.push((name, JsonDocument::String(text.to_owned()))),
            None => binary.push((name, base64())),
        }
    }
    let string = |text: &str| JsonDocument::String(text.to_owned());
    let metadata = JsonDocument::Object(vec![("name".into(), string(&layout.name))]);
    let mut object = vec![("apiVersion".to_owned(), string("v1"))];
    object.push(("kind".into(), string(kind(format))));
    object.push(("metadata".into(), metadata));
    if format == DataFormat::K8sSecret {
        object.push(("type".into(), string("Opaque")));
    }
    object.push(("data".into(), JsonDocument::Object(data)));
    if !binary.is_empty() {
        object.push(("binaryData".into(), JsonDocument::Object(binary)));
    }
    Ok(to_yaml(&JsonDocument::Object(object)).into_bytes())
}

fn kind(format: DataFormat) -> &'static str {
    if format == DataFormat::K8sSecret {
        "Secret"
    } else {
        "ConfigMap"
    }
}

/// Reads one object, in YAML or in JSON. A `.` in a name parts segments. Text is taken as `set` takes it.
pub(super) fn read(
    format: DataFormat,
    bytes: &[u8],
    layout: &Layout,
) -> Result<Vec<(Key, Value)>, FormatError> {
    let root = YamlDocument::read(format, utf8(format, bytes)?)?;
    let at = root.at();
    let NodeParts::Members(members) = root.parts()? else {
        return Err(FormatError::syntax(format, "expected a mapping", at));
    };
    let is_kind = members.iter().any(|(name, node)| {
        name == "kind" && matches!(&node.content, YamlContent::Text(text) if text == kind(format))
    });
    if !is_kind {
        let problem = format!("expected `kind: {}`", kind(format));
        return Err(FormatError::syntax(format, problem, at));
    }
    let mut found = ParsedItems::new();
    for (name, node) in members {
        let encoded = match (format, name.as_str()) {
            (DataFormat::K8sSecret, "data") | (DataFormat::K8sConfigmap, "binaryData") => true,
            (DataFormat::K8sSecret, "stringData") | (DataFormat::K8sConfigmap, "data") => false,
            _ => continue,
        };
        let at = node.at();
        match node.parts()? {
            NodeParts::Members(data) => {
                for (name, node) in data {
                    let at = node.at();
                    let bytes = datum(format, node, encoded)?;
                    found.add(&layout.prefix, &path_of(&name), bytes, Encoding::Detect, at)?;
                }
            }
            NodeParts::Value(node) if matches!(node.content, YamlContent::Plain(JsonDocument::Null)) => {}
            NodeParts::Value(_) => return Err(FormatError::syntax(format, "data must be a mapping", at)),
        }
    }
    Ok(found.into_items())
}

fn datum(format: DataFormat, node: YamlNode, encoded: bool) -> Result<Vec<u8>, FormatError> {
    let at = node.at();
    match node.content {
        YamlContent::Text(text) if encoded => {
            let base64: String = text.split_ascii_whitespace().collect();
            STANDARD
                .decode(base64)
                .map_err(|_| FormatError::syntax(format, "not valid base64", at))
        }
        YamlContent::Text(text) => Ok(text.into()),
        _ => Err(FormatError::syntax(format, "expected a string: quote it", at)),
    }
}
