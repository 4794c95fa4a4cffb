//! Where writes wait for one who writes them together.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Lines of jobs that wait. Each line is served by one at a time, and isn't there while nobody is in it.
pub(super) struct Lines<K, J>(Mutex<HashMap<K, VecDeque<J>>>);

impl<K: Eq + Hash + Clone, J> Lines<K, J> {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::default()))
    }

    /// Puts a job at the end of its line. Where nobody serves the line, whoever gets the answer does.
    pub(super) fn enter(self: &Arc<Self>, line: K, job: J) -> Option<Serving<K, J>> {
        let mut lines = self.lock();
        if let Some(jobs) = lines.get_mut(&line) {
            jobs.push_back(job);
            return None;
        }
        lines.insert(line.clone(), VecDeque::from([job]));
        Some(Serving {
            lines: Arc::clone(self),
            line,
            ended: false,
        })
    }

    // Nothing is left half done in between.
    fn lock(&self) -> MutexGuard<'_, HashMap<K, VecDeque<J>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The serving of a line. Ended before its line is empty, by a panic or with its runtime, it drops the jobs that
/// wait, so that nobody waits for ever.
pub(super) struct Serving<K: Eq + Hash + Clone, J> {
    lines: Arc<Lines<K, J>>,
    line: K,
    ended: bool,
}

impl<K: Eq + Hash + Clone, J> Serving<K, J> {
    /// What `take` takes of the jobs that wait, of which there is one or more. None where there are none: the
    /// line is served no more then.
    pub(super) fn next<T>(&mut self, take: impl FnOnce(&mut VecDeque<J>) -> T) -> Option<T> {
        if self.ended {
            return None;
        }
        let mut lines = self.lines.lock();
        if let Some(jobs) = lines.get_mut(&self.line)
            && !jobs.is_empty()
        {
            return Some(take(jobs));
        }
        lines.remove(&self.line);
        self.ended = true;
        None
    }

    /// Puts jobs before all that wait.
    pub(super) fn put_back(&mut self, jobs: Vec<J>) {
        let mut lines = self.lines.lock();
        let waiting = lines.entry(self.line.clone()).or_default();
        for job in jobs.into_iter().rev() {
            waiting.push_front(job);
        }
    }
}

impl<K: Eq + Hash + Clone, J> Drop for Serving<K, J> {
    fn drop(&mut self) {
        if !self.ended {
            // Dropped after the lock is given back: who waits for a job may be at the lines at once.
            let jobs = self.lines.lock().remove(&self.line);
            drop(jobs);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(jobs: &mut VecDeque<u8>) -> Vec<u8> {
        jobs.drain(..).collect()
    }

    #[test]
    fn a_line_is_served_by_one_until_it_is_empty() {
        let lines = Lines::new();
        let mut serving = lines.enter("a", 1).expect("nobody serves it");
        assert!(lines.enter("a", 2).is_none());
        assert!(lines.enter("b", 9).is_some(), "lines don't wait for each other");
        assert_eq!(serving.next(all), Some(vec![1, 2]));
        assert!(lines.enter("a", 4).is_none(), "it is still served");
        serving.put_back(vec![2, 3]);
        assert_eq!(serving.next(all), Some(vec![2, 3, 4]));
        assert_eq!(serving.next(all), None);
        let mut next = lines.enter("a", 5).expect("nobody serves it any more");
        assert_eq!(serving.next(all), None);
        drop(serving);
        assert_eq!(next.next(all), Some(vec![5]), "the line is another's by then");
    }

    #[test]
    fn what_waits_ends_with_who_served_it() {
        let lines = Lines::new();
        let (job, dropped) = std::sync::mpsc::channel::<()>();
        let serving = lines.enter((), job).expect("nobody serves it");
        drop(serving);
        assert!(dropped.recv().is_err(), "the job is gone");
        let (job, _kept) = std::sync::mpsc::channel::<()>();
        assert!(lines.enter((), job).is_some(), "the line can be served again");
    }
}
