//! How one difference is shown, for people and in JSON.

use std::fmt::Display;

use super::value_line::value_line;
use crate::model::{Value, ValueKind};
use crate::ops::{KeyChange, ValueDifference};
use crate::wire::ShownValue;

/// The sign and the word of what differs; none where nothing does.
pub(super) fn sign(change: &KeyChange) -> Option<(char, &'static str)> {
    match change {
        ValueDifference::Added(_) => Some(('+', "add")),
        ValueDifference::Changed(..) => Some(('~', "change")),
        ValueDifference::Removed(_) => Some(('-', "remove")),
        ValueDifference::Same(..) => None,
    }
}

/// The values of both sides, where they are to be shown.
pub(super) fn shown(change: &KeyChange, values: bool) -> (ShownValue<'_>, ShownValue<'_>) {
    if !values {
        return (None, None);
    }
    let left = change.left().map(|entry| (&entry.value, entry.secret));
    let right = match change {
        ValueDifference::Added(wanted)
        | ValueDifference::Changed(_, wanted)
        | ValueDifference::Same(_, wanted) => Some((&wanted.value, wanted.is_secret())),
        ValueDifference::Removed(_) => None,
    };
    (left, right)
}

/// The same with secrets shown.
pub(super) fn unmasked<'v>(
    (left, right): (ShownValue<'v>, ShownValue<'v>),
) -> (ShownValue<'v>, ShownValue<'v>) {
    let unmask = |shown: ShownValue<'v>| shown.map(|(value, _)| (value, false));
    (unmask(left), unmask(right))
}

/// The line for people of a key that differs, and its sign.
pub(super) fn line(key: &impl Display, change: &KeyChange, values: bool) -> Option<(char, String)> {
    let (sign, _) = sign(change)?;
    Some((
        sign,
        format!("{sign} {key}{}", beside(change, shown(change, values))),
    ))
}

/// The kinds before and after, where they alone differ.
pub(super) fn differing_kinds(change: &KeyChange) -> Option<(ValueKind, ValueKind)> {
    let ValueDifference::Changed(left, right) = change else {
        return None;
    };
    let kinds = (left.value.kind(), right.value.kind());
    (left.value.bytes() == right.value.bytes() && kinds.0 != kinds.1).then_some(kinds)
}

/// What follows a name that differs: the value, or both; the kinds where they alone differ.
pub(super) fn beside(change: &KeyChange, sides: (ShownValue<'_>, ShownValue<'_>)) -> String {
    let line = |(value, secret): (&Value, bool)| value_line(value, secret);
    if let Some((from, to)) = differing_kinds(change) {
        return match sides {
            (Some(left), Some(right)) => format!("\t{} ({from}) -> {} ({to})", line(left), line(right)),
            _ => format!("\t({from} -> {to})"),
        };
    }
    match sides {
        (Some(left), Some(right)) => format!("\t{} -> {}", line(left), line(right)),
        (Some(one), None) | (None, Some(one)) => format!("\t{}", line(one)),
        (None, None) => String::new(),
    }
}
