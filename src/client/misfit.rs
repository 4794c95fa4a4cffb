use std::fmt::{self, Display};

use serde::de::{self, Expected, Unexpected};

use super::ClientError;

/// Why a value is not of a type, and where. It never quotes the value.
#[derive(Debug)]
pub(super) struct Misfit {
    at: Option<String>,
    problem: String,
}

impl Misfit {
    /// The same, found at that key or below that prefix, unless a place deeper down is known.
    pub(super) fn at(mut self, place: &str) -> Self {
        self.at.get_or_insert_with(|| place.to_owned());
        self
    }
}

impl From<Misfit> for ClientError {
    fn from(misfit: Misfit) -> Self {
        Self::Misfit {
            at: misfit.at.unwrap_or_default(),
            problem: misfit.problem,
        }
    }
}

impl std::error::Error for Misfit {}

impl Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.problem)
    }
}

impl de::Error for Misfit {
    fn custom<T: Display>(problem: T) -> Self {
        Self {
            at: None,
            problem: problem.to_string(),
        }
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::custom(format!("it is {}, not {expected}", sort(found)))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::custom(format!("it is {} that is not {expected}", sort(found)))
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        Self::custom(format!("it is none of {}", expected.join(", ")))
    }
}

fn sort(found: Unexpected<'_>) -> &'static str {
    match found {
        Unexpected::Bool(_) => "a boolean",
        Unexpected::Unsigned(_) | Unexpected::Signed(_) | Unexpected::Float(_) => "a number",
        Unexpected::Char(_) | Unexpected::Str(_) => "text",
        Unexpected::Bytes(_) => "bytes",
        Unexpected::Unit | Unexpected::Option => "null",
        Unexpected::Seq => "a list",
        Unexpected::Map => "keys or an object",
        _ => "something else",
    }
}
