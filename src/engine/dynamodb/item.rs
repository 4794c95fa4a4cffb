//! Items as DynamoDB holds them, and the keys that aren't sections or keys of entries.

use std::collections::HashMap;
use std::fmt::Display;

use aws_sdk_dynamodb::types::AttributeValue;

pub(super) type Item = HashMap<String, AttributeValue>;

pub(super) const CONFIG: &str = "@config";
pub(super) const META: &str = "@meta";
pub(super) const HEAD: &str = "@head";
pub(super) const SECTIONS: &str = "@sections";
pub(super) const RECORD: &str = "@commit#";
/// The attribute of a log line, or of its `prev`, whose value was purged.
pub(super) const PURGED: &str = "purged";

pub(super) fn s(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

pub(super) fn n(number: impl Display) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

/// The primary key of an item.
pub(super) fn id(pk: &str, sk: &str) -> Item {
    Item::from([("pk".into(), s(pk)), ("sk".into(), s(sk))])
}

/// The sort key of an item.
pub(super) fn sk_of(item: &Item) -> &str {
    item.get("sk")
        .and_then(|sk| sk.as_s().ok())
        .map_or("", String::as_str)
}
