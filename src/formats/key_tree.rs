//! Flat and nested: how json and yaml hold keys, whichever of the two it is.

use std::collections::BTreeMap;

use super::layout::{ParsedItems, key_below, parse_key};
use super::position::At;
use super::{DataFormat, FormatError, Layout};
use crate::model::{Encoding, Key, Prefix, Value, ValueKind};

/// What is written in one place: a value, or members in order.
pub(super) enum KeyTree<'i> {
    Value(&'i Key, &'i Value),
    Members(BTreeMap<&'i str, KeyTree<'i>>),
}

/// Lays keys out as the members of one object.
pub(super) fn tree<'i>(
    format: DataFormat,
    items: &'i [(Key, Value)],
    layout: &Layout,
) -> Result<BTreeMap<&'i str, KeyTree<'i>>, FormatError> {
    let mut members = BTreeMap::new();
    for (key, value) in items {
        let is_json = value.kind() == ValueKind::Json;
        let is_object = is_json && value.bytes().trim_ascii_start().starts_with(b"{");
        if is_object && (layout.nested || layout.relative && !layout.flat) {
            return Err(FormatError::ObjectAsKeys {
                format,
                key: key.clone(),
                nested: layout.nested,
            });
        }
        if layout.nested {
            put(&mut members, layout.relative_name(key)?, key, value)
                .map_err(|(key, below)| FormatError::AlsoPrefix { format, key, below })?;
        } else {
            members.insert(layout.flat_name(key)?, KeyTree::Value(key, value));
        }
    }
    Ok(members)
}

fn put<'i>(
    members: &mut BTreeMap<&'i str, KeyTree<'i>>,
    path: &'i str,
    key: &'i Key,
    value: &'i Value,
) -> Result<(), (Key, Key)> {
    match path.split_once('/') {
        Some((segment, rest)) => {
            let place = members
                .entry(segment)
                .or_insert_with(|| KeyTree::Members(BTreeMap::new()));
            match place {
                KeyTree::Members(members) => put(members, rest, key, value),
                KeyTree::Value(above, _) => Err(((*above).clone(), key.clone())),
            }
        }
        None => match members.insert(path, KeyTree::Value(key, value)) {
            Some(KeyTree::Members(members)) => Err((key.clone(), a_key_of(&members, key).clone())),
            _ => Ok(()),
        },
    }
}

fn a_key_of<'i>(members: &BTreeMap<&'i str, KeyTree<'i>>, fallback: &'i Key) -> &'i Key {
    match members.values().next() {
        Some(KeyTree::Value(key, _)) => key,
        Some(KeyTree::Members(members)) => a_key_of(members, fallback),
        None => fallback,
    }
}

/// A part of a document that is read.
pub(super) trait DocumentNode<'t>: Sized {
    /// Where it stands.
    fn at(&self) -> At<'t>;

    /// Its members in order if it is an object, else itself.
    fn parts(self) -> Result<NodeParts<Self>, FormatError>;

    /// It as a value: of strings the text, of all the rest their JSON.
    fn value(self) -> Result<(Vec<u8>, Encoding), FormatError>;
}

/// What a part of a document comes apart into.
pub(super) enum NodeParts<N> {
    Members(Vec<(String, N)>),
    Value(N),
}

/// The keys and values that the members of a document are.
pub(super) fn items<'t, N: DocumentNode<'t>>(
    members: Vec<(String, N)>,
    layout: &Layout,
) -> Result<Vec<(Key, Value)>, FormatError> {
    let full = members.iter().find(|(name, _)| name.starts_with('/'));
    let relative = members.iter().find(|(name, _)| !name.starts_with('/'));
    if let (Some((full, full_node)), Some((relative, relative_node))) = (full, relative) {
        return Err(FormatError::Mixed {
            full: full.clone(),
            full_at: full_node.at().position(),
            relative: relative.clone(),
            relative_at: relative_node.at().position(),
        });
    }
    let is_full = full.is_some();
    let mut found = ParsedItems::new();
    for (name, node) in members {
        let at = node.at();
        if is_full || layout.flat {
            let key = if is_full {
                parse_key(&name, &name, at)?
            } else {
                key_below(&layout.prefix, &name, at)?
            };
            let (bytes, encoding) = node.value()?;
            found.add_key(key, bytes, encoding, at)?;
        } else {
            descend(&layout.prefix, name, node, &mut found)?;
        }
    }
    Ok(found.into_items())
}

fn descend<'t, N: DocumentNode<'t>>(
    prefix: &Prefix,
    name: String,
    node: N,
    found: &mut ParsedItems<'t>,
) -> Result<(), FormatError> {
    let at = node.at();
    // Checked on the way down, which also bounds how deep the way is.
    let key = key_below(prefix, &name, at)?;
    match node.parts()? {
        NodeParts::Members(members) if members.is_empty() => Err(FormatError::EmptyObject {
            name,
            at: at.position(),
        }),
        NodeParts::Members(members) => members
            .into_iter()
            .try_for_each(|(member, node)| descend(prefix, format!("{name}/{member}"), node, found)),
        NodeParts::Value(node) => {
            let (bytes, encoding) = node.value()?;
            found.add_key(key, bytes, encoding, at)
        }
    }
}
