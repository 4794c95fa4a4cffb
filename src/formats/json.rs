use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// A JSON document that keeps the source text of its numbers and the order of its members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Json {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, as it was written.
    Number(String),
    /// A string.
    String(String),
    /// An array.
    Array(Vec<Json>),
    /// An object.
    Object(Vec<(String, Json)>),
}

impl Json {
    /// Reads a document.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        // A number too large for any type of ours is a number all the same, so it is never made one.
        Self::from_raw(serde_json::from_str::<&RawValue>(text)?.get())
    }

    fn from_raw(text: &str) -> Result<Self, serde_json::Error> {
        let text = text.trim();
        Ok(match text.as_bytes().first() {
            Some(b'{') => {
                let members: Members<'_> = serde_json::from_str(text)?;
                let members = members
                    .0
                    .into_iter()
                    .map(|(name, raw)| Ok((name, Self::from_raw(raw.get())?)));
                Self::Object(members.collect::<Result<_, serde_json::Error>>()?)
            }
            Some(b'[') => {
                let items: Vec<&RawValue> = serde_json::from_str(text)?;
                Self::Array(
                    items
                        .into_iter()
                        .map(|raw| Self::from_raw(raw.get()))
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

struct Members<'t>(Vec<(String, &'t RawValue)>);

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
    fn numbers_and_order_stay() {
        let json = Json::parse(r#" {"b": 1.10, "a": [1e400, true, null, "x\"y"]} "#).expect("JSON");
        let number = |text: &str| Json::Number(text.into());
        assert_eq!(
            json,
            Json::Object(vec![
                ("b".into(), number("1.10")),
                (
                    "a".into(),
                    Json::Array(vec![
                        number("1e400"),
                        Json::Bool(true),
                        Json::Null,
                        Json::String("x\"y".into())
                    ])
                ),
            ])
        );
    }
}
