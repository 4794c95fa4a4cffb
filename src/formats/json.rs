use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;

use super::yaml_escape::escaped_length;

/// A JSON document that keeps the source text of its numbers and the order of its members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JsonDocument {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, as it was written.
    Number(String),
    /// A string.
    String(String),
    /// An array.
    Array(Vec<JsonDocument>),
    /// An object.
    Object(Vec<(String, JsonDocument)>),
}

impl JsonDocument {
    /// The deepest document that is read: what follows a document down its levels has a stack, which ends.
    pub const MAX_DEPTH: usize = 128;

    /// Reads a document.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        // A number too large for any type of ours is a number all the same, so it is never made one.
        Self::from_raw(serde_json::from_str::<&RawValue>(text)?.get(), 0)
    }

    fn from_raw(text: &str, depth: usize) -> Result<Self, serde_json::Error> {
        if depth > Self::MAX_DEPTH {
            let message = format!("nested deeper than {} levels", Self::MAX_DEPTH);
            return Err(serde::de::Error::custom(message));
        }
        let text = text.trim();
        Ok(match text.as_bytes().first() {
            Some(b'{') => {
                let members: Members<'_> = serde_json::from_str(text)?;
                let members = members
                    .0
                    .into_iter()
                    .map(|(name, raw)| Ok((name, Self::from_raw(raw.get(), depth + 1)?)));
                Self::Object(members.collect::<Result<_, serde_json::Error>>()?)
            }
            Some(b'[') => {
                let items: Vec<&RawValue> = serde_json::from_str(text)?;
                Self::Array(
                    items
                        .into_iter()
                        .map(|raw| Self::from_raw(raw.get(), depth + 1))
                        .collect::<Result<_, _>>()?,
                )
            }
            Some(b'"') => Self::String(serde_json::from_str(text)?),
            Some(b't') => Self::Bool(true),
            Some(b'f') => Self::Bool(false),
            Some(b'n') => Self::Null,
            _ => Self::Number(text.to_owned()),
        })
    }
}

impl JsonDocument {
    /// Whether an object in it names a member twice.
    pub(super) fn has_double_name(&self) -> bool {
        match self {
            Self::Array(items) => items.iter().any(Self::has_double_name),
            Self::Object(members) => {
                let mut names = HashSet::new();
                let mut is_double =
                    |(name, member): &(String, Self)| !names.insert(name.clone()) || member.has_double_name();
                members.iter().any(&mut is_double)
            }
            _ => false,
        }
    }

    /// The length of the longest name of a member in it, in bytes, as YAML writes it between double quotes.
    pub(super) fn longest_name(&self) -> usize {
        let longest = match self {
            Self::Array(items) => items.iter().map(Self::longest_name).max(),
            Self::Object(members) => members
                .iter()
                .map(|(name, member)| escaped_length(name).max(member.longest_name()))
                .max(),
            _ => None,
        };
        longest.unwrap_or_default()
    }
}

/// Numbers as they were written.
impl Serialize for JsonDocument {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(bool) => serializer.serialize_bool(*bool),
            Self::Number(text) => RawValue::from_string(text.clone())
                .map_err(serde::ser::Error::custom)?
                .serialize(serializer),
            Self::String(text) => serializer.serialize_str(text),
            Self::Array(items) => serializer.collect_seq(items),
            Self::Object(members) => {
                serializer.collect_map(members.iter().map(|(name, member)| (name, member)))
            }
        }
    }
}

/// Without white space, or indented by two spaces with `{:#}`.
impl fmt::Display for JsonDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = if f.alternate() {
            serde_json::to_string_pretty(self)
        } else {
            serde_json::to_string(self)
        };
        f.write_str(&text.map_err(|_| fmt::Error)?)
    }
}

/// The members of an object in order, each with its source.
pub(super) struct Members<'t>(pub(super) Vec<(String, &'t RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;

        impl<'de> Visitor<'de> for InOrder {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(InOrder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nests_too_deep_is_refused() {
        let nested = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
        assert!(JsonDocument::parse(&nested(JsonDocument::MAX_DEPTH + 1)).is_ok());
        let error = JsonDocument::parse(&nested(JsonDocument::MAX_DEPTH + 2)).expect_err("too deep");
        assert!(error.to_string().contains("128 levels"), "{error}");
        assert!(JsonDocument::parse(&nested(100_000)).is_err());
    }

    #[test]
    fn numbers_and_order_stay() {
        let json = JsonDocument::parse(r#" {"b": 1.10, "a": [1e400, true, null, "x\"y"]} "#).expect("JSON");
        let number = |text: &str| JsonDocument::Number(text.into());
        assert_eq!(
            json,
            JsonDocument::Object(vec![
                ("b".into(), number("1.10")),
                (
                    "a".into(),
                    JsonDocument::Array(vec![
                        number("1e400"),
                        JsonDocument::Bool(true),
                        JsonDocument::Null,
                        JsonDocument::String("x\"y".into())
                    ])
                ),
            ])
        );
    }
}
