//! A YAML document as a tree that knows where its parts stand.

use super::key_tree::{DocumentNode, NodeParts};
use super::position::At;
use super::{DataFormat, FormatError, JsonDocument, Position};
use crate::model::Encoding;

#[derive(Debug, Clone)]
pub(super) struct YamlNode {
    pub(super) format: DataFormat,
    pub(super) at: Position,
    pub(super) content: YamlContent,
}

#[derive(Debug, Clone)]
pub(super) enum YamlContent {
    Text(String),
    Bytes(Vec<u8>),
    /// `null`, a truth value, or a number with its source text.
    Plain(JsonDocument),
    Items(Vec<YamlNode>, JsonSource),
    Members(Vec<(String, YamlNode)>, JsonSource),
}

/// The text of what is written in brackets, where it is JSON as it stands.
pub(super) type JsonSource = Option<String>;

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
