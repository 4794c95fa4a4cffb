//! Changes by the commits that made them.

use std::collections::{BTreeMap, HashMap};

use crate::model::{Change, CommitId, Key, Revision, Section, Timestamp};

/// The most changes of a commit that are shown: an import can have thousands.
pub(super) const CHANGES: usize = 5;

/// A commit, with what is shown of its changes.
pub(super) struct TimelineCommit<T> {
    pub(super) id: CommitId,
    pub(super) at: Timestamp,
    pub(super) by: String,
    pub(super) message: Option<String>,
    /// All sections that it changed, each with its revision there.
    pub(super) sections: BTreeMap<Section, Revision>,
    /// The first changes, by key.
    pub(super) changes: BTreeMap<Key, T>,
    /// How many changes there are.
    pub(super) count: usize,
}

/// The newest commits.
pub(super) struct CommitGroups<T> {
    pub(super) commits: Vec<TimelineCommit<T>>,
    /// Whether there are more than were wanted.
    pub(super) has_more: bool,
    places: HashMap<CommitId, usize>,
    limit: usize,
}

impl<T> CommitGroups<T> {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            commits: Vec::new(),
            has_more: false,
            places: HashMap::new(),
            limit,
        }
    }

    /// Takes the next change, newest first. Gives whether a later one can matter.
    ///
    /// The changes of a commit over several sections needn't come one after the other: those of one second come by section.
    pub(super) fn take(&mut self, change: &Change, show: impl FnOnce(&Change) -> T) -> bool {
        let place = match self.places.get(&change.commit) {
            Some(place) => *place,
            None if self.commits.len() >= self.limit => {
                self.has_more = true;
                return self.commits.last().is_some_and(|last| last.at <= change.at);
            }
            None => self.begin(change),
        };
        let commit = &mut self.commits[place];
        commit.count += 1;
        if commit.changes.len() < CHANGES {
            commit.changes.insert(change.key.clone(), show(change));
        }
        true
    }

    fn begin(&mut self, change: &Change) -> usize {
        let place = self.commits.len();
        self.places.insert(change.commit.clone(), place);
        let mut sections = change.with.clone();
        sections.insert(change.key.section(), change.revision);
        self.commits.push(TimelineCommit {
            id: change.commit.clone(),
            at: change.at,
            by: change.by.clone(),
            message: change.message.clone(),
            sections,
            changes: BTreeMap::new(),
            count: 0,
        });
        place
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Op;

    fn change(commit: &str, key: &str, revision: u64, at: i64, with: &[(&str, u64)]) -> Change {
        let with = with
            .iter()
            .map(|(section, revision)| (section.parse().unwrap(), Revision::new(*revision)));
        Change {
            key: key.parse().unwrap(),
            revision: Revision::new(revision),
            index: 0,
            of: 1,
            op: Op::Delete,
            previous: None,
            by: "anna".into(),
            at: Timestamp::from_epoch(at),
            commit: commit.parse().unwrap(),
            with: with.collect(),
            message: None,
            from: None,
        }
    }

    fn grouped(limit: usize, changes: &[Change]) -> CommitGroups<()> {
        let mut groups = CommitGroups::new(limit);
        for change in changes {
            if !groups.take(change, |_| ()) {
                break;
            }
        }
        groups
    }

    #[test]
    fn a_commit_over_several_sections_is_one() {
        let changes = [
            change("two", "/app/a", 4, 9, &[("/db", 7)]),
            change("one", "/app/b", 3, 9, &[]),
            change("two", "/db/x", 7, 9, &[("/app", 4)]),
            change("old", "/db/x", 6, 8, &[]),
        ];
        let groups = grouped(2, &changes);
        let ids: Vec<_> = groups.commits.iter().map(|commit| commit.id.as_str()).collect();
        assert_eq!(ids, ["two", "one"]);
        let two = &groups.commits[0];
        let sections: Vec<_> = two
            .sections
            .iter()
            .map(|(section, revision)| format!("{section} {revision}"))
            .collect();
        assert_eq!(sections, ["/app 4", "/db 7"]);
        let keys: Vec<_> = two.changes.keys().map(Key::as_str).collect();
        assert_eq!((two.count, keys), (2, vec!["/app/a", "/db/x"]));
        assert!(groups.has_more, "one is older");
        assert!(!grouped(3, &changes).has_more);
    }

    #[test]
    fn of_a_large_commit_the_first_changes_are_shown() {
        let changes: Vec<_> = (0..100)
            .map(|at| change("big", &format!("/app/{at}"), 1, 5, &[]))
            .collect();
        let groups = grouped(1, &changes);
        assert_eq!(
            (groups.commits[0].changes.len(), groups.commits[0].count),
            (CHANGES, 100)
        );
        assert!(!groups.has_more);
    }
}
