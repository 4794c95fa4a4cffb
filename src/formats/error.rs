use std::borrow::Cow;

use super::position::At;
use super::{DataFormat, EnvNameError, Position};
use crate::model::{ErrorKind, Key, KeyError, Prefix, ValueError};

/// Why keys and values can't be written in a format, or read from it. None quotes a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// The text isn't what the format asks for.
    #[error("this is no {format} as discfg reads it: {problem}, at {at}")]
    Syntax {
        /// The format.
        format: DataFormat,
        /// What is wrong, without quoting a value.
        problem: Cow<'static, str>,
        /// Where.
        at: Position,
    },
    /// The bytes are no text.
    #[error("this is no {format}: the byte at position {position} fits no UTF-8 character")]
    Utf8 {
        /// The format.
        format: DataFormat,
        /// The number of bytes before the fault.
        position: usize,
    },
    /// A name that makes no key.
    #[error("{name:?} makes no key, at {at}")]
    Key {
        /// The name.
        name: String,
        /// Where.
        at: Position,
        /// Why.
        source: KeyError,
    },
    /// One key twice.
    #[error("the key {key} is there twice: at {first} and at {second}")]
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
        "{full:?} at {full_at} is a full key, {relative:?} at {relative_at} a relative name: all must be one or the other"
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
    #[error("{name:?} is an object that holds no key, at {at}; --flat takes objects for values")]
    EmptyObject {
        /// Its name.
        name: String,
        /// Where.
        at: Position,
    },
    /// A value that breaks a rule of values.
    #[error("the value of {key} can't be taken, at {at}")]
    Value {
        /// Its key.
        key: Key,
        /// Where.
        at: Position,
        /// Why.
        source: ValueError,
    },
    /// A value that the format can't hold.
    #[error("{format} can't hold the value of {key}: {reason}")]
    Unfit {
        /// The format.
        format: DataFormat,
        /// The key.
        key: Key,
        /// Why.
        reason: &'static str,
    },
    /// A tree can't hold a value and members in one place.
    #[error("nested {format} can't hold both {key} and {below}")]
    AlsoPrefix {
        /// The format.
        format: DataFormat,
        /// The key.
        key: Key,
        /// A key below it.
        below: Key,
    },
    /// A key that isn't below the prefix that names are relative to.
    #[error("the key {key} doesn't lie below {prefix}")]
    Outside {
        /// The key.
        key: Key,
        /// The prefix.
        prefix: Prefix,
    },
    /// A key without a name that the format takes.
    #[error("{format} can't name the key {key}: {reason}")]
    Unnamed {
        /// The format.
        format: DataFormat,
        /// The key.
        key: Key,
        /// Why.
        reason: &'static str,
    },
    /// Two keys with one name.
    #[error("the keys {first} and {second} would both be {name} in {format}")]
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
    /// A key that can't be the name of a variable.
    #[error(transparent)]
    EnvName(#[from] EnvNameError),
}

impl FormatError {
    /// What sort of failure this is.
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
