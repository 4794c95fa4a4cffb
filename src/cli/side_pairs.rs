//! Where the keys of one side come to on the other.

use std::collections::BTreeMap;

use super::failure::Failure;
use super::sides::{SideContent, SideKind};
use crate::model::{Entry, ErrorKind, Key, Side};

/// The entries of the first side, each with its key on the second.
///
/// Fails where the sides are of different kinds, and where a name is not a valid key there.
pub(super) fn pairs(content: SideContent, from: &Side, to: &Side) -> Result<Vec<(Entry, Key)>, Failure> {
    let pairs = match content.kind {
        Some(SideKind::Key) => {
            let key = only_key(from, to)?;
            content
                .entries
                .into_values()
                .map(|entry| (entry, key.clone()))
                .collect()
        }
        _ => below(content.entries, to)?,
    };
    let outside = pairs.iter().find(|(_, key)| !key.section().is_root());
    if let Some((_, key)) = outside.filter(|_| to.below.is_root_section()) {
        return Err(Failure::new(
            ErrorKind::Invalid,
            format!("{key} is not a key at the root: {to} has only those"),
        ));
    }
    Ok(pairs)
}

/// The second side's key; in a whole config, that of the first side.
fn only_key<'s>(from: &'s Side, to: &'s Side) -> Result<&'s Key, Failure> {
    let key = if to.prefix().is_all() { &from.key } else { &to.key };
    key.as_ref().ok_or_else(|| {
        let path = from.key.as_ref().map_or("", Key::as_str);
        let name = path.rsplit('/').next().unwrap_or_default();
        Failure::new(
            ErrorKind::Invalid,
            format!("{from} is a key, but {to} is a prefix: both must be of one kind"),
        )
        .hint(format!("write {}{name}", to.prefix().with_slash()))
    })
}

fn below(entries: BTreeMap<String, Entry>, to: &Side) -> Result<Vec<(Entry, Key)>, Failure> {
    let pair = |(name, entry)| {
        let path = format!("{}{name}", to.prefix().with_slash());
        let key = path.parse().map_err(|error| {
            Failure::caused(ErrorKind::Invalid, format!("no key can be called {path}"), &error)
        })?;
        Ok((entry, key))
    };
    entries.into_iter().map(pair).collect()
}

/// The first line of a plan: what is meant by both sides.
pub(super) fn title(action: &str, kind: Option<SideKind>, from: &Side, to: &Side) -> String {
    format!("{action} {} to {}", described(from, kind), described(to, kind))
}

fn described(side: &Side, kind: Option<SideKind>) -> String {
    match kind {
        _ if side.is_whole_config() && side.config.is_none() => "all keys".into(),
        _ if side.is_whole_config() => format!("config {side}"),
        _ if side.below.is_root_section() => format!("the keys at the root ({side})"),
        Some(SideKind::Key) => format!("key {side}"),
        _ => {
            let prefix = Side {
                key: None,
                ..side.clone()
            };
            format!("prefix {prefix}")
        }
    }
}
