//! What the lines of a log say of the entries: whether they are all that is needed, and what they make of them.

use std::collections::BTreeMap;

use super::LogRange;
use crate::model::{Change, Entry, Key, LogPosition, PurgedValue, Revision, Timestamp};

/// How far back the lines of a range reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LogReach {
    /// As far as is needed: nothing that isn't there was under way.
    Whole,
    /// They are without a gap, but what came before the first of them may be under way as well as gone for good.
    Open,
    Gap,
}

impl LogReach {
    pub(super) fn of(lines: &[Change], range: &LogRange, settled: Timestamp, is_idle: bool) -> Self {
        let LogRange { since, upto, .. } = *range;
        let is_old = |line: &&Change| line.revision <= since && line.at < settled;
        // Of the commit of an old line, and of those before it, everything is visible.
        let old = lines.iter().take_while(is_old).last();
        let known = old.map(|line| line.revision).or(is_idle.then_some(since));
        let young = || lines.iter().skip_while(is_old);
        if is_run(young(), known.unwrap_or_default().next(), upto) {
            return Self::Whole;
        }
        match lines.first() {
            Some(first)
                if known.is_none()
                    && first.revision <= since.next()
                    && is_run(young(), first.revision, upto) =>
            {
                Self::Open
            }
            _ => Self::Gap,
        }
    }
}

/// Whether the lines are all those of every revision from one to another.
fn is_run<'l>(mut lines: impl Iterator<Item = &'l Change>, from: Revision, upto: Revision) -> bool {
    let mut next = LogPosition::after(Revision::new(from.get().saturating_sub(1)));
    lines.all(|line| next.pass(line)) && next == LogPosition::after(upto)
}

/// Does to the entries what a line of the log says, unless they show it already.
///
/// Fails where the value was purged since: then the key has no entry until a later line gives it one.
pub(super) fn replay(entries: &mut BTreeMap<Key, Entry>, change: &Change) -> Result<(), PurgedValue> {
    let is_newer = entries
        .get(&change.key)
        .is_none_or(|entry| entry.revision < change.revision);
    if is_newer {
        entries.remove(&change.key);
        let entry = change.entry()?;
        entries.extend(entry.map(|entry| (change.key.clone(), entry)));
    }
    Ok(())
}
