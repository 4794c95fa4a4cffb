//! Sections that aren't in the section list yet, of writers that may not write it.

use std::borrow::Borrow;
use std::collections::BTreeSet;

use super::super::transaction::Read;
use super::CommitMachine;
use crate::model::Section;
use crate::store::{Committed, Result, StoreError, Txn};

impl<J: Borrow<Txn>> CommitMachine<J> {
    /// New sections of commits over several, of which a writer that may not list them must know whether they are.
    pub(super) fn unlisted(&self, read: &Read) -> Option<Vec<Section>> {
        if self.settings.registers_sections || self.listed.is_some() {
            return None;
        }
        let new: BTreeSet<Section> = self
            .open
            .iter()
            .map(|job| changed(job.borrow()))
            .filter(|sections| sections.len() > 1)
            .flatten()
            .filter(|section| !read.heads.contains_key(section))
            .collect();
        Some(new.into_iter().collect()).filter(|new: &Vec<Section>| !new.is_empty())
    }
}

/// The sections that a commit would change.
fn changed(txn: &Txn) -> BTreeSet<Section> {
    txn.changes.iter().map(|change| change.key().section()).collect()
}

/// Jobs with their answers.
type Answered<J> = Vec<(J, Result<Committed>)>;

/// Refuses commits over several sections of which one is new and in no list: a snapshot couldn't know that it belongs to
/// them.
pub(super) fn split_unregistered<J: Borrow<Txn>>(
    jobs: Vec<J>,
    read: &Read,
    listed: &BTreeSet<Section>,
) -> (Answered<J>, Vec<J>) {
    let (mut refused, mut others) = (Vec::new(), Vec::new());
    for job in jobs {
        let sections = changed(job.borrow());
        let is_unknown =
            |section: &&Section| !read.heads.contains_key(*section) && !listed.contains(*section);
        let unknown = sections
            .iter()
            .find(is_unknown)
            .filter(|_| sections.len() > 1)
            .cloned();
        match unknown {
            Some(section) => refused.push((job, Err(StoreError::Unregistered(section)))),
            None => others.push(job),
        }
    }
    (refused, others)
}
