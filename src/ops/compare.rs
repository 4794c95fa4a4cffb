use std::collections::BTreeMap;

use crate::model::Value;

/// How one name differs between two sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ValueDifference<L, R> {
    /// Only the right side has it.
    Added(R),
    /// Only the left side has it.
    Removed(L),
    /// Both have it, with different values.
    Changed(L, R),
    /// Both have it, with the same value.
    Same(L, R),
}

impl<L, R> ValueDifference<L, R> {
    /// What the right side has.
    pub fn right(&self) -> Option<&R> {
        match self {
            Self::Removed(_) => None,
            Self::Added(right) | Self::Changed(_, right) | Self::Same(_, right) => Some(right),
        }
    }

    /// What the left side has.
    pub fn left(&self) -> Option<&L> {
        match self {
            Self::Added(_) => None,
            Self::Removed(left) | Self::Changed(left, _) | Self::Same(left, _) => Some(left),
        }
    }
}

/// Compares two sides name by name, in order. Values are the same where kind and bytes are.
pub fn compare<N: Ord, L: AsRef<Value>, R: AsRef<Value>>(
    left: BTreeMap<N, L>,
    mut right: BTreeMap<N, R>,
) -> BTreeMap<N, ValueDifference<L, R>> {
    let mut all: BTreeMap<N, ValueDifference<L, R>> = left
        .into_iter()
        .map(|(name, left)| {
            let difference = match right.remove(&name) {
                None => ValueDifference::Removed(left),
                Some(right) if left.as_ref() == right.as_ref() => ValueDifference::Same(left, right),
                Some(right) => ValueDifference::Changed(left, right),
            };
            (name, difference)
        })
        .collect();
    all.extend(
        right
            .into_iter()
            .map(|(name, right)| (name, ValueDifference::Added(right))),
    );
    all
}
