//! Commits: those that wait for the same sections go together, each with its own answer.

use std::borrow::Borrow;
use std::collections::BTreeMap;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::DynamoDb;
use super::batch::{Batch, committed, draw};
use super::items::{self, id};
use super::made::Found;
use super::send::{Attempts, Ended};
use super::transaction::{Read, Transaction};
use crate::engine::waiting::Serving;
use crate::model::{Key, Kind, Revision, Section};
use crate::store::{Cause, Committed, Consistency, Decision, Meta, Result, StoreError, Txn};

/// A commit that waits, and who waits for its answer.
pub(super) struct Job {
    txn: Txn,
    since: Instant,
    answer: oneshot::Sender<Result<Committed>>,
}

impl Borrow<Txn> for Job {
    fn borrow(&self) -> &Txn {
        &self.txn
    }
}

impl Job {
    fn tell(self, answer: Result<Committed>) {
        // Whoever stopped waiting is told nothing.
        let _ = self.answer.send(answer);
    }

    fn tell_unknown(self, cause: Option<Cause>) {
        let commit = self.txn.id.clone();
        self.tell(Err(StoreError::OutcomeUnknown {
            commit,
            source: cause,
        }));
    }
}

impl DynamoDb {
    /// Commits when it is the turn of what waits for these sections, all together in one transaction where they fit.
    pub(super) async fn commit_in_turn(&self, txn: Txn, sections: Vec<Section>) -> Result<Committed> {
        let id = txn.id.clone();
        let (answer, answered) = oneshot::channel();
        let job = Job {
            txn,
            since: Instant::now(),
            answer,
        };
        if let Some(serving) = self.waiting.enter(sections, job) {
            // A task of its own: when a caller stops waiting, the commits of others go on.
            tokio::spawn(self.clone().serve(serving));
        }
        answered.await.unwrap_or_else(|_| {
            Err(StoreError::OutcomeUnknown {
                commit: id,
                source: None,
            })
        })
    }

    async fn serve(self, mut serving: Serving<Vec<Section>, Job>) {
        while let Some(jobs) = serving.next(draw) {
            let (late, jobs): (Vec<Job>, Vec<Job>) = jobs
                .into_iter()
                .partition(|job| job.since.elapsed() > self.options.patience);
            for job in late {
                job.tell(Err(self.busy(None)));
            }
            if !jobs.is_empty() {
                let left = self.write_together(jobs).await;
                serving.put_back(left);
            }
        }
    }

    /// Decides and makes commits of the same sections, answers them, and gives back those that must wait for their
    /// next turn; of a single one nothing is left.
    async fn write_together(&self, jobs: Vec<Job>) -> Vec<Job> {
        let mut open = jobs;
        // What a caller waited before its turn is part of its time, and the last to come has some left.
        let since = open
            .iter()
            .map(|job| job.since)
            .max()
            .unwrap_or_else(Instant::now);
        let mut attempts = Attempts::until(since + self.options.patience);
        let mut read = match self.read_for(&open).await {
            Ok(read) => read,
            Err(error) => return self.failed_together(open, error).await,
        };
        let first: BTreeMap<Section, Revision> = sections_of(&open)
            .into_iter()
            .map(|section| {
                let head = read.heads.get(&section);
                let revision = head.map_or(Revision::ZERO, |head| head.revision);
                (section, revision)
            })
            .collect();
        loop {
            let batch = match self.decided(open, &mut read, &mut attempts).await {
                Ok(batch) => batch,
                Err(left) => return left,
            };
            let Batch {
                told,
                made,
                refused,
                left,
            } = batch;
            for (job, answer) in told {
                job.tell(answer);
            }
            if made.is_empty() {
                return left;
            }
            let commits: Vec<(&Txn, &Decision)> =
                made.iter().map(|(job, decision)| (&job.txn, decision)).collect();
            let transaction =
                Transaction::build(&self.table, &commits, &read, self.options.registers_sections);
            let ended = match &transaction {
                Ok(transaction) => {
                    self.send_until_answered(transaction, &mut read, &mut attempts)
                        .await
                }
                Err(error) => Ended::Failed(error.clone()),
            };
            if matches!(ended, Ended::Made) {
                for (job, decision) in made {
                    let answer = committed(&job.txn, &read, decision);
                    job.tell(Ok(answer));
                }
                for (job, answer) in refused {
                    job.tell(answer);
                }
                return left;
            }
            let mut sent: Vec<Job> = made.into_iter().map(|(job, _)| job).collect();
            let waiting = refused.into_iter().map(|(job, _)| job).chain(left);
            if !matches!(ended, Ended::Lost) {
                return self.ended(sent, waiting.collect(), ended).await;
            }
            if !attempts.pause().await {
                return self
                    .ended(sent, waiting.collect(), self.gave_up(&mut attempts))
                    .await;
            }
            if attempts.unanswered {
                let txns: Vec<&Txn> = sent.iter().map(|job| &job.txn).collect();
                match self.find_made(&txns, &first).await {
                    Ok(found) => sent = without(sent, &found, |_| true),
                    // Where the log can't be read either, the send that went unanswered may still have landed.
                    Err(error) => {
                        let ended = Ended::Unknown(Some(error.into()));
                        return self.ended(sent, waiting.collect(), ended).await;
                    }
                }
                attempts.unanswered = false;
            }
            open = sent.into_iter().chain(waiting).collect();
            if open.is_empty() {
                return open;
            }
        }
    }

    /// Decides what is to be done, after a look for those that may have been made already. Where they failed before,
    /// gives what is left of them.
    async fn decided(
        &self,
        mut open: Vec<Job>,
        read: &mut Read,
        attempts: &mut Attempts,
    ) -> Result<Batch<Job>, Vec<Job>> {
        loop {
            let repeated: Vec<&Txn> = open
                .iter()
                .map(|job| &job.txn)
                .filter(|txn| txn.recorded)
                .collect();
            if !repeated.is_empty() {
                match self.find_repeated(&repeated, read).await {
                    Ok(found) => open = without(open, &found, |txn| txn.recorded),
                    Err(error) => return Err(self.failed_together(open, error).await),
                }
            }
            let batch = Batch::of(open, read, &self.options.by);
            let told: Vec<&Txn> = batch.told.iter().map(|(job, _)| &job.txn).collect();
            if !told.iter().any(|txn| txn.recorded) {
                return Ok(batch);
            }
            // It may be refused for what it did itself, where that was half visible.
            let is_current = self.is_current(read, &told[0].sections()).await;
            open = match is_current {
                Ok(true) => return Ok(batch),
                Ok(false) => batch.into_jobs(),
                Err(error) => return Err(self.failed_together(batch.into_jobs(), error).await),
            };
            if !attempts.pause().await {
                return Err(self.ended(open, Vec::new(), self.gave_up(attempts)).await);
            }
            *read = match self.read_for(&open).await {
                Ok(read) => read,
                Err(error) => return Err(self.failed_together(open, error).await),
            };
        }
    }

    /// Tells those whose transaction was not made, and gives back those that only waited for it.
    async fn ended(&self, sent: Vec<Job>, mut waiting: Vec<Job>, ended: Ended) -> Vec<Job> {
        match ended {
            Ended::Failed(error) => {
                let left = self.failed_together(sent, error).await;
                waiting.extend(left);
            }
            Ended::Unknown(cause) => sent.into_iter().for_each(|job| job.tell_unknown(cause.clone())),
            Ended::Made | Ended::Lost => waiting.extend(sent),
        }
        waiting
    }

    /// Tells those that failed together, unless the reason may be one's alone: then each is tried by itself.
    fn failed_together(&self, jobs: Vec<Job>, error: StoreError) -> BoxFuture<'_, Vec<Job>> {
        async move {
            let is_of_all = matches!(error.kind(), Kind::Throttled | Kind::Unavailable);
            if jobs.len() < 2 || is_of_all {
                for job in jobs {
                    job.tell(Err(error.clone()));
                }
                return Vec::new();
            }
            let mut left = Vec::new();
            for job in jobs {
                left.extend(self.write_together(vec![job]).await);
            }
            left
        }
        .boxed()
    }

    /// Everything that the commits need to know, in one strongly consistent read.
    async fn read_for(&self, jobs: &[Job]) -> Result<Read> {
        let mut keys: Vec<Key> = jobs.iter().flat_map(|job| job.txn.keys()).collect();
        let subject = keys.first().map_or_else(String::new, ToString::to_string);
        // BatchGetItem refuses a key that comes twice.
        keys.sort();
        keys.dedup();
        let mut ids: Vec<_> = keys.iter().map(items::entry_id).collect();
        ids.extend(Self::head_ids(&sections_of(jobs)));
        ids.push(id(items::CONFIG, items::META));
        let (found, now) = self.read_items(ids, Consistency::Strong, &subject).await?;
        let (entries, heads, meta) = Self::sort_items(&found)?;
        let meta = meta.as_ref().map(items::to_meta).transpose()?.unwrap_or_default();
        if meta.layout > Meta::LAYOUT {
            return Err(StoreError::Layout {
                found: meta.layout,
                known: Meta::LAYOUT,
            });
        }
        Ok(Read {
            entries,
            heads,
            history_days: meta.history_days,
            now,
        })
    }
}

/// The sections of each of the jobs, which are the same of all.
fn sections_of(jobs: &[Job]) -> Vec<Section> {
    jobs.first().map(|job| job.txn.sections()).unwrap_or_default()
}

/// Tells those of `those` that were found, and gives the others.
fn without(jobs: Vec<Job>, found: &Found, those: impl Fn(&Txn) -> bool) -> Vec<Job> {
    let mut others = Vec::new();
    for job in jobs {
        let lines = found.get(&job.txn.id).filter(|_| those(&job.txn));
        match job.txn.made_in(lines.cloned().unwrap_or_default()).transpose() {
            Some(answer) => job.tell(answer),
            None => others.push(job),
        }
    }
    others
}
