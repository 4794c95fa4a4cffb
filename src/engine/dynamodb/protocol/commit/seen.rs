//! What makes one state of a machine another, for models that look at every state.

use std::hash::{Hash, Hasher};

use super::{Borrow, CommitMachine, Txn};
use crate::store::{Decision, Result};

impl<J: Borrow<Txn>> CommitMachine<J> {
    /// The state of the machine but for how often it has tried to send: that only makes pauses longer. Of decisions
    /// it has what they were made on.
    fn seen(&self) -> impl Hash + PartialEq + '_ {
        let ids = |jobs: &'_ [J]| -> Vec<String> { jobs.iter().map(id).collect() };
        let sent = self.sent.as_ref().map(|sent| {
            let made: Vec<String> = sent.made.iter().map(|(job, _): &(J, Decision)| id(job)).collect();
            let refused: Vec<String> = sent
                .refused
                .iter()
                .map(|(job, _): &(J, Result<_>)| id(job))
                .collect();
            (&sent.transaction, made, refused, ids(&sent.left), sent.at)
        });
        let read = self.read.as_ref().map(|read| {
            let mut entries: Vec<_> = read.entries.values().collect();
            entries.sort_by(|a, b| a.key.cmp(&b.key));
            let mut heads: Vec<_> = read.heads.values().collect();
            heads.sort_by(|a, b| a.section.cmp(&b.section));
            let mut records: Vec<_> = read.records.values().collect();
            records.sort();
            (entries, heads, records, read.now)
        });
        let recalled: Vec<_> = self
            .recalled
            .iter()
            .map(|(job, record)| (id(job), record))
            .collect();
        let jobs = (ids(&self.open), recalled, ids(&self.waiting), sent);
        let known = (
            read,
            self.read_at,
            &self.first,
            &self.list,
            &self.listed,
            &self.stand,
        );
        let flags = (
            self.confirmed,
            self.unanswered,
            self.is_over,
            self.last.is_some(),
            self.unanswered_at,
        );
        (
            self.stage,
            self.number,
            self.losses,
            self.looks,
            jobs,
            known,
            flags,
        )
    }
}

fn id<J: Borrow<Txn>>(job: &J) -> String {
    job.borrow().id.to_string()
}

impl<J: Borrow<Txn>> Hash for CommitMachine<J> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.seen().hash(state);
    }
}

impl<J: Borrow<Txn>> PartialEq for CommitMachine<J> {
    fn eq(&self, other: &Self) -> bool {
        self.seen() == other.seen()
    }
}
