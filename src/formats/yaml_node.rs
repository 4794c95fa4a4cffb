//! A YAML document as a tree that knows where its parts stand. Anchors, tags of one's own and second documents are
//! refused, so that a small file can't become a large tree.

use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Tag};

use super::key_tree::{DocumentNode, NodeParts};
use super::position::At;
use super::{DataFormat, FormatError, JsonDocument, Position};
use crate::model::Encoding;

pub(super) struct YamlNode {
    format: DataFormat,
    at: Position,
    pub(super) content: YamlContent,
}

pub(super) enum YamlContent {
    Text(String),
    Bytes(Vec<u8>),
    /// `null`, a truth value, or a number with its source text.
    Plain(JsonDocument),
    Items(Vec<YamlNode>, JsonSource),
    Members(Vec<(String, YamlNode)>, JsonSource),
}

/// The text of what is written in brackets, where it is JSON as it stands.
type JsonSource = Option<String>;

/// What is open while events come.
struct OpenCollection {
    at: Position,
    start: usize,
    flow: bool,
    names: Option<HashSet<String>>,
    name: Option<String>,
    items: Vec<YamlNode>,
    members: Vec<(String, YamlNode)>,
}

pub(super) struct YamlDocument<'t> {
    format: DataFormat,
    text: &'t str,
    /// How many characters and bytes have been gone past.
    gone: (usize, usize),
    open: Vec<OpenCollection>,
    root: Option<YamlNode>,
}

impl<'t> YamlDocument<'t> {
    /// Reads the one document of a text.
    pub(super) fn read(format: DataFormat, text: &'t str) -> Result<YamlNode, FormatError> {
        let mut document = Self {
            format,
            text,
            gone: (0, 0),
            open: Vec::new(),
            root: None,
        };
        let mut documents = 0;
        for event in Parser::new_from_str(text) {
            let (event, span) = event.map_err(|error| {
                let at = position(*error.marker());
                FormatError::syntax(format, error.info().to_owned(), at)
            })?;
            if matches!(event, Event::DocumentStart(_)) {
                documents += 1;
            }
            if documents > 1 {
                return Err(document.fault("expected one document, found a second", position(span.start)));
            }
            document.take(event, span.start, span.end)?;
        }
        let nothing = Position::of(text, text.len());
        let root = document.root.take();
        root.ok_or_else(|| document.fault("the file is empty", nothing))
    }

    fn fault(&self, problem: &'static str, at: Position) -> FormatError {
        FormatError::syntax(self.format, problem, at)
    }

    fn take(&mut self, event: Event<'t>, start: Marker, end: Marker) -> Result<(), FormatError> {
        let at = position(start);
        match event {
            Event::Alias(_) => Err(self.fault("aliases are not supported: write the value out", at)),
            Event::Scalar(_, _, anchor, _)
            | Event::SequenceStart(anchor, _)
            | Event::MappingStart(anchor, _)
                if anchor != 0 =>
            {
                Err(self.fault("anchors are not supported: write the value out", at))
            }
            Event::Scalar(text, style, _, tag) => self.scalar(text.into_owned(), style, tag.as_deref(), at),
            Event::SequenceStart(_, tag) => self.begin(false, "seq", tag.as_deref(), start),
            Event::MappingStart(_, tag) => self.begin(true, "map", tag.as_deref(), start),
            Event::SequenceEnd | Event::MappingEnd => self.end(end),
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => Ok(()),
        }
    }

    fn begin(
        &mut self,
        mapping: bool,
        kind: &str,
        tag: Option<&Tag>,
        start: Marker,
    ) -> Result<(), FormatError> {
        let at = position(start);
        if tag.is_some_and(|tag| !(tag.is_yaml_core_schema() && tag.suffix == kind)) {
            return Err(self.fault("unsupported tag", at));
        }
        if self.open.len() >= JsonDocument::MAX_DEPTH {
            return Err(self.fault("nested deeper than 128 levels", at));
        }
        if let Some(open) = self.open.last()
            && open.names.is_some()
            && open.name.is_none()
        {
            return Err(self.fault("a name must be a string", at));
        }
        let start = self.byte(start.index());
        self.open.push(OpenCollection {
            at,
            start,
            flow: self.text[start..].starts_with(['{', '[']),
            names: mapping.then(HashSet::new),
            name: None,
            items: Vec::new(),
            members: Vec::new(),
        });
        Ok(())
    }

    fn end(&mut self, end: Marker) -> Result<(), FormatError> {
        let Some(open) = self.open.pop() else {
            return Ok(());
        };
        let end = self.byte(end.index());
        let source = self.text[open.start..end.max(open.start)].trim_ascii();
        let source = Some(source)
            .filter(|source| open.flow && serde_json::from_str::<serde::de::IgnoredAny>(source).is_ok())
            .map(str::to_owned);
        let content = match open.names {
            Some(_) => YamlContent::Members(open.members, source),
            None => YamlContent::Items(open.items, source),
        };
        self.put(content, open.at)
    }

    fn scalar(
        &mut self,
        text: String,
        style: ScalarStyle,
        tag: Option<&Tag>,
        at: Position,
    ) -> Result<(), FormatError> {
        let plain = style == ScalarStyle::Plain;
        if let Some(open) = self.open.last_mut()
            && let Some(names) = &mut open.names
            && open.name.is_none()
        {
            let problem = if plain && text == "<<" {
                "merge keys are not supported: write the members out"
            } else if tag.is_some() {
                "a name must be a string"
            } else if !names.insert(text.clone()) {
                "duplicate name in a mapping"
            } else {
                open.name = Some(text);
                return Ok(());
            };
            return Err(self.fault(problem, at));
        }
        let content = match tag {
            None if plain => resolved(text),
            None => YamlContent::Text(text),
            Some(tag) => match tagged(&text, tag) {
                Some(content) => content,
                None => return Err(self.fault("the tag is unsupported or does not match its value", at)),
            },
        };
        self.put(content, at)
    }

    fn put(&mut self, content: YamlContent, at: Position) -> Result<(), FormatError> {
        let node = YamlNode {
            format: self.format,
            at,
            content,
        };
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(open) => match (&open.names, open.name.take()) {
                (Some(_), Some(name)) => open.members.push((name, node)),
                (Some(_), None) => return Err(self.fault("a name must be a string", at)),
                (None, _) => open.items.push(node),
            },
        }
        Ok(())
    }

    /// Where the character of that number begins. Numbers only rise.
    fn byte(&mut self, index: usize) -> usize {
        let (characters, bytes) = self.gone;
        let rest = &self.text[bytes..];
        let step = index.saturating_sub(characters);
        let offset = rest
            .char_indices()
            .nth(step)
            .map_or(rest.len(), |(offset, _)| offset);
        self.gone = (characters.max(index), bytes + offset);
        self.gone.1
    }
}

/// The value that a tag makes of a text: none where it isn't a tag of the core schema or the text doesn't fit.
fn tagged(text: &str, tag: &Tag) -> Option<YamlContent> {
    let core = tag.is_yaml_core_schema() || (tag.handle.is_empty() && tag.suffix == "!");
    let kind = if core { tag.suffix.as_str() } else { return None };
    match kind {
        "str" | "!" => Some(YamlContent::Text(text.to_owned())),
        "binary" => {
            let base64: String = text.split_ascii_whitespace().collect();
            STANDARD.decode(base64).ok().map(YamlContent::Bytes)
        }
        "null" | "bool" | "int" | "float" => match (kind, resolved(text.to_owned())) {
            ("null", content @ YamlContent::Plain(JsonDocument::Null))
            | ("bool", content @ YamlContent::Plain(JsonDocument::Bool(_)))
            | ("int" | "float", content @ YamlContent::Plain(JsonDocument::Number(_))) => Some(content),
            _ => None,
        },
        _ => None,
    }
}

fn position(marker: Marker) -> Position {
    Position {
        line: marker.line(),
        column: marker.col() + 1,
    }
}

/// What a plain scalar is: `null`, a truth value or a number where JSON could write it so, else text. A number of
/// YAML's own, such as `0x1f`, stays the text that it is.
fn resolved(text: String) -> YamlContent {
    match text.as_str() {
        "" | "~" | "null" | "Null" | "NULL" => YamlContent::Plain(JsonDocument::Null),
        "true" | "True" | "TRUE" => YamlContent::Plain(JsonDocument::Bool(true)),
        "false" | "False" | "FALSE" => YamlContent::Plain(JsonDocument::Bool(false)),
        _ if is_json_number(&text) => YamlContent::Plain(JsonDocument::Number(text)),
        _ => YamlContent::Text(text),
    }
}

fn is_json_number(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit() || c == '-')
        && text.ends_with(|c: char| c.is_ascii_digit())
        && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

impl YamlNode {
    fn json(&self) -> Result<JsonDocument, FormatError> {
        Ok(match &self.content {
            YamlContent::Text(text) => JsonDocument::String(text.clone()),
            YamlContent::Plain(json) => json.clone(),
            YamlContent::Items(items, _) => {
                JsonDocument::Array(items.iter().map(Self::json).collect::<Result<_, _>>()?)
            }
            YamlContent::Members(members, _) => JsonDocument::Object(
                members
                    .iter()
                    .map(|(name, node)| Ok((name.clone(), node.json()?)))
                    .collect::<Result<_, FormatError>>()?,
            ),
            YamlContent::Bytes(_) => {
                let problem = "bytes are only allowed as a whole value";
                return Err(FormatError::syntax(self.format, problem, self.at));
            }
        })
    }
}

impl DocumentNode<'static> for YamlNode {
    fn at(&self) -> At<'static> {
        At::Known(self.at)
    }

    fn parts(self) -> Result<NodeParts<Self>, FormatError> {
        Ok(match self.content {
            YamlContent::Members(members, _) => NodeParts::Members(members),
            _ => NodeParts::Value(self),
        })
    }

    fn value(self) -> Result<(Vec<u8>, Encoding), FormatError> {
        Ok(match self.content {
            YamlContent::Text(text) => (text.into(), Encoding::Text),
            YamlContent::Bytes(bytes) => (bytes, Encoding::Detect),
            YamlContent::Items(_, Some(source)) | YamlContent::Members(_, Some(source)) => {
                (source.into(), Encoding::Json)
            }
            _ => (self.json()?.to_string().into(), Encoding::Json),
        })
    }
}
