use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

use aws_sdk_dynamodb::types::AttributeValue;

use super::item::{CONFIG, Item, PURGED};
use crate::model::{
    LoggedValue, Revision, Section, Timestamp, Ttl, Value, ValueKind, is_unprintable, printable,
};
use crate::store::{Cause, Meta, Result, StoreError};

/// The words that a head may require and that this version knows.
const KNOWN_WORDS: [&str; 0] = [];

/// Reads attributes and says which one is wrong of which item.
pub(super) struct ItemReader<'i> {
    item: &'i Item,
    /// The partition in which it was found, and its sort key.
    place: (&'i str, &'i str),
}

impl<'i> ItemReader<'i> {
    /// Refuses an item of a newer layout.
    pub(super) fn new(item: &'i Item) -> Result<Self> {
        let part = |name: &str| {
            let text = item.get(name).and_then(|value| value.as_s().ok());
            text.map(String::as_str).unwrap_or_default()
        };
        let read = Self {
            item,
            place: (part("pk"), part("sk")),
        };
        if item.contains_key("layout") {
            let found: u32 = read.number("layout")?;
            if found > Meta::LAYOUT {
                return Err(read.newer(found));
            }
        }
        Ok(read)
    }

    /// Of the whole config its own partition alone can say so: a writer of one section could stop the others.
    fn newer(&self, found: u32) -> StoreError {
        let known = Meta::LAYOUT;
        if self.place.0 == CONFIG {
            return StoreError::Layout { found, known };
        }
        match self.place.0.parse() {
            Ok(section) => StoreError::NeedsNewer {
                section,
                word: format!("layout {found}"),
            },
            Err(_) => self.corrupt("layout"),
        }
    }

    /// The same for a map within the item.
    pub(super) fn inner(&self, item: &'i Item) -> Self {
        Self {
            item,
            place: self.place,
        }
    }

    pub(super) fn corrupt(&self, attribute: &str) -> StoreError {
        self.faulty(attribute, None)
    }

    fn faulty(&self, attribute: &str, source: Option<Cause>) -> StoreError {
        let what = format!("invalid attribute `{attribute}` in the item {}", self.item_name());
        self.unsound(what, source)
    }

    /// The item's keys, which may be any text.
    fn item_name(&self) -> String {
        let (pk, sk) = self.place;
        format!("with pk {} and sk {}", printable(pk), printable(sk))
    }

    fn unsound(&self, what: String, source: Option<Cause>) -> StoreError {
        // A line of the section list speaks of its section.
        let (pk, sk) = self.place;
        let section = if pk == CONFIG { sk } else { pk };
        StoreError::Corrupt {
            section: section.parse().ok(),
            what,
            source,
        }
    }

    /// Refuses an item that lies in the partition of another section: a writer of that section alone may have put it
    /// there.
    pub(super) fn check_section(&self, section: &Section) -> Result<()> {
        let (pk, _) = self.place;
        if pk == section.as_str() {
            return Ok(());
        }
        let what = format!(
            "item {} belongs to section {section}, not to {}",
            self.item_name(),
            printable(pk)
        );
        Err(self.unsound(what, None))
    }

    /// Refuses an item with an expiry, of a kind that has none: DynamoDB would delete it.
    pub(super) fn check_lasts(&self) -> Result<()> {
        if self.item.contains_key("expires_at") {
            return Err(self.corrupt("expires_at"));
        }
        Ok(())
    }

    /// Refuses a head that requires what this version doesn't know.
    pub(super) fn check_requirements(&self, name: &str) -> Result<()> {
        let words = match self.item.get(name) {
            None => return Ok(()),
            Some(AttributeValue::Ss(words)) => words,
            Some(_) => return Err(self.corrupt(name)),
        };
        match words.iter().find(|word| !KNOWN_WORDS.contains(&word.as_str())) {
            None => Ok(()),
            Some(word) => Err(StoreError::NeedsNewer {
                section: self.parsed("pk")?,
                word: word.clone(),
            }),
        }
    }

    pub(super) fn optional(&self, name: &str) -> Option<()> {
        self.item.get(name).map(drop)
    }

    pub(super) fn text(&self, name: &str) -> Result<&'i str> {
        self.item
            .get(name)
            .and_then(|v| v.as_s().ok())
            .map(String::as_str)
            .ok_or_else(|| self.corrupt(name))
    }

    /// Who wrote it: one line of text.
    pub(super) fn writer(&self) -> Result<String> {
        let by = self.text("by")?;
        if by.contains(is_unprintable) {
            return Err(self.corrupt("by"));
        }
        Ok(by.to_owned())
    }

    pub(super) fn parsed<T: FromStr>(&self, name: &str) -> Result<T> {
        self.text(name)?.parse().map_err(|_| self.corrupt(name))
    }

    /// A key or a section, in the only form in which discfg writes it.
    pub(super) fn path<T: FromStr + Display>(&self, name: &str) -> Result<T> {
        let text = self.text(name)?;
        let path = text.parse::<T>().ok().filter(|path| path.to_string() == text);
        path.ok_or_else(|| self.corrupt(name))
    }

    pub(super) fn number<T: FromStr>(&self, name: &str) -> Result<T> {
        self.item
            .get(name)
            .and_then(|v| v.as_n().ok())
            .and_then(|number| number.parse().ok())
            .ok_or_else(|| self.corrupt(name))
    }

    pub(super) fn flag(&self, name: &str) -> bool {
        matches!(self.item.get(name), Some(AttributeValue::Bool(true)))
    }

    pub(super) fn ttl(&self, name: &str) -> Result<Option<Ttl>> {
        self.optional(name)
            .map(|()| Ttl::from_seconds(self.number(name)?).map_err(|_| self.corrupt(name)))
            .transpose()
    }

    pub(super) fn moment(&self, name: &str) -> Result<Option<Timestamp>> {
        self.optional(name)
            .map(|()| self.number(name).map(Timestamp::from_epoch))
            .transpose()
    }

    /// The value of a log line. One that is marked as purged has none.
    pub(super) fn logged_value(&self) -> Result<LoggedValue> {
        match (self.flag(PURGED), self.optional("value")) {
            (true, None) => Ok(LoggedValue::Purged),
            (true, Some(())) => Err(self.corrupt(PURGED)),
            (false, _) => Ok(self.value()?.into()),
        }
    }

    pub(super) fn value(&self) -> Result<Value> {
        let bytes = match self.item.get("value") {
            Some(AttributeValue::S(text)) => text.clone().into_bytes(),
            Some(AttributeValue::B(blob)) => blob.as_ref().to_vec(),
            _ => return Err(self.corrupt("value")),
        };
        let kind = match self.text("kind")? {
            "json" => ValueKind::Json,
            "text" => ValueKind::Text,
            "bytes" => ValueKind::Bytes,
            _ => return Err(self.corrupt("kind")),
        };
        Value::from_stored(kind, bytes).map_err(|error| self.faulty("value", Some(error.into())))
    }

    /// A map of sections to revisions; an empty one where there is none.
    pub(super) fn revisions(&self, name: &str) -> Result<BTreeMap<Section, Revision>> {
        let pairs = match self.item.get(name) {
            None => return Ok(BTreeMap::new()),
            Some(AttributeValue::M(pairs)) => pairs,
            Some(_) => return Err(self.corrupt(name)),
        };
        let pair = |(section, at): (&String, &AttributeValue)| {
            let at = at.as_n().ok()?.parse().ok()?;
            Some((section.parse().ok()?, Revision::new(at)))
        };
        pairs
            .iter()
            .map(|found| pair(found).ok_or_else(|| self.corrupt(name)))
            .collect()
    }

    pub(super) fn log_place(&self) -> Result<(Revision, u32)> {
        let parts = self
            .text("sk")?
            .strip_prefix("@log#")
            .and_then(|rest| rest.split_once('#'));
        parts
            .and_then(|(revision, index)| Some((Revision::new(revision.parse().ok()?), index.parse().ok()?)))
            .ok_or_else(|| self.corrupt("sk"))
    }
}
