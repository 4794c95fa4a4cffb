use crate::model::{Encoding, Value, ValueError};

/// What can be written to a key: text, bytes, a number, a boolean, a JSON document, or a [`Value`].
///
/// Text and bytes are as `discfg set` takes them: an object or array is JSON, other UTF-8 text, the rest bytes. What is
/// [`Serialize`](serde::Serialize) is written by [`Client::set_json`](super::Client::set_json), or as [`Value::json`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be the value of a key",
    note = "write what serde can serialize with `set_json`, or as `Value::json(&it)?`"
)]
pub trait IntoValue {
    /// Returns the value.
    fn into_value(self) -> Result<Value, ValueError>;
}

impl IntoValue for Value {
    fn into_value(self) -> Result<Value, ValueError> {
        Ok(self)
    }
}

impl IntoValue for &Value {
    fn into_value(self) -> Result<Value, ValueError> {
        Ok(self.clone())
    }
}

impl IntoValue for serde_json::Value {
    fn into_value(self) -> Result<Value, ValueError> {
        Value::json(&self)
    }
}

impl IntoValue for &serde_json::Value {
    fn into_value(self) -> Result<Value, ValueError> {
        Value::json(self)
    }
}

impl<const N: usize> IntoValue for &[u8; N] {
    fn into_value(self) -> Result<Value, ValueError> {
        self.as_slice().into_value()
    }
}

macro_rules! from_bytes {
    ($($type:ty)+) => {$(
        impl IntoValue for $type {
            fn into_value(self) -> Result<Value, ValueError> {
                Value::new(self, Encoding::Detect)
            }
        }
    )+};
}

macro_rules! from_display {
    ($($type:ty)+) => {$(
        impl IntoValue for $type {
            fn into_value(self) -> Result<Value, ValueError> {
                Value::text(self.to_string())
            }
        }
    )+};
}

from_bytes! { &str String &[u8] Vec<u8> }
from_display! { bool char i8 i16 i32 i64 i128 isize u8 u16 u32 u64 u128 usize f32 f64 }

impl IntoValue for &String {
    fn into_value(self) -> Result<Value, ValueError> {
        self.as_str().into_value()
    }
}

impl IntoValue for &Vec<u8> {
    fn into_value(self) -> Result<Value, ValueError> {
        self.as_slice().into_value()
    }
}
