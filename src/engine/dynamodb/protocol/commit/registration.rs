//! Sections that aren't in the section list yet, of writers that may not write it.

use std::borrow::Borrow;
use std::collections::BTreeSet;

use super::super::commit_basis::CommitBasis;
use crate::model::Section;
use crate::store::{Committed, Result, StoreError, Txn};

/// The new sections of commits over several, of which a writer that may not list them must know whether they are.
pub(super) fn unlisted_sections<J: Borrow<Txn>>(jobs: &[J], read: &CommitBasis) -> Vec<Section> {
    let new: BTreeSet<Section> = jobs
        .iter()
        .map(|job| changed_sections(job.borrow()))
        .filter(|sections| sections.len() > 1)
        .flatten()
        .filter(|section| !read.heads.contains_key(section))
        .collect();
    new.into_iter().collect()
}

/// The sections that a commit would change.
fn changed_sections(txn: &Txn) -> BTreeSet<Section> {
    txn.changes.iter().map(|change| change.key().section()).collect()
}

/// Jobs with their answers.
type AnsweredJobs<J> = Vec<(J, Result<Committed>)>;

/// Refuses commits over several sections of which one is new and in no list: a snapshot couldn't know that it belongs to
/// them.
pub(super) fn split_unregistered<J: Borrow<Txn>>(
    jobs: Vec<J>,
    read: &CommitBasis,
    listed: &BTreeSet<Section>,
) -> (AnsweredJobs<J>, Vec<J>) {
    let (mut refused, mut others) = (Vec::new(), Vec::new());
    for job in jobs {
        let sections = changed_sections(job.borrow());
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
