//! Commits: those that wait for the same sections go together, each with its own answer.

use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::DynamoDb;
use super::items::{self, Item, id};
use super::protocol::{
    CommitAnswer, CommitMachine, CommitRecord, CommitRequest, CommitSettings, Read, RecordPlace, Room, Step,
};
use super::snapshot::HEADS;
use crate::engine::queue::Turn;
use crate::model::{Change, Head, Jitter, Key, Revision, Section};
use crate::store::{Committed, Consistency, Meta, Result, StoreError, Txn};

/// How many logs are read side by side.
const SIDE_BY_SIDE: usize = 8;

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
    fn reply(self, answer: Result<Committed>) {
        // The caller may have stopped waiting.
        let _ = self.answer.send(answer);
    }

    fn claims(&self) -> BTreeSet<Section> {
        self.txn.sections().into_iter().collect()
    }
}

impl DynamoDb {
    /// Commits when it is its turn, together with what waits for the same sections where that fits.
    pub(super) async fn commit_in_turn(&self, txn: Txn) -> Result<Committed> {
        let id = txn.id.clone();
        let (answer, answered) = oneshot::channel();
        let job = Job {
            txn,
            since: Instant::now(),
            answer,
        };
        self.waiting.enter(job.claims(), job);
        self.serve_ready();
        answered.await.unwrap_or_else(|_| {
            Err(StoreError::OutcomeUnknown {
                commit: id,
                source: None,
            })
        })
    }

    /// Begins the turns of all that are ready, each in a task of its own: when a caller stops waiting, the commits of
    /// others go on.
    fn serve_ready(&self) {
        loop {
            let mut room = Room::default();
            let Some(turn) = self.waiting.start(|job: &Job| room.takes(&job.txn)) else {
                return;
            };
            tokio::spawn(self.clone().serve(turn));
        }
    }

    async fn serve(self, mut turn: Turn<Section, Job>) {
        let (late, jobs): (Vec<Job>, Vec<Job>) = turn
            .take()
            .into_iter()
            .partition(|job| job.since.elapsed() > self.options.patience);
        for job in late {
            job.reply(Err(CommitSettings::busy(self.options.patience)));
        }
        let left = self.write_together(jobs).await;
        turn.end(left, Job::claims);
        self.serve_ready();
    }

    /// Makes commits, answers them, and gives back those that must wait for their next turn.
    async fn write_together(&self, jobs: Vec<Job>) -> Vec<Job> {
        let mut groups = VecDeque::from([jobs]);
        let mut waiting = Vec::new();
        while let Some(jobs) = groups.pop_front() {
            // What a caller waited before its turn is part of its time, and the last to come has some left.
            let Some(since) = jobs.iter().map(|job| job.since).max() else {
                continue;
            };
            let deadline = self.options.patience.saturating_sub(since.elapsed());
            let settings = CommitSettings {
                by: self.options.by.clone(),
                registers_sections: self.options.registers_sections,
                deadline,
                patience: self.options.patience,
            };
            let mut machine = CommitMachine::new(jobs, settings);
            let (left, apart) = self.drive(&mut machine).await;
            waiting.extend(left);
            groups.extend(apart.into_iter().map(|job| vec![job]));
        }
        waiting
    }

    async fn drive(&self, machine: &mut CommitMachine<Job>) -> (Vec<Job>, Vec<Job>) {
        let began = Instant::now();
        let mut token = (0, String::new());
        let mut answer = CommitAnswer::Next;
        loop {
            let step = machine.next(answer, began.elapsed());
            for (job, answer) in machine.take_answers() {
                job.reply(answer);
            }
            answer = match step {
                Step::Request(CommitRequest::Write { transaction, number }) => {
                    if token.0 != number {
                        token = (number, Uuid::new_v4().to_string());
                    }
                    CommitAnswer::Written(self.send(&transaction, &token.1).await)
                }
                Step::Request(request) => self.ask(request).await.unwrap_or_else(CommitAnswer::Failed),
                Step::Pause(about) => {
                    sleep(Jitter::Half.draw(about)).await;
                    CommitAnswer::Next
                }
                Step::Done(left) => return (left.waiting, left.apart),
            };
        }
    }

    async fn ask(&self, request: CommitRequest) -> Result<CommitAnswer> {
        Ok(match request {
            CommitRequest::Read {
                keys,
                sections,
                records,
            } => CommitAnswer::Read(self.read_for(&keys, &sections, &records).await?),
            CommitRequest::Confirm { sections, records } => {
                CommitAnswer::Confirmed(self.confirm(&sections, &records).await?)
            }
            CommitRequest::LinesAfter(of) => {
                let last = Revision::new(u64::MAX);
                CommitAnswer::Lines(self.lines(of, |since| (since, last)).await?)
            }
            CommitRequest::LinesOf(of) => {
                let before = |at: Revision| Revision::new(at.get().saturating_sub(1));
                CommitAnswer::Lines(self.lines(of, |at| (before(at), at)).await?)
            }
            CommitRequest::CountSections => {
                CommitAnswer::Count(self.section_list(&[], Consistency::Strong).await?.sections.len())
            }
            CommitRequest::Listed(sections) => CommitAnswer::Listed(self.listed_of(sections).await?),
            CommitRequest::Write { .. } => CommitAnswer::Next,
        })
    }

    /// Everything that the commits need to know, in one strongly consistent read.
    async fn read_for(&self, keys: &[Key], sections: &[Section], records: &[RecordPlace]) -> Result<Read> {
        let subject = keys.first().map_or_else(String::new, ToString::to_string);
        let mut ids: Vec<Item> = keys.iter().map(items::entry_id).collect();
        ids.extend(Self::head_ids(sections));
        ids.extend(records.iter().map(items::record_id));
        ids.push(id(items::CONFIG, items::META));
        let (found, now) = self.read_items(ids, Consistency::Strong, &subject).await?;
        let mut read = Read::at(now);
        for item in &found {
            match items::sk_of(item) {
                items::HEAD => {
                    let head = items::to_head_for_writer(item)?;
                    read.heads.insert(head.section.clone(), head);
                }
                items::META => {
                    let meta = items::to_meta(item)?;
                    if meta.layout > Meta::LAYOUT {
                        return Err(StoreError::Layout {
                            found: meta.layout,
                            known: Meta::LAYOUT,
                        });
                    }
                    read.history_days = meta.history_days;
                }
                sk if sk.starts_with(items::RECORD) => {
                    let record = items::to_record(item)?;
                    read.records.insert(record.place.id.clone(), record);
                }
                _ => {
                    let entry = items::to_entry(item)?;
                    read.entries.insert(entry.key.clone(), entry);
                }
            }
        }
        Ok(read)
    }

    async fn confirm(
        &self,
        sections: &[Section],
        records: &[RecordPlace],
    ) -> Result<Option<(Vec<Head>, Vec<CommitRecord>)>> {
        let mut ids = Self::head_ids(sections);
        ids.extend(records.iter().map(items::record_id));
        let Some((found, _)) = self.read_together(&ids, HEADS).await? else {
            return Ok(None);
        };
        let (mut heads, mut records) = (Vec::new(), Vec::new());
        for item in &found {
            if items::sk_of(item) == items::HEAD {
                heads.push(items::to_head_for_writer(item)?);
            } else {
                records.push(items::to_record(item)?);
            }
        }
        Ok(Some((heads, records)))
    }

    /// The lines of these logs after a revision and up to another, which `range` makes of what is given with each.
    async fn lines(
        &self,
        of: BTreeMap<Section, Revision>,
        range: impl Fn(Revision) -> (Revision, Revision),
    ) -> Result<Vec<Change>> {
        let ranges: Vec<(Section, (Revision, Revision))> =
            of.into_iter().map(|(section, at)| (section, range(at))).collect();
        let lines: Vec<Vec<Change>> = stream::iter(ranges)
            .map(|(section, (after, last))| async move {
                let pages = self.log_pages(&section, after, last, true);
                Ok::<_, StoreError>(pages.try_collect::<Vec<_>>().await?.concat())
            })
            .buffered(SIDE_BY_SIDE)
            .try_collect()
            .await?;
        Ok(lines.concat())
    }

    /// Which of the sections are in the section list, or in the list of the grant in whose role the table is asked.
    async fn listed_of(&self, sections: Vec<Section>) -> Result<Vec<Section>> {
        let mut listed = match &self.grant {
            Some(grant) => self.granted_sections(grant, Consistency::Strong).await?,
            None => Vec::new(),
        };
        let unknown = sections.iter().filter(|section| !listed.contains(section));
        let ids: Vec<Item> = unknown
            .map(|section| id(items::CONFIG, section.as_str()))
            .collect();
        if !ids.is_empty() {
            let (found, _) = self.read_items(ids, Consistency::Strong, items::CONFIG).await?;
            for item in &found {
                listed.extend(items::listed_section(item)?);
            }
        }
        Ok(listed)
    }
}
