//! What aliases of a YAML document repeat.

use std::collections::HashMap;

use super::JsonDocument;
use super::yaml_node::{YamlContent, YamlNode};

/// The most that all anchors and aliases of a document take, in bytes: their texts, and a fixed part for each node. A real file
/// repeats little; of an attack, in which each anchor repeats the one before, nothing more is ever built.
const MAX_REPEATED: usize = 16_000_000;
/// The part of a node without its text.
const NODE: usize = 128;

/// The anchors so far. One that is defined again gets another number.
#[derive(Default)]
pub(super) struct YamlAnchors {
    nodes: HashMap<usize, AnchoredNode>,
    repeated: usize,
}

struct AnchoredNode {
    node: YamlNode,
    size: NodeSize,
}

/// What a node takes with all that is in it.
#[derive(Clone, Copy, Default)]
struct NodeSize {
    bytes: usize,
    /// Its levels, 0 for a scalar.
    depth: usize,
}

impl YamlAnchors {
    /// Keeps a copy of a node that aliases can repeat, unless all of them take too much.
    pub(super) fn define(&mut self, anchor: usize, node: &YamlNode) -> Result<(), &'static str> {
        let size = NodeSize::of(node);
        self.count(size.bytes)?;
        let node = node.clone();
        self.nodes.insert(anchor, AnchoredNode { node, size });
        Ok(())
    }

    fn count(&mut self, bytes: usize) -> Result<(), &'static str> {
        self.repeated += bytes;
        if self.repeated > MAX_REPEATED {
            return Err("anchors and aliases take more than 16,000,000 bytes");
        }
        Ok(())
    }

    /// The node that an alias at that depth repeats, or what is wrong with it.
    pub(super) fn copy(&mut self, anchor: usize, depth: usize) -> Result<YamlNode, &'static str> {
        const PART_OF_ITSELF: &str = "an alias must not repeat what it is a part of";
        let size = self.nodes.get(&anchor).ok_or(PART_OF_ITSELF)?.size;
        if depth + size.depth > JsonDocument::MAX_DEPTH {
            return Err("nested deeper than 128 levels");
        }
        self.count(size.bytes)?;
        self.nodes
            .get(&anchor)
            .map(|found| found.node.clone())
            .ok_or(PART_OF_ITSELF)
    }
}

impl NodeSize {
    fn of(node: &YamlNode) -> Self {
        let source = |source: &Option<String>| source.as_ref().map_or(0, String::len);
        let (own, children): (usize, Vec<Self>) = match &node.content {
            YamlContent::Text(text) => (text.len(), Vec::new()),
            YamlContent::Bytes(bytes) => (bytes.len(), Vec::new()),
            YamlContent::Plain(json) => (json.to_string().len(), Vec::new()),
            YamlContent::Items(items, text) => (source(text), items.iter().map(Self::of).collect()),
            YamlContent::Members(members, text) => {
                let names: usize = members.iter().map(|(name, _)| name.len()).sum();
                let sizes = members.iter().map(|(_, member)| Self::of(member));
                (names + source(text), sizes.collect())
            }
        };
        let is_scalar = !matches!(node.content, YamlContent::Items(..) | YamlContent::Members(..));
        let deepest = children.iter().map(|child| child.depth).max().unwrap_or_default();
        Self {
            bytes: NODE + own + children.iter().map(|child| child.bytes).sum::<usize>(),
            depth: if is_scalar { 0 } else { deepest + 1 },
        }
    }
}

/// The members that the value of a merge key adds, those of an earlier mapping first; none if it has no members.
pub(super) fn merged(node: YamlNode) -> Option<Vec<(String, YamlNode)>> {
    match node.content {
        YamlContent::Members(members, _) => Some(members),
        YamlContent::Items(items, _) => {
            let each = items.into_iter().map(|item| match item.content {
                YamlContent::Members(members, _) => Some(members),
                _ => None,
            });
            let each: Option<Vec<_>> = each.collect();
            each.map(|each| each.into_iter().flatten().collect())
        }
        _ => None,
    }
}
