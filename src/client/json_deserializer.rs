use serde::de::value::{MapAccessDeserializer, MapDeserializer, SeqDeserializer};
use serde::de::{Deserializer, Error as _, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::Value;

use super::misfit::{Misfit, Scrap};

/// A JSON document as a source of typed values, whose errors don't quote it.
pub(super) struct JsonDeserializer(Value);

impl JsonDeserializer {
    pub(super) fn parse(text: &str) -> Result<Self, Misfit> {
        serde_json::from_str(text)
            .map(Self)
            .map_err(|_| Misfit::custom("it is not valid JSON"))
    }

    /// Whether that is somewhere in it.
    pub(super) fn holds(&self, scrap: Scrap) -> bool {
        fn is_in(value: &Value, scrap: Scrap) -> bool {
            match (value, scrap) {
                (Value::Bool(value), Scrap::Bool(wanted)) => *value == wanted,
                (Value::Number(number), Scrap::Unsigned(wanted)) => number.as_u64() == Some(wanted),
                (Value::Number(number), Scrap::Signed(wanted)) => number.as_i64() == Some(wanted),
                (Value::Number(number), Scrap::Float(wanted)) => number.as_f64() == Some(wanted),
                (Value::Array(_), Scrap::List) | (Value::Object(_), Scrap::Map) => true,
                (Value::Array(items), _) => items.iter().any(|item| is_in(item, scrap)),
                (Value::Object(fields), _) => fields.values().any(|field| is_in(field, scrap)),
                _ => false,
            }
        }
        is_in(&self.0, scrap)
    }
}

impl IntoDeserializer<'_, Misfit> for JsonDeserializer {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for JsonDeserializer {
    type Error = Misfit;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(value),
            Value::Number(number) => match (number.as_u64(), number.as_i64()) {
                (Some(number), _) => visitor.visit_u64(number),
                (None, Some(number)) => visitor.visit_i64(number),
                (None, None) => visitor.visit_f64(number.as_f64().unwrap_or(f64::NAN)),
            },
            Value::String(text) => visitor.visit_string(text),
            Value::Array(items) => {
                let mut items = SeqDeserializer::new(items.into_iter().map(JsonDeserializer));
                let value = visitor.visit_seq(&mut items)?;
                items.end().map(|()| value)
            }
            Value::Object(fields) => {
                let mut fields = MapDeserializer::new(
                    fields
                        .into_iter()
                        .map(|(name, value)| (name, JsonDeserializer(value))),
                );
                let value = visitor.visit_map(&mut fields)?;
                fields.end().map(|()| value)
            }
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        match self.0 {
            Value::String(variant) => visitor.visit_enum(variant.into_deserializer()),
            Value::Object(fields) => {
                let fields = MapDeserializer::new(
                    fields
                        .into_iter()
                        .map(|(name, value)| (name, JsonDeserializer(value))),
                );
                visitor.visit_enum(MapAccessDeserializer::new(fields))
            }
            _ => Err(Misfit::custom("it is neither a name nor an object with one")),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier ignored_any
    }
}
