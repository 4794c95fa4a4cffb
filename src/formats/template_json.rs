//! Objects and arrays of JSON values in templates.

use std::fmt;
use std::sync::{Arc, OnceLock};

use minijinja::value::{Enumerator, Object, ObjectRepr, Value as Shown};

use super::JsonDocument;

/// The text of an object or array, which is parsed once, when a part of it is read: a template that reads a key over and
/// over takes no more memory.
#[derive(Debug)]
struct JsonText {
    text: String,
    /// None where it is nested too deep to be parsed.
    document: OnceLock<Option<JsonDocument>>,
}

/// A part of it that is an object or array itself: written as JSON, the whole as its source.
#[derive(Debug)]
struct JsonPart {
    of: Arc<JsonText>,
    /// The numbers of the members and items that lead to it.
    path: Vec<usize>,
}

/// An object or array as a template sees it; none if the text is another JSON value.
pub(super) fn json_container(text: &str) -> Option<Shown> {
    let text = text.trim_ascii();
    text.starts_with(['{', '[']).then(|| {
        Shown::from_object(JsonPart {
            of: Arc::new(JsonText {
                text: text.to_owned(),
                document: OnceLock::new(),
            }),
            path: Vec::new(),
        })
    })
}

/// A JSON value other than an object or array: truth values, whole numbers and null are themselves, other numbers are text.
pub(super) fn json_scalar(source: &str) -> Shown {
    match source {
        "null" => Shown::from(()),
        "true" => Shown::from(true),
        "false" => Shown::from(false),
        text => text
            .parse::<i64>()
            .map_or_else(|_| Shown::from(text), Shown::from),
    }
}

impl JsonPart {
    fn document(&self) -> Option<&JsonDocument> {
        let parsed = self
            .of
            .document
            .get_or_init(|| JsonDocument::parse(&self.of.text).ok());
        self.path
            .iter()
            .try_fold(parsed.as_ref()?, |document, index| match document {
                JsonDocument::Array(items) => items.get(*index),
                JsonDocument::Object(members) => members.get(*index).map(|(_, member)| member),
                _ => None,
            })
    }

    fn part(&self, index: usize, document: &JsonDocument) -> Shown {
        match document {
            JsonDocument::Null => json_scalar("null"),
            JsonDocument::Bool(is) => Shown::from(*is),
            JsonDocument::Number(text) => json_scalar(text),
            JsonDocument::String(text) => Shown::from(text.as_str()),
            JsonDocument::Array(_) | JsonDocument::Object(_) => Shown::from_object(Self {
                of: Arc::clone(&self.of),
                path: self.path.iter().copied().chain([index]).collect(),
            }),
        }
    }
}

impl Object for JsonPart {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        let is_list = if self.path.is_empty() {
            self.of.text.starts_with('[')
        } else {
            matches!(self.document(), Some(JsonDocument::Array(_)))
        };
        if is_list { ObjectRepr::Seq } else { ObjectRepr::Map }
    }

    fn get_value(self: &Arc<Self>, name: &Shown) -> Option<Shown> {
        match self.document()? {
            JsonDocument::Array(items) => {
                let index = name.as_usize()?;
                Some(self.part(index, items.get(index)?))
            }
            JsonDocument::Object(members) => {
                let name = name.as_str()?;
                // Of a name that is there twice, the last counts, as for most readers.
                let index = members.iter().rposition(|(member, _)| member == name)?;
                Some(self.part(index, &members[index].1))
            }
            _ => None,
        }
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        match self.document() {
            Some(JsonDocument::Array(items)) => Enumerator::Seq(items.len()),
            Some(JsonDocument::Object(members)) => Enumerator::Values(
                members
                    .iter()
                    .map(|(name, _)| Shown::from(name.as_str()))
                    .collect(),
            ),
            _ => Enumerator::NonEnumerable,
        }
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.document() {
            _ if self.path.is_empty() => f.write_str(&self.of.text),
            Some(document) => fmt::Display::fmt(document, f),
            None => Err(fmt::Error),
        }
    }
}
