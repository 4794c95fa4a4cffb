//! The changes of many keys, across sections.

use std::cmp::Reverse;
use std::collections::VecDeque;

use async_stream::try_stream;
use futures::stream::BoxStream;
use futures::{StreamExt as _, TryStreamExt as _};

use super::readable_heads;
use crate::model::{BadSection, Change, CommitId, Head, Prefix, Revision, Section, Timestamp};
use crate::store::{Heads, Result, Store};

/// Which changes of a config are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryFilter {
    /// Only those of keys below this prefix.
    pub prefix: Prefix,
    /// Only those of these sections; none for all.
    pub sections: Option<Vec<Section>>,
    /// Only those of this time or later.
    pub since: Option<Timestamp>,
    /// Only those whose writer contains this.
    pub by: Option<String>,
}

impl HistoryFilter {
    /// All changes below a prefix.
    pub fn below(prefix: Prefix) -> Self {
        Self {
            prefix,
            sections: None,
            since: None,
            by: None,
        }
    }

    fn takes(&self, line: &Change) -> bool {
        let is_of_section = |sections: &Vec<Section>| sections.contains(&line.key.section());
        self.prefix.holds(&line.key)
            && self.sections.as_ref().is_none_or(is_of_section)
            && self.by.as_ref().is_none_or(|by| line.by.contains(by.as_str()))
    }

    fn is_over(&self, line: &Change) -> bool {
        self.since.is_some_and(|since| line.at < since)
    }
}

/// What the history of a config consists of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HistoryItem {
    /// A change.
    Change(Box<Change>),
    /// A section that can't be read.
    Bad(BadSection),
}

/// The changes of all sections, newest first by the time of their commits. A section's log is read only as far as it is
/// needed, and not before its newest line is due.
pub fn config_history(store: &dyn Store, filter: HistoryFilter) -> BoxStream<'_, Result<HistoryItem>> {
    try_stream! {
        let of = match (filter.prefix.section(), &filter.sections) {
            (Some(section), _) => Heads::Of(vec![section]),
            (None, Some(sections)) => Heads::Of(sections.clone()),
            (None, None) => Heads::All,
        };
        let (mut heads, bad) = readable_heads(store, &of).await?;
        for bad in bad {
            yield HistoryItem::Bad(bad);
        }
        heads.sort_by_key(|head| Reverse(head.modified));
        let mut waiting: VecDeque<Head> = heads.into();
        let mut open: Vec<SectionLines<'_>> = Vec::new();
        loop {
            let newest = open.iter().map(|lines| lines.next.at).max();
            let is_due = |head: &Head| newest.is_none_or(|newest| head.modified >= Some(newest));
            if let Some(head) = waiting.pop_front_if(|head| is_due(head)) {
                open.extend(SectionLines::open(store, &head.section, &filter).await?);
                continue;
            }
            // Of one second the sections come in the order of their names.
            let order = |lines: &SectionLines<'_>| {
                let Change { key, revision, index, at, .. } = &*lines.next;
                (*at, Reverse(key.section()), *revision, *index)
            };
            let Some(at) = (0..open.len()).max_by_key(|at| order(&open[*at])) else { break };
            let lines = open.swap_remove(at);
            let (line, rest) = lines.advance(&filter).await?;
            open.extend(rest);
            yield HistoryItem::Change(line);
        }
    }
    .boxed()
}

/// All lines of a commit, by section and in the order of its changes; none if the log doesn't have it any more.
pub async fn commit_lines(store: &dyn Store, commit: &CommitId) -> Result<Vec<Change>> {
    let mut history = config_history(store, HistoryFilter::below(Prefix::all()));
    while let Some(item) = history.try_next().await? {
        let HistoryItem::Change(line) = item else { continue };
        if line.commit != *commit {
            continue;
        }
        let mut places = line.with.clone();
        places.insert(line.key.section(), line.revision);
        let mut lines = Vec::new();
        for (section, revision) in places {
            lines.extend(revision_lines(store, &section, revision).await?);
        }
        return Ok(lines);
    }
    Ok(Vec::new())
}

async fn revision_lines(store: &dyn Store, section: &Section, revision: Revision) -> Result<Vec<Change>> {
    let mut history = store.section_history(section, Some(revision.next()));
    let mut lines = Vec::new();
    while let Some(line) = history.try_next().await? {
        if line.revision != revision {
            break;
        }
        lines.push(line);
    }
    lines.reverse();
    Ok(lines)
}

/// The log of a section from a line on that is wanted.
struct SectionLines<'s> {
    next: Box<Change>,
    rest: BoxStream<'s, Result<Change>>,
}

impl<'s> SectionLines<'s> {
    async fn open(store: &'s dyn Store, section: &Section, filter: &HistoryFilter) -> Result<Option<Self>> {
        Self::of(store.section_history(section, None), filter).await
    }

    async fn of(mut rest: BoxStream<'s, Result<Change>>, filter: &HistoryFilter) -> Result<Option<Self>> {
        while let Some(line) = rest.try_next().await? {
            if filter.is_over(&line) {
                break;
            }
            if filter.takes(&line) {
                let next = Box::new(line);
                return Ok(Some(Self { next, rest }));
            }
        }
        Ok(None)
    }

    /// The line, and what follows it.
    async fn advance(self, filter: &HistoryFilter) -> Result<(Box<Change>, Option<Self>)> {
        let rest = Self::of(self.rest, filter).await?;
        Ok((self.next, rest))
    }
}
