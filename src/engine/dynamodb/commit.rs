//! Commits: those that wait for the same sections go together, each with its own answer.

use std::collections::{BTreeMap, VecDeque};

use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::DynamoDb;
use super::commit_job::CommitJob;
use super::item::{self, Item, id};
use super::items;
use super::protocol::{
    CommitBasis, CommitMachine, CommitMachineAnswer, CommitMachineRequest, CommitRecord, CommitSettings,
    MachineStep, RecordPlace, TransactionRoom,
};
use super::snapshot::HEADS;
use crate::engine::queue::Turn;
use crate::model::{Change, Head, Jitter, Key, Revision, Section};
use crate::store::{Committed, Consistency, Meta, Result, StoreError, Txn};

/// How many logs are read side by side.
const SIDE_BY_SIDE: usize = 8;

impl DynamoDb {
    /// Commits when it is its turn, together with what waits for the same sections where that fits.
    pub(super) async fn commit_in_turn(&self, txn: Txn) -> Result<Committed> {
        let id = txn.id.clone();
        let (answer, answered) = oneshot::channel();
        let job = CommitJob {
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
            let mut room = TransactionRoom::default();
            let Some(turn) = self.waiting.start(|job: &CommitJob| room.takes(&job.txn)) else {
                return;
            };
            tokio::spawn(self.clone().serve(turn));
        }
    }

    async fn serve(self, mut turn: Turn<Section, CommitJob>) {
        let (late, jobs): (Vec<CommitJob>, Vec<CommitJob>) = turn
            .take()
            .into_iter()
            .partition(|job| job.since.elapsed() > self.options.patience);
        for job in late {
            job.reply(Err(CommitSettings::busy(self.options.patience)));
        }
        let left = self.write_together(jobs).await;
        turn.end(left, CommitJob::claims);
        self.serve_ready();
    }

    /// Makes commits, answers them, and gives back those that must wait for their next turn.
    async fn write_together(&self, jobs: Vec<CommitJob>) -> Vec<CommitJob> {
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

    async fn drive(&self, machine: &mut CommitMachine<CommitJob>) -> (Vec<CommitJob>, Vec<CommitJob>) {
        let began = Instant::now();
        let mut token = (0, String::new());
        let mut answer = CommitMachineAnswer::Next;
        loop {
            let step = machine.next(answer, began.elapsed());
            for (job, answer) in machine.take_answers() {
                job.reply(answer);
            }
            answer = match step {
                MachineStep::Request(CommitMachineRequest::Write { transaction, number }) => {
                    if token.0 != number {
                        token = (number, Uuid::new_v4().to_string());
                    }
                    CommitMachineAnswer::Written(self.send(&transaction, &token.1).await)
                }
                MachineStep::Request(request) => self
                    .ask(request)
                    .await
                    .unwrap_or_else(CommitMachineAnswer::Failed),
                MachineStep::Pause(about) => {
                    sleep(Jitter::Half.draw(about)).await;
                    CommitMachineAnswer::Next
                }
                MachineStep::Done(left) => return (left.waiting, left.apart),
            };
        }
    }

    async fn ask(&self, request: CommitMachineRequest) -> Result<CommitMachineAnswer> {
        Ok(match request {
            CommitMachineRequest::Read {
                keys,
                sections,
                records,
            } => CommitMachineAnswer::Read(self.read_for(&keys, &sections, &records).await?),
            CommitMachineRequest::Confirm { sections, records } => {
                CommitMachineAnswer::Confirmed(self.confirm(&sections, &records).await?)
            }
            CommitMachineRequest::LinesAfter(of) => {
                let last = Revision::new(u64::MAX);
                CommitMachineAnswer::Lines(self.lines(of, |since| (since, last)).await?)
            }
            CommitMachineRequest::LinesOf(of) => {
                let before = |at: Revision| Revision::new(at.get().saturating_sub(1));
                CommitMachineAnswer::Lines(self.lines(of, |at| (before(at), at)).await?)
            }
            CommitMachineRequest::CountSections => {
                CommitMachineAnswer::Count(self.section_list(&[], Consistency::Strong).await?.sections.len())
            }
            CommitMachineRequest::Listed(sections) => {
                CommitMachineAnswer::Listed(self.listed_of(sections).await?)
            }
            CommitMachineRequest::Write { .. } => CommitMachineAnswer::Next,
        })
    }

    /// Everything that the commits need to know, in one strongly consistent read.
    async fn read_for(
        &self,
        keys: &[Key],
        sections: &[Section],
        records: &[RecordPlace],
    ) -> Result<CommitBasis> {
        let subject = keys.first().map_or_else(String::new, ToString::to_string);
        let mut ids: Vec<Item> = keys.iter().map(items::entry_id).collect();
        ids.extend(Self::head_ids(sections));
        ids.extend(records.iter().map(items::record_id));
        ids.push(id(item::CONFIG, item::META));
        let (found, now) = self.read_items(ids, Consistency::Strong, &subject).await?;
        let mut read = CommitBasis::at(now);
        for item in &found {
            match item::sk_of(item) {
                item::HEAD => {
                    let head = items::to_head_for_writer(item)?;
                    read.heads.insert(head.section.clone(), head);
                }
                item::META => {
                    let meta = items::to_meta(item)?;
                    if meta.layout > Meta::LAYOUT {
                        return Err(StoreError::Layout {
                            found: meta.layout,
                            known: Meta::LAYOUT,
                        });
                    }
                    read.history_days = meta.history_days;
                }
                sk if sk.starts_with(item::RECORD) => {
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
            if item::sk_of(item) == item::HEAD {
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

    /// Which of the sections are in the section list, or in the list of the grant whose role is used.
    async fn listed_of(&self, sections: Vec<Section>) -> Result<Vec<Section>> {
        let mut listed = match &self.grant {
            Some(grant) => self.granted_sections(grant, Consistency::Strong).await?,
            None => Vec::new(),
        };
        let unknown = sections.iter().filter(|section| !listed.contains(section));
        let ids: Vec<Item> = unknown
            .map(|section| id(item::CONFIG, section.as_str()))
            .collect();
        if !ids.is_empty() {
            let (found, _) = self.read_items(ids, Consistency::Strong, item::CONFIG).await?;
            for item in &found {
                listed.extend(items::listed_section(item)?);
            }
        }
        Ok(listed)
    }
}
