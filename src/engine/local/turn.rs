//! Writes that wait go together: one transaction, one sync, then each gets its own answer.

use std::collections::BTreeSet;
use std::sync::Arc;

use rusqlite::{Connection, Transaction};
use tokio::sync::oneshot;

use super::commit_clock;
use super::data_file::DataFile;
use super::file_error::{FileError, FileResult};
use super::layout;
use super::write::{self, CommitDecision, LogTerm};
use crate::engine::queue::{Queue, Turn};
use crate::model::{Entry, Key, Mutation, Section, Ttl};
use crate::store::{Committed, Result, StoreError, Txn};

/// The most writes that go together, and the bytes of new values after which no more join: enough that syncs don't
/// count, too few to keep the first waiting.
const MOST: usize = 256;
const MOST_BYTES: usize = 4_000_000;

/// A write that waits, with its caller.
pub(super) enum WriteJob {
    Commit(PendingWrite<Txn, Committed>),
    Touch(PendingWrite<(Key, Option<Ttl>), Entry>),
}

pub(super) struct PendingWrite<W, T> {
    work: W,
    done: Option<Result<T>>,
    answer: oneshot::Sender<Result<T>>,
}

impl<W, T> PendingWrite<W, T> {
    pub(super) fn new(work: W, answer: oneshot::Sender<Result<T>>) -> Self {
        Self {
            work,
            done: None,
            answer,
        }
    }

    fn answer(self, failed: Option<StoreError>) {
        let answer = failed.map(Err).or(self.done);
        // The caller may have stopped waiting.
        let _ = answer.map(|answer| self.answer.send(answer));
    }
}

impl WriteJob {
    /// Answers with what was done, or with what all failed by.
    fn answer(self, failed: Option<StoreError>) {
        match self {
            Self::Commit(commit) => commit.answer(failed),
            Self::Touch(touch) => touch.answer(failed),
        }
    }

    fn bytes(&self) -> usize {
        let value = |change: &Mutation| match change {
            Mutation::Set { value, .. } => value.len(),
            Mutation::Delete { .. } => 0,
        };
        match self {
            Self::Commit(commit) => commit.work.changes.iter().map(value).sum(),
            Self::Touch(_) => 0,
        }
    }
}

/// What every write claims: the file as a whole.
pub(super) fn claims() -> BTreeSet<()> {
    BTreeSet::from([()])
}

/// Begins the turn of what waits, as much as goes together, unless one is under way.
pub(super) fn start(waiting: &Arc<Queue<(), WriteJob>>) -> Option<Turn<(), WriteJob>> {
    let (mut jobs, mut bytes) = (0, 0);
    waiting.start(|job: &WriteJob| {
        jobs += 1;
        bytes += job.bytes();
        jobs <= MOST && bytes <= MOST_BYTES
    })
}

/// Writes what waits until nothing does.
pub(super) fn serve(file: &DataFile, waiting: &Arc<Queue<(), WriteJob>>, first: Turn<(), WriteJob>) {
    let mut next = Some(first);
    while let Some(mut turn) = next {
        write_together(file, turn.take());
        file.bound_log();
        turn.end(Vec::new(), |_| claims());
        next = start(waiting);
    }
}

fn write_together(file: &DataFile, mut jobs: Vec<WriteJob>) {
    match file.write(|connection| together(connection, &mut jobs, file)) {
        Ok(BatchEnd::Synced) => jobs.into_iter().for_each(|job| job.answer(None)),
        Ok(BatchEnd::Spoilt) => jobs.into_iter().for_each(|job| write_together(file, vec![job])),
        Err(error) => jobs.into_iter().for_each(|job| job.answer(Some(error.clone()))),
    }
}

/// How writing together ended.
enum BatchEnd {
    /// What was to be written is on the disk.
    Synced,
    /// Nothing is written: one of several could not be, and the others can without it.
    Spoilt,
}

/// Does the jobs in one transaction, each on what those before it leave. A job that is refused has written nothing.
fn together(connection: &mut Connection, jobs: &mut [WriteJob], file: &DataFile) -> FileResult<BatchEnd> {
    let transaction = layout::begin(connection)?;
    // Told after the lock was had, so that commits are in the order of their times.
    let now = file.now();
    let mut term = None;
    let mut sections: Vec<Section> = Vec::new();
    let (mut commits, mut touches) = (0, 0);
    let several = jobs.len() > 1;
    for job in jobs {
        let written = match job {
            WriteJob::Commit(commit) => {
                match write::decide_commit(&transaction, &commit.work, now, file.by()) {
                    Err(refused) => {
                        commit.done = Some(Err(file.failed(refused)));
                        Ok(())
                    }
                    Ok(CommitDecision::Repeated(committed)) => {
                        commit.done = Some(Ok(committed));
                        Ok(())
                    }
                    Ok(CommitDecision::New(committed)) if committed.changes.is_empty() => {
                        commit.done = Some(Ok(committed));
                        Ok(())
                    }
                    Ok(CommitDecision::New(committed)) => {
                        commits += 1;
                        sections.extend(committed.heads.iter().map(|head| head.section.clone()));
                        let written = write_commit(&transaction, &committed, commit.work.recorded, &mut term);
                        commit.done = Some(Ok(committed));
                        written
                    }
                }
            }
            WriteJob::Touch(touch) => {
                let (key, ttl) = &touch.work;
                match write::renewed_entry(&transaction, key, *ttl, now) {
                    Err(refused) => {
                        touch.done = Some(Err(file.failed(refused)));
                        Ok(())
                    }
                    Ok(entry) => {
                        touches += 1;
                        let written = write::renew(&transaction, &entry);
                        touch.done = Some(Ok(entry));
                        written
                    }
                }
            }
        };
        match written {
            Ok(()) => {}
            Err(_) if several => return Ok(BatchEnd::Spoilt),
            Err(error) => return Err(error),
        }
    }
    if commits + touches == 0 {
        return Ok(BatchEnd::Synced);
    }
    if commits > 0 {
        let removes_at = commit_clock::note_commit(&transaction, now)?;
        sections.sort();
        sections.dedup();
        for section in &sections {
            write::drop_old_lines(&transaction, section, removes_at)?;
        }
        write::sweep(&transaction, commits, removes_at)?;
        write::give_back(&transaction)?;
    }
    file.commit(transaction)?;
    Ok(BatchEnd::Synced)
}

fn write_commit(
    transaction: &Transaction<'_>,
    committed: &Committed,
    recorded: bool,
    term: &mut Option<LogTerm>,
) -> Result<(), FileError> {
    let term = match term {
        Some(term) => *term,
        None => *term.insert(write::log_term(transaction)?),
    };
    write::write_commit(transaction, committed, recorded, term)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures::StreamExt as _;

    use super::*;
    use crate::engine::local::{LocalEngine, OpenMode};
    use crate::model::{Encoding, Prefix, SystemClock, Value};
    use crate::store::Store as _;

    fn txn(key: &str) -> Txn {
        let value = Value::new(vec![b'x'; Value::MAX_BYTES], Encoding::Text).expect("at the limit");
        Txn::new(vec![Mutation::set(key.parse().expect(key), value)])
    }

    #[test]
    fn a_batch_is_bounded_but_never_empty() {
        let job = |key: &str| WriteJob::Commit(PendingWrite::new(txn(key), oneshot::channel().0));
        let drawn = |jobs: Vec<WriteJob>| {
            let waiting = Queue::new();
            for job in jobs {
                waiting.enter(claims(), job);
            }
            start(&waiting).map_or(0, |mut turn| turn.take().len())
        };
        let large = (0..50).map(|n| job(&format!("/s/{n}"))).collect();
        assert_eq!(drawn(large), MOST_BYTES / Value::MAX_BYTES);
        let touch = || {
            WriteJob::Touch(PendingWrite::new(
                ("/s/k".parse().expect("a key"), None),
                oneshot::channel().0,
            ))
        };
        assert_eq!(drawn((0..300).map(|_| touch()).collect()), MOST);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_log_is_emptied_when_its_readers_are_gone() {
        const BOUND: u64 = 16 * 1024 * 1024;
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("mycfg.db");
        let log = || std::fs::metadata(folder.path().join("mycfg.db-wal")).map_or(0, |file| file.len());
        let clock = Arc::new(SystemClock);
        let engine = LocalEngine::open(&path, OpenMode::Create, clock, "tester").expect("a new file");
        let write = async |n: usize| {
            for n in 0..n {
                engine
                    .commit(txn(&format!("/s/{}", n % 20)))
                    .await
                    .expect("no guards");
            }
        };
        write(20).await;
        let mut reading = engine.snapshot_stream(&[Prefix::all()], &[]);
        reading.next().await.expect("an entry").expect("it is read");
        write(40).await;
        assert!(log() > BOUND, "nobody waits for a reader that goes on");
        while let Some(entry) = reading.next().await {
            entry.expect("it is read");
        }
        drop(reading);
        write(40).await;
        assert!(log() <= BOUND, "{}", log());
    }
}
