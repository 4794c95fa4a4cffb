//! Where writes wait for their turn: in one queue over all that they claim.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Jobs that wait, first come first served. A job is ready when nothing that it claims is busy or claimed by an earlier one
/// that waits. So each waits for the turn under way and for the jobs before it, and for nothing else.
pub(super) struct Queue<K, J>(Mutex<Waiting<K, J>>);

struct Waiting<K, J> {
    jobs: VecDeque<(BTreeSet<K>, J)>,
    busy: BTreeSet<K>,
}

impl<K: Ord + Clone, J> Queue<K, J> {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new(Waiting {
            jobs: VecDeque::new(),
            busy: BTreeSet::new(),
        })))
    }

    /// Puts a job at the end.
    pub(super) fn enter(&self, claims: BTreeSet<K>, job: J) {
        self.lock().jobs.push_back((claims, job));
    }

    /// Begins the turn of the first job that is ready, if one is. Later jobs that claim no more than it does join it in
    /// their order, while `fits` says so of each: it is called for the first one, too, which goes in any case.
    pub(super) fn start(self: &Arc<Self>, mut fits: impl FnMut(&J) -> bool) -> Option<Turn<K, J>> {
        let mut waiting = self.lock();
        let mut claimed: BTreeSet<K> = waiting.busy.clone();
        let mut taken: Vec<usize> = Vec::new();
        let mut turn: Option<BTreeSet<K>> = None;
        for (at, (claims, job)) in waiting.jobs.iter().enumerate() {
            let is_free = claims.is_disjoint(&claimed);
            let joins = match &turn {
                None => {
                    if is_free {
                        fits(job);
                        turn = Some(claims.clone());
                    }
                    is_free
                }
                Some(turn) => is_free && claims.is_subset(turn) && fits(job),
            };
            if joins {
                taken.push(at);
            } else {
                claimed.extend(claims.iter().cloned());
            }
            if turn.as_ref().is_some_and(|turn| turn.is_subset(&claimed)) {
                break;
            }
        }
        let claims = turn?;
        let mut jobs: Vec<J> = Vec::with_capacity(taken.len());
        for at in taken.into_iter().rev() {
            jobs.extend(waiting.jobs.remove(at).map(|(_, job)| job));
        }
        jobs.reverse();
        waiting.busy.extend(claims.iter().cloned());
        Some(Turn {
            queue: Arc::clone(self),
            claims,
            jobs,
            has_ended: false,
        })
    }

    // Nothing is left half done in between.
    fn lock(&self) -> MutexGuard<'_, Waiting<K, J>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Jobs whose turn it is. While it lasts, what the first of them claims is busy.
///
/// Ended by a panic, or with its runtime, it drops the jobs that wait, so that nobody waits for ever.
pub(super) struct Turn<K: Ord + Clone, J> {
    queue: Arc<Queue<K, J>>,
    claims: BTreeSet<K>,
    jobs: Vec<J>,
    has_ended: bool,
}

impl<K: Ord + Clone, J> Turn<K, J> {
    /// The jobs, in the order in which they came; once.
    pub(super) fn take(&mut self) -> Vec<J> {
        std::mem::take(&mut self.jobs)
    }

    /// Ends the turn. `left` goes before all that waits.
    pub(super) fn end(mut self, left: Vec<J>, claims: impl Fn(&J) -> BTreeSet<K>) {
        let mut waiting = self.queue.lock();
        for job in left.into_iter().rev() {
            waiting.jobs.push_front((claims(&job), job));
        }
        waiting.busy.retain(|busy| !self.claims.contains(busy));
        drop(waiting);
        self.has_ended = true;
    }
}

impl<K: Ord + Clone, J> Drop for Turn<K, J> {
    fn drop(&mut self) {
        if !self.has_ended {
            let mut waiting = self.queue.lock();
            waiting.busy.retain(|busy| !self.claims.contains(busy));
            // Dropped after the lock is given back: who waits for a job may be at the queue at once.
            let jobs = std::mem::take(&mut waiting.jobs);
            drop(waiting);
            drop(jobs);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Job = (&'static str, &'static str);

    fn claims(of: &str) -> BTreeSet<char> {
        of.chars().collect()
    }

    fn queue(jobs: &[Job]) -> Arc<Queue<char, Job>> {
        let queue = Queue::new();
        for job in jobs {
            queue.enter(claims(job.1), *job);
        }
        queue
    }

    fn names(turn: &mut Option<Turn<char, Job>>) -> Vec<&'static str> {
        turn.as_mut()
            .map(|turn| turn.take().into_iter().map(|job| job.0).collect())
            .unwrap_or_default()
    }

    fn end(turn: Option<Turn<char, Job>>, left: Vec<Job>) {
        turn.expect("it began").end(left, |job| claims(job.1));
    }

    #[test]
    fn what_claims_no_more_joins_and_what_claims_less_of_others_goes_beside() {
        let queue = queue(&[("1", "ab"), ("2", "a"), ("3", "c"), ("4", "b"), ("5", "c")]);
        let mut first = queue.start(|_| true);
        assert_eq!(names(&mut first), ["1", "2", "4"]);
        let mut second = queue.start(|_| true);
        assert_eq!(names(&mut second), ["3", "5"]);
        assert!(queue.start(|_| true).is_none());
        end(first, vec![]);
        end(second, vec![]);
        assert!(queue.start(|_| true).is_none());
    }

    #[test]
    fn nobody_overtakes_one_that_waits_for_the_same() {
        let queue = queue(&[("1", "a"), ("2", "ab"), ("3", "a"), ("4", "b"), ("5", "c")]);
        let mut first = queue.start(|_| true);
        assert_eq!(names(&mut first), ["1"], "3 comes after 2, which claims the same");
        let mut other = queue.start(|_| true);
        assert_eq!(names(&mut other), ["5"], "4 waits for 2, too");
        queue.enter(claims("a"), ("6", "a"));
        end(first, vec![]);
        let mut next = queue.start(|_| true);
        assert_eq!(names(&mut next), ["2", "3", "4", "6"]);
        end(other, vec![]);
        end(next, vec![]);
    }

    #[test]
    fn what_does_not_fit_is_first_next_time_and_holds_its_place() {
        let queue = queue(&[("1", "a"), ("2", "a"), ("3", "a")]);
        let mut room = 1;
        let mut first = queue.start(|_| {
            room -= 1;
            room >= 0
        });
        assert_eq!(names(&mut first), ["1"]);
        end(first, vec![("1", "a")]);
        let mut all = queue.start(|_| true);
        assert_eq!(names(&mut all), ["1", "2", "3"], "what is left goes first");
        end(all, vec![]);
    }

    #[test]
    fn what_waits_ends_with_a_turn_that_broke_off() {
        let queue = Queue::new();
        let (job, dropped) = std::sync::mpsc::channel::<()>();
        queue.enter(claims("a"), Some(job));
        let turn = queue.start(|_| true);
        let (waits, gone) = std::sync::mpsc::channel::<()>();
        queue.enter(claims("a"), Some(waits));
        drop(turn);
        assert!(dropped.recv().is_err() && gone.recv().is_err(), "both are gone");
        queue.enter(claims("a"), None);
        assert!(queue.start(|_| true).is_some(), "the queue goes on");
    }
}
