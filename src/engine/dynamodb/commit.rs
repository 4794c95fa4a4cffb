use std::collections::BTreeMap;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_sdk_dynamodb::config::Config;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::CancellationReason;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use futures::TryStreamExt as _;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::DynamoDb;
use super::items::{self, id};
use super::transaction::{Read, Subject, Transaction};
use crate::aws::{AnswerDate, Failed, Fault};
use crate::model::{Head, Revision, Section, Timestamp};
use crate::store::{
    Applied, Cause, Committed, Consistency, Decision, Meta, Result, State, StoreError, Txn, decide,
};

/// How long a commit tries, from its first read on.
const BOUND: Duration = Duration::from_secs(30);
/// The pause before the second try; it doubles from then on.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
/// The longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// What became of one send.
enum Sent {
    /// The commit is made.
    Done,
    /// Something was no longer as it was read; `read` is brought up to date where the answer told how it is now.
    Lost,
    /// Nothing was written, and the same may be sent again.
    Again(Failed),
    /// No answer came: it may have been made.
    Unanswered(Failed),
}

/// What has been tried so far.
struct Attempts {
    until: Instant,
    pause: Duration,
    /// Whether any send was never answered.
    unanswered: bool,
    last: Option<Failed>,
}

impl Attempts {
    /// Waits before the next try. False when the time is over.
    async fn pause(&mut self) -> bool {
        let pause = self.pause.mul_f64(0.5 + fastrand::f64());
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        if Instant::now() + pause >= self.until {
            return false;
        }
        sleep(pause).await;
        true
    }
}

impl DynamoDb {
    pub(super) async fn write_commit(&self, txn: &Txn) -> Result<Committed> {
        let mut attempts = Attempts {
            until: Instant::now() + BOUND,
            pause: FIRST_PAUSE,
            unanswered: false,
            last: None,
        };
        let mut read = self.read_for(txn).await?;
        let first: BTreeMap<Section, Revision> = txn
            .sections()
            .into_iter()
            .map(|s| {
                let r = read.heads.get(&s).map_or(Revision::ZERO, |h| h.revision);
                (s, r)
            })
            .collect();
        loop {
            if attempts.unanswered {
                // Where the log can't be read either, the send that went unanswered may still have landed.
                let found = self.find_commit(txn, &first).await;
                match found.map_err(|error| outcome_unknown(txn, error.into()))? {
                    Some(committed) => return Ok(committed),
                    None => attempts.unanswered = false,
                }
            }
            let state = State {
                entries: &read.entries,
                heads: &read.heads,
                now: read.now,
                by: &self.options.by,
            };
            let decision = decide(txn, &state)?;
            if decision.changes.is_empty() {
                return Ok(committed(txn, read.now, decision));
            }
            let transaction = Transaction::build(
                &self.table,
                txn,
                &read,
                &decision,
                self.options.registers_sections,
            )?;
            if self
                .send_until_answered(txn, &transaction, &mut read, &mut attempts)
                .await?
            {
                return Ok(committed(txn, read.now, decision));
            }
            if !attempts.pause().await {
                return Err(Self::gave_up(txn, attempts));
            }
        }
    }

    /// Sends one transaction, under one token, until it is answered: true when it is made, false when it lost a
    /// race and must be decided anew.
    async fn send_until_answered(
        &self,
        txn: &Txn,
        transaction: &Transaction,
        read: &mut Read,
        attempts: &mut Attempts,
    ) -> Result<bool> {
        let token = Uuid::new_v4().to_string();
        loop {
            match self.send(transaction, &token, read).await {
                Ok(Sent::Done) => return Ok(true),
                Ok(Sent::Lost) => return Ok(false),
                Ok(Sent::Again(failed)) => attempts.last = Some(failed),
                Ok(Sent::Unanswered(failed)) => {
                    attempts.unanswered = true;
                    attempts.last = Some(failed);
                }
                Err(error) if attempts.unanswered => {
                    tracing::debug!(%error, "after a send that was not answered");
                    return Err(outcome_unknown(txn, error.into()));
                }
                Err(error) => return Err(error),
            }
            if !attempts.pause().await {
                return Err(self.gave_up_sending(txn, attempts));
            }
        }
    }

    async fn send(&self, transaction: &Transaction, token: &str, read: &mut Read) -> Result<Sent> {
        let date = AnswerDate::new();
        let answer = self
            .client
            .transact_write_items()
            .set_transact_items(Some(transaction.actions.clone()))
            .client_request_token(token)
            .set_return_consumed_capacity(self.wants_capacity())
            .customize()
            .interceptor(date.clone())
            // Whether a send was answered decides what may be done next, so each is ours to see.
            .config_override(Config::builder().retry_config(RetryConfig::disabled()))
            .send()
            .await;
        let error = match answer {
            Ok(answer) => {
                self.took_to_write(answer.consumed_capacity());
                return Ok(Sent::Done);
            }
            Err(error) => error,
        };
        if let Some(reasons) = cancellation(&error) {
            return self.cancelled(transaction, reasons, read, date.get(), Failed::new(&error));
        }
        let failed = Failed::new(&error);
        match failed.fault {
            Fault::Throttled | Fault::Unreachable => Ok(Sent::Again(failed)),
            Fault::Unanswered | Fault::Server => Ok(Sent::Unanswered(failed)),
            Fault::Refused if failed.is("TransactionInProgressException") => Ok(Sent::Unanswered(failed)),
            Fault::Refused if failed.is("TransactionConflictException") => Ok(Sent::Again(failed)),
            _ => Err(self.failed("TransactWriteItems", Some(&subjects(transaction)), failed)),
        }
    }

    /// Reads a cancellation: a failed condition is a lost race, unless nothing but patience is asked for.
    fn cancelled(
        &self,
        transaction: &Transaction,
        reasons: &[CancellationReason],
        read: &mut Read,
        date: Option<Timestamp>,
        failed: Failed,
    ) -> Result<Sent> {
        let code = |reason: &CancellationReason| reason.code().unwrap_or("None").to_owned();
        let codes: Vec<String> = reasons.iter().map(code).collect();
        if codes.iter().any(|code| code == "ConditionalCheckFailed") {
            for (subject, reason) in transaction.subjects.iter().zip(reasons) {
                if reason.code() != Some("ConditionalCheckFailed") {
                    continue;
                }
                let item = reason.item().filter(|item| !item.is_empty());
                match subject {
                    Subject::Entry(key) => match item {
                        Some(item) => read.entries.insert(key.clone(), items::to_entry(item)?),
                        None => read.entries.remove(key),
                    }
                    .map_or((), drop),
                    Subject::Head(section) => match item {
                        Some(item) => read.heads.insert(section.clone(), items::to_head(item)?),
                        None => read.heads.remove(section),
                    }
                    .map_or((), drop),
                    Subject::Other => {}
                }
            }
            if let Some(date) = date {
                read.now = self.time_of(Some(date));
            }
            return Ok(Sent::Lost);
        }
        let patience = [
            "TransactionConflict",
            "ThrottlingError",
            "ProvisionedThroughputExceeded",
            "RequestLimitExceeded",
        ];
        if codes.iter().any(|code| patience.contains(&code.as_str())) {
            return Ok(Sent::Again(failed));
        }
        if codes.iter().any(|code| code.starts_with("AccessDenied")) {
            let failed = Failed {
                fault: Fault::Denied,
                ..failed
            };
            return Err(self.failed("TransactWriteItems", Some(&subjects(transaction)), failed));
        }
        Err(self.failed("TransactWriteItems", Some(&subjects(transaction)), failed))
    }

    fn gave_up_sending(&self, txn: &Txn, attempts: &mut Attempts) -> StoreError {
        let last = attempts.last.take();
        if attempts.unanswered {
            return StoreError::OutcomeUnknown {
                commit: txn.id.clone(),
                source: last.map(Into::into),
            };
        }
        match last {
            Some(failed) if failed.fault == Fault::Refused => busy(Some(failed)),
            Some(failed) => self.failed("TransactWriteItems", None, failed),
            None => busy(None),
        }
    }

    fn gave_up(txn: &Txn, attempts: Attempts) -> StoreError {
        if attempts.unanswered {
            StoreError::OutcomeUnknown {
                commit: txn.id.clone(),
                source: attempts.last.map(Into::into),
            }
        } else {
            busy(attempts.last)
        }
    }

    /// Everything that the commit needs to know, in one strongly consistent read.
    async fn read_for(&self, txn: &Txn) -> Result<Read> {
        let mut ids: Vec<_> = txn.keys().iter().map(items::entry_id).collect();
        ids.extend(Self::head_ids(&txn.sections()));
        ids.push(id(items::CONFIG, items::META));
        let subject = txn.keys().first().map_or_else(String::new, ToString::to_string);
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

    /// Looks for the commit in the logs of its sections, after what they were at when it was first tried.
    async fn find_commit(&self, txn: &Txn, first: &BTreeMap<Section, Revision>) -> Result<Option<Committed>> {
        let mut applied = Vec::new();
        let mut heads = Vec::new();
        let mut at = None;
        for (section, since) in first {
            let mut pages = self.log_pages(section, *since, Revision::new(u64::MAX), true);
            while let Some(lines) = pages.try_next().await? {
                for change in lines.into_iter().filter(|line| line.commit == txn.id) {
                    at = Some(change.at);
                    if change.index == 0 {
                        heads.push(Head {
                            section: section.clone(),
                            revision: change.revision,
                            changes: change.of,
                            commit: Some(txn.id.clone()),
                            modified: Some(change.at),
                        });
                    }
                    applied.push(Applied {
                        entry: change.entry(),
                        previous: change.replaced(),
                        change,
                    });
                }
            }
        }
        Ok(at.map(|at| Committed {
            commit: txn.id.clone(),
            at,
            heads,
            changes: applied,
        }))
    }
}

fn cancellation(error: &SdkError<TransactWriteItemsError, HttpResponse>) -> Option<&[CancellationReason]> {
    match error.as_service_error()? {
        TransactWriteItemsError::TransactionCanceledException(cancelled) => {
            Some(cancelled.cancellation_reasons())
        }
        _ => None,
    }
}

fn subjects(transaction: &Transaction) -> String {
    let mut keys = transaction.subjects.iter().filter_map(|subject| match subject {
        Subject::Entry(key) => Some(key.as_str()),
        _ => None,
    });
    let first = keys.next().unwrap_or_default();
    match keys.count() {
        0 => first.to_owned(),
        more => format!("{first} and {more} more"),
    }
}

fn outcome_unknown(txn: &Txn, cause: Cause) -> StoreError {
    StoreError::OutcomeUnknown {
        commit: txn.id.clone(),
        source: Some(cause),
    }
}

fn busy(last: Option<Failed>) -> StoreError {
    StoreError::Unavailable {
        problem: format!(
            "others kept changing the same section for {} seconds; nothing was written",
            BOUND.as_secs()
        ),
        source: last.map(Into::into),
    }
}

fn committed(txn: &Txn, at: Timestamp, decision: Decision) -> Committed {
    Committed {
        commit: txn.id.clone(),
        at,
        heads: decision.moves.into_iter().map(|moved| moved.to).collect(),
        changes: decision.changes,
    }
}
