//! A commit as requested over HTTP, and its result.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use super::stored::{ShapeError, parse_moment, shapeless, text_of, value_of};
use crate::model::{
    Encoding, Guard, Key, Message, Mutation, Revision, Secrecy, Section, Ttl, TtlChoice, Value, ValueKind,
};

/// The guards and changes of a commit.
#[derive(Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CommitRequest {
    /// Conditions that must hold.
    #[serde(default)]
    pub guards: Vec<GuardSpec>,
    /// The changes, each key at most once.
    pub changes: Vec<ChangeSpec>,
    /// What the commit is for: at most 1,024 bytes of text, shown in the history.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(feature = "http", schema(schema_with = message_schema, required = false))]
    pub message: Option<Message>,
}

#[cfg(feature = "http")]
fn message_schema() -> utoipa::openapi::schema::Object {
    utoipa::openapi::ObjectBuilder::new()
        .schema_type(utoipa::openapi::Type::String)
        .pattern(Some(Message::PATTERN))
        .max_length(Some(Message::MAX_BYTES))
        .build()
}

/// A condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GuardName {
    /// The key does not exist.
    Absent,
    /// The key exists.
    Present,
    /// The key was last changed at `revision`.
    Revision,
    /// The key has `value`.
    Value,
    /// The section is at `revision`.
    Section,
}

/// A guard: `key` with its expected state, or `section` with its revision.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GuardSpec {
    guard: GuardName,
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    key: Option<Key>,
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    section: Option<Section>,
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    revision: Option<Revision>,
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    kind: Option<ValueKind>,
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    value: Option<Box<RawValue>>,
}

/// What is done to a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChangeName {
    /// It is written.
    Set,
    /// It is removed.
    Delete,
}

/// A change of one key. A string is text and any other JSON is `json`, unless `kind` says what it is; the string of
/// `bytes` is base64.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeSpec {
    op: ChangeName,
    key: Key,
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    kind: Option<ValueKind>,
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    value: Option<Box<RawValue>>,
    /// Whether it is a secret; as it was where nothing is said.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    secret: Option<bool>,
    /// Whether the value is an envelope that holds a secret. Only with stored values.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    sealed: bool,
    /// How many seconds it lives.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    ttl: Option<u64>,
    /// When it ends, if before its time to live would: as it ended before, say.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    expires: Option<String>,
    /// The key that is moved here, for the history; the commit deletes it, too.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    from: Option<Key>,
    /// Whether it keeps the time to live that it has.
    #[serde(rename = "keepTtl", default, skip_serializing_if = "std::ops::Not::not")]
    keep_ttl: bool,
}

/// How the values of a request are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueNotation {
    /// As people write them in JSON.
    Plain,
    /// Each as a string that holds its exact bytes, of the kind that is given with it.
    Stored,
}

impl GuardSpec {
    /// The guard in the form in which values are stored.
    pub fn new(guard: &Guard) -> Self {
        let mut spec = Self {
            guard: GuardName::Section,
            key: guard.key().cloned(),
            section: None,
            revision: None,
            kind: None,
            value: None,
        };
        match guard {
            Guard::Absent(_) => spec.guard = GuardName::Absent,
            Guard::Present(_) => spec.guard = GuardName::Present,
            Guard::Revision(_, revision) => {
                (spec.guard, spec.revision) = (GuardName::Revision, Some(*revision));
            }
            Guard::Value(_, value) => {
                (spec.guard, spec.kind) = (GuardName::Value, Some(value.kind()));
                spec.value = to_raw(&text_of(value));
            }
            Guard::Section(section, revision) => {
                (spec.section, spec.revision) = (Some(section.clone()), Some(*revision));
            }
        }
        spec
    }

    /// Converts it to a guard.
    pub fn guard(&self, notation: ValueNotation) -> Result<Guard, ShapeError> {
        let key = || self.key.clone().ok_or_else(|| missing(self.guard, "key"));
        let revision = || self.revision.ok_or_else(|| missing(self.guard, "revision"));
        let (guard, fits) = match self.guard {
            GuardName::Absent => (Guard::Absent(key()?), [true, false, false, false]),
            GuardName::Present => (Guard::Present(key()?), [true, false, false, false]),
            GuardName::Revision => (Guard::Revision(key()?, revision()?), [true, false, true, false]),
            GuardName::Value => {
                let value = self
                    .value
                    .as_deref()
                    .ok_or_else(|| missing(self.guard, "value"))?;
                let value = read_value(value, self.kind, notation)?;
                (Guard::Value(key()?, value), [true, false, false, true])
            }
            GuardName::Section => {
                let section = self
                    .section
                    .clone()
                    .ok_or_else(|| missing(self.guard, "section"))?;
                (Guard::Section(section, revision()?), [false, true, true, false])
            }
        };
        let given = [
            ("key", self.key.is_some()),
            ("section", self.section.is_some()),
            ("revision", self.revision.is_some()),
            ("value", self.value.is_some() || self.kind.is_some()),
        ];
        match given.iter().zip(fits).find(|((_, given), fits)| *given && !fits) {
            Some(((name, _), _)) => Err(ShapeError::new(format!(
                "guard {:?} does not allow {name}",
                word(self.guard)
            ))),
            None => Ok(guard),
        }
    }
}

impl ChangeSpec {
    /// The key that is moved, if one is, with the one that it is moved from.
    pub fn moved(&self) -> Option<(Key, Key)> {
        Some((self.key.clone(), self.from.clone()?))
    }

    /// The change in the form in which values are stored; of a key that is moved `from` another.
    pub fn new(change: &Mutation, from: Option<&Key>) -> Self {
        let mut spec = Self {
            op: ChangeName::Delete,
            key: change.key().clone(),
            kind: None,
            value: None,
            secret: None,
            sealed: false,
            ttl: None,
            expires: None,
            from: from.cloned(),
            keep_ttl: false,
        };
        if let Mutation::Set {
            value, secret, ttl, ..
        } = change
        {
            spec.op = ChangeName::Set;
            spec.kind = Some(value.kind());
            spec.value = to_raw(&text_of(value));
            match secret {
                Secrecy::Keep => {}
                Secrecy::Secret => spec.secret = Some(true),
                Secrecy::Plain => spec.secret = Some(false),
                Secrecy::Sealed => spec.sealed = true,
            }
            match ttl {
                TtlChoice::Never => {}
                TtlChoice::Keep => spec.keep_ttl = true,
                TtlChoice::For(ttl) => spec.ttl = Some(ttl.seconds()),
                TtlChoice::Until { ttl, expires } => {
                    spec.ttl = Some(ttl.seconds());
                    spec.expires = Some(expires.to_string());
                }
            }
        }
        spec
    }

    /// Converts it to a change.
    pub fn mutation(&self, notation: ValueNotation) -> Result<Mutation, ShapeError> {
        let key = self.key.clone();
        if self.op == ChangeName::Delete {
            let settings = [
                ("value", self.value.is_some() || self.kind.is_some()),
                ("secret", self.secret.is_some() || self.sealed),
                ("from", self.from.is_some()),
                (
                    "ttl",
                    self.ttl.is_some() || self.expires.is_some() || self.keep_ttl,
                ),
            ];
            return match settings.iter().find(|(_, given)| *given) {
                Some((name, _)) => Err(ShapeError::new(format!("deleting {key} does not allow {name}"))),
                None => Ok(Mutation::Delete { key }),
            };
        }
        let value = self.value.as_deref();
        let value = value.ok_or_else(|| ShapeError::new(format!("setting {key} requires a value")))?;
        let value = read_value(value, self.kind, notation).map_err(|error| error.of_value(&key))?;
        let secret = match (self.secret, self.sealed) {
            (None, false) => Secrecy::Keep,
            (Some(true), false) => Secrecy::Secret,
            (Some(false), false) => Secrecy::Plain,
            (None, true) if notation == ValueNotation::Stored => Secrecy::Sealed,
            (None, true) => return Err(ShapeError::new("sealed is only allowed with stored=true")),
            (Some(_), true) => {
                return Err(ShapeError::new(format!(
                    "secret and sealed of {key} can't be combined"
                )));
            }
        };
        let ttl = self.ttl.map(Ttl::from_seconds).transpose().map_err(shapeless)?;
        let ttl = match (ttl, self.expires.as_deref(), self.keep_ttl) {
            (None, None, false) => TtlChoice::Never,
            (None, None, true) => TtlChoice::Keep,
            (Some(ttl), None, false) => TtlChoice::For(ttl),
            (Some(ttl), Some(expires), false) => {
                let expires = parse_moment(expires)?;
                TtlChoice::Until { ttl, expires }
            }
            (None, Some(_), _) => return Err(ShapeError::new(format!("expires of {key} requires ttl"))),
            (Some(_), _, true) => {
                return Err(ShapeError::new(format!(
                    "ttl and keepTtl of {key} can't be combined"
                )));
            }
        };
        Ok(Mutation::Set {
            key,
            value,
            secret,
            ttl,
        })
    }
}

fn read_value(raw: &RawValue, kind: Option<ValueKind>, notation: ValueNotation) -> Result<Value, ShapeError> {
    let text: Option<String> = serde_json::from_str(raw.get()).ok();
    if notation == ValueNotation::Stored {
        let (Some(kind), Some(text)) = (kind, text) else {
            return Err(ShapeError::new(
                "with stored=true, a value must be a string and requires kind",
            ));
        };
        return value_of(kind, text);
    }
    match (kind, text) {
        (None | Some(ValueKind::Text), Some(text)) => Value::new(text, Encoding::Text),
        (Some(ValueKind::Text | ValueKind::Bytes), None) => {
            return Err(ShapeError::new("a value of kind text or bytes must be a string"));
        }
        (Some(ValueKind::Bytes), Some(text)) => {
            let bytes = STANDARD
                .decode(text)
                .map_err(|_| ShapeError::new("not valid base64"))?;
            return Ok(Value::from_stored(ValueKind::Bytes, bytes)?);
        }
        (None | Some(ValueKind::Json), _) => Value::new(raw.get(), Encoding::Json),
    }
    .map_err(ShapeError::from)
}

/// A value that is given: `null` is one, too.
fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

fn to_raw(text: &str) -> Option<Box<RawValue>> {
    to_raw_value(text).ok()
}

fn missing(guard: GuardName, what: &str) -> ShapeError {
    ShapeError::new(format!("guard {:?} requires {what}", word(guard)))
}

fn word(guard: GuardName) -> &'static str {
    match guard {
        GuardName::Absent => "absent",
        GuardName::Present => "present",
        GuardName::Revision => "revision",
        GuardName::Value => "value",
        GuardName::Section => "section",
    }
}
