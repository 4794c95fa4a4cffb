//! Reading a YAML document. Tags of one's own and second documents are refused, and what aliases repeat is bounded, so that a
//! small file can't become a large tree.

use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Tag};

use super::yaml_anchors::{YamlAnchors, merged};
use super::yaml_node::{YamlContent, YamlNode};
use super::{DataFormat, FormatError, JsonDocument, Position};

/// What is open while events come.
struct OpenCollection {
    at: Position,
    start: usize,
    flow: bool,
    /// The number of its anchor, or 0.
    anchor: usize,
    names: Option<HashSet<String>>,
    name: Option<String>,
    /// Whether the next value is of a merge key.
    is_merge: bool,
    /// What merge keys add, unless the mapping has the name itself.
    merged: Vec<(String, YamlNode)>,
    items: Vec<YamlNode>,
    members: Vec<(String, YamlNode)>,
}

pub(super) struct YamlDocument<'t> {
    format: DataFormat,
    text: &'t str,
    /// How many characters and bytes have been gone past.
    gone: (usize, usize),
    open: Vec<OpenCollection>,
    anchors: YamlAnchors,
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
            anchors: YamlAnchors::default(),
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
            Event::Alias(anchor) => self.alias(anchor, at),
            Event::Scalar(text, style, anchor, tag) => {
                self.scalar(text.into_owned(), style, anchor, tag.as_deref(), at)
            }
            Event::SequenceStart(anchor, tag) => self.begin(false, "seq", anchor, tag.as_deref(), start),
            Event::MappingStart(anchor, tag) => self.begin(true, "map", anchor, tag.as_deref(), start),
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
        anchor: usize,
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
        if self.expects_name() {
            return Err(self.fault("a name must be a string", at));
        }
        let mut start = self.byte(start.index());
        let rest = &self.text[start..];
        if rest.starts_with('&') {
            let name = rest.find(char::is_whitespace).unwrap_or(rest.len());
            start += rest.len() - rest[name..].trim_start().len();
        }
        self.open.push(OpenCollection {
            at,
            start,
            flow: self.text[start..].starts_with(['{', '[']),
            anchor,
            names: mapping.then(HashSet::new),
            name: None,
            is_merge: false,
            merged: Vec::new(),
            items: Vec::new(),
            members: Vec::new(),
        });
        Ok(())
    }

    fn end(&mut self, end: Marker) -> Result<(), FormatError> {
        let Some(mut open) = self.open.pop() else {
            return Ok(());
        };
        let end = self.byte(end.index());
        let source = self.text[open.start..end.max(open.start)].trim_ascii();
        let source = Some(source)
            .filter(|source| open.flow && serde_json::from_str::<serde::de::IgnoredAny>(source).is_ok())
            .map(str::to_owned);
        let content = match open.names {
            Some(mut names) => {
                // Those of an earlier merge go before those of a later one.
                let merged = open.merged.into_iter();
                open.members
                    .extend(merged.filter(|(name, _)| names.insert(name.clone())));
                YamlContent::Members(open.members, source)
            }
            None => YamlContent::Items(open.items, source),
        };
        self.define_and_put(content, open.anchor, open.at)
    }

    fn scalar(
        &mut self,
        text: String,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<&Tag>,
        at: Position,
    ) -> Result<(), FormatError> {
        let plain = style == ScalarStyle::Plain;
        if self.expects_name() {
            if tag.is_some() {
                return Err(self.fault("a name must be a string", at));
            }
            self.define(&self.node(YamlContent::Text(text.clone()), at), anchor)?;
            return self.name(text, plain, at);
        }
        let content = match tag {
            None if plain => resolved(text),
            None => YamlContent::Text(text),
            Some(tag) => match tagged(&text, tag) {
                Some(content) => content,
                None => return Err(self.fault("the tag is unsupported or does not match its value", at)),
            },
        };
        self.define_and_put(content, anchor, at)
    }

    /// Whether a mapping is open whose next part is a name.
    fn expects_name(&self) -> bool {
        let open = self.open.last();
        open.is_some_and(|open| open.names.is_some() && open.name.is_none())
    }

    fn name(&mut self, text: String, plain: bool, at: Position) -> Result<(), FormatError> {
        if let Some(open) = self.open.last_mut()
            && let Some(names) = &mut open.names
        {
            open.is_merge = plain && text == "<<";
            if !names.insert(text.clone()) {
                return Err(self.fault("duplicate name in a mapping", at));
            }
            open.name = Some(text);
        }
        Ok(())
    }

    fn alias(&mut self, anchor: usize, at: Position) -> Result<(), FormatError> {
        let copy = self.anchors.copy(anchor, self.open.len());
        let copy = copy.map_err(|problem| self.fault(problem, at))?;
        if !self.expects_name() {
            return self.put(YamlNode { at, ..copy });
        }
        match copy.content {
            YamlContent::Text(text) => self.name(text, false, at),
            _ => Err(self.fault("a name must be a string", at)),
        }
    }

    fn node(&self, content: YamlContent, at: Position) -> YamlNode {
        let format = self.format;
        YamlNode { format, at, content }
    }

    /// Defines the anchor of a node, if it has one.
    fn define(&mut self, node: &YamlNode, anchor: usize) -> Result<(), FormatError> {
        if anchor == 0 {
            return Ok(());
        }
        let defined = self.anchors.define(anchor, node);
        defined.map_err(|problem| self.fault(problem, node.at))
    }

    fn define_and_put(
        &mut self,
        content: YamlContent,
        anchor: usize,
        at: Position,
    ) -> Result<(), FormatError> {
        let node = self.node(content, at);
        self.define(&node, anchor)?;
        self.put(node)
    }

    fn put(&mut self, node: YamlNode) -> Result<(), FormatError> {
        let at = node.at;
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(open) => match (&open.names, open.name.take()) {
                (Some(_), Some(_)) if open.is_merge => {
                    let Some(members) = merged(node) else {
                        let problem = "a merge key takes a mapping or a list of mappings";
                        return Err(self.fault(problem, at));
                    };
                    open.merged.extend(members);
                }
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
