use std::cell::RefCell;
use std::fmt::{self, Display};
use std::mem::take;

use serde::de::{self, Expected, Unexpected};

use super::ClientError;

/// Why a value is not of a type, and where. It never quotes the value.
#[derive(Debug)]
pub(super) struct Misfit {
    at: Option<String>,
    problem: String,
    found: Option<Scrap>,
}

/// What a type refused, in a form by which the node that gave it is found. serde keeps what it buffers as it
/// was given, so that a text is known by where it lies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Scrap {
    Text {
        address: usize,
        len: usize,
    },
    Bool(bool),
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    List,
    /// Keys, or a JSON object.
    Map,
    /// Any of a JSON document.
    Document,
}

thread_local! {
    /// The texts that types refused since the last [`start_watching`].
    static REFUSED: RefCell<Vec<Scrap>> = const { RefCell::new(Vec::new()) };
}

/// Forgets the texts that were refused. serde swallows errors, where it tries one variant after another.
pub(super) fn start_watching() {
    REFUSED.with_borrow_mut(Vec::clear);
}

/// Returns the texts that were refused since [`start_watching`].
pub(super) fn refused_texts() -> Vec<Scrap> {
    REFUSED.with_borrow_mut(take)
}

impl Scrap {
    pub(super) fn of_text(text: &str) -> Self {
        Self::Text {
            address: text.as_ptr().addr(),
            len: text.len(),
        }
    }

    fn of(found: &Unexpected<'_>) -> Option<Self> {
        Some(match *found {
            Unexpected::Str(text) => Self::of_text(text),
            Unexpected::Bool(value) => Self::Bool(value),
            Unexpected::Unsigned(number) => Self::Unsigned(number),
            Unexpected::Signed(number) => Self::Signed(number),
            Unexpected::Float(number) => Self::Float(number),
            Unexpected::Seq => Self::List,
            Unexpected::Map => Self::Map,
            _ => return None,
        })
    }
}

impl Misfit {
    /// The same, found at that key or below that prefix, unless a place deeper down is known.
    pub(super) fn at(mut self, place: &str) -> Self {
        self.at.get_or_insert_with(|| place.to_owned());
        self
    }

    /// The same, found at that key, which is deeper down than what is known.
    pub(super) fn moved_to(self, place: String) -> Self {
        Self {
            at: Some(place),
            ..self
        }
    }

    /// The key or prefix that is known.
    pub(super) fn place(&self) -> Option<&str> {
        self.at.as_deref()
    }

    /// What was refused, where that is known.
    pub(super) fn found(&self) -> Option<Scrap> {
        self.found
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
            found: None,
        }
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let scrap = Scrap::of(&found);
        if let Some(text @ Scrap::Text { .. }) = scrap {
            REFUSED.with_borrow_mut(|refused| refused.push(text));
        }
        Self {
            found: scrap,
            ..Self::custom(format!("it is {}, not {expected}", sort(found)))
        }
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self {
            found: Scrap::of(&found),
            ..Self::custom(format!("it is {} that is not {expected}", sort(found)))
        }
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        Self {
            found: Some(Scrap::of_text(variant)),
            ..Self::custom(format!("it is none of {}", expected.join(", ")))
        }
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
