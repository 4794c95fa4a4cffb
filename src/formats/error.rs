use std::borrow::Cow;

use super::position::At;
use super::{DataFormat, EnvName, EnvNameError, Position};
use crate::model::{ErrorKind, Key, KeyError, Prefix, ValueError};

/// Why keys and values can't be written in a format, or read from it. No message contains a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// The text has invalid syntax.
    #[error("invalid {} at {at}: {problem}", .format.title())]
    Syntax {
        /// The format.
        format: DataFormat,
        /// What is wrong, without quoting a value.
        problem: Cow<'static, str>,
        /// Where.
        at: Position,
    },
    /// The bytes are not valid UTF-8.
    #[error("the {} input is not valid UTF-8 (at byte {position})", .format.title())]
    Utf8 {
        /// The format.
        format: DataFormat,
        /// The number of bytes before the fault.
        position: usize,
    },
    /// A name that is not a valid key.
    #[error("cannot use {name:?} as a key at {at}")]
    Key {
        /// The name.
        name: String,
        /// Where.
        at: Position,
        /// Why.
        source: KeyError,
    },
    /// A duplicate key.
    #[error("duplicate key {key}: at {first} and at {second}")]
    Duplicate {
        /// The key.
        key: Key,
        /// Where it is first.
        first: Position,
        /// Where it is again.
        second: Position,
    },
    /// Full keys and relative names in one file.
    #[error(
        "full keys and relative names are mixed: {full:?} at {full_at} is a full key, {relative:?} at {relative_at} is relative"
    )]
    Mixed {
        /// A name with a leading slash.
        full: String,
        /// Where.
        full_at: Position,
        /// A name without.
        relative: String,
        /// Where.
        relative_at: Position,
    },
    /// An object without members where members are keys.
    #[error("{name:?} at {at} is an empty object, which contains no key; with --flat, objects are values")]
    EmptyObject {
        /// Its name.
        name: String,
        /// Where.
        at: Position,
    },
    /// An invalid value.
    #[error("invalid value of {key} at {at}")]
    Value {
        /// Its key.
        key: Key,
        /// Where.
        at: Position,
        /// Why.
        source: ValueError,
    },
    /// A value that the format can't represent.
    #[error("cannot write the value of {key} as {}: {reason}", .format.title())]
    Unfit {
        /// The format.
        format: DataFormat,
        /// The key.
        key: Key,
        /// Why.
        reason: &'static str,
    },
    /// A value that is an object, under a name below which objects are read as keys.
    #[error("cannot write the value of {key} as {}: it is an object, which `import` and `apply` would read as keys", .format.title())]
    ObjectAsKeys {
        /// The format.
        format: DataFormat,
        /// The key.
        key: Key,
        /// Whether that is because the format is a tree.
        nested: bool,
    },
    /// A tree can't contain a value and members at the same name.
    #[error("nested {} can't contain both {key} and {below}", .format.title())]
    AlsoPrefix {
        /// The format.
        format: DataFormat,
        /// The key.
        key: Key,
        /// A key below it.
        below: Key,
    },
    /// A key outside the prefix that names are relative to.
    #[error("key {key} is not below {prefix}")]
    Outside {
        /// The key.
        key: Key,
        /// The prefix.
        prefix: Prefix,
    },
    /// A key without a valid name in the format.
    #[error("cannot write the key {key} as {}: {reason}", .format.title())]
    Unnamed {
        /// The format.
        format: DataFormat,
        /// The key.
        key: Key,
        /// Why.
        reason: &'static str,
    },
    /// A key whose variable the shells keep for themselves.
    #[error("cannot write the key {key} as {}: shells use the variable {name} themselves", .format.title())]
    Reserved {
        /// The format.
        format: DataFormat,
        /// The key.
        key: Key,
        /// The variable.
        name: EnvName,
    },
    /// Two keys with the same name.
    #[error("keys {first} and {second} would both be named {name} in {}", .format.title())]
    Collision {
        /// The format.
        format: DataFormat,
        /// The name.
        name: String,
        /// The first of the keys.
        first: Key,
        /// The second of the keys.
        second: Key,
    },
    /// A key that is not a valid variable name.
    #[error(transparent)]
    EnvName(#[from] EnvNameError),
}

impl FormatError {
    /// The sort of failure.
    pub fn kind(&self) -> ErrorKind {
        ErrorKind::Invalid
    }

    pub(super) fn syntax<'t>(
        format: DataFormat,
        problem: impl Into<Cow<'static, str>>,
        at: impl Into<At<'t>>,
    ) -> Self {
        let (problem, at) = (problem.into(), at.into().position());
        Self::Syntax { format, problem, at }
    }
}
