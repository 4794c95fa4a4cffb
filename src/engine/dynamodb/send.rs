use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_sdk_dynamodb::config::Config;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::CancellationReason;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::DynamoDb;
use super::items;
use super::transaction::{Read, Subject, Transaction};
use crate::aws::{AnswerDate, Failed, Fault};
use crate::model::Timestamp;
use crate::store::{Cause, Result, StoreError};

/// The pause before the second try; it doubles from then on.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
/// The longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// What became of a transaction.
pub(super) enum Ended {
    /// It is made.
    Made,
    /// It lost a race, and must be decided anew.
    Lost,
    /// It is not made, and will not be.
    Failed(StoreError),
    /// It may have been made.
    Unknown(Option<Cause>),
}

/// What became of one send.
enum Sent {
    /// The transaction is made.
    Done,
    /// Something was no longer as it was read; `read` is brought up to date where the answer told how it is now.
    Lost,
    /// Nothing was written, and the same may be sent again.
    Again(Failed),
    /// No answer came: it may have been made.
    Unanswered(Failed),
}

/// What has been tried so far.
pub(super) struct Attempts {
    until: Instant,
    pause: Duration,
    /// Whether any send was never answered.
    pub(super) unanswered: bool,
    last: Option<Failed>,
}

impl Attempts {
    pub(super) fn until(until: Instant) -> Self {
        Self {
            until,
            pause: FIRST_PAUSE,
            unanswered: false,
            last: None,
        }
    }

    /// Waits before the next try. False when the time is over.
    pub(super) async fn pause(&mut self) -> bool {
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
    /// How it ended where the time is over after a lost race.
    pub(super) fn gave_up(&self, attempts: &mut Attempts) -> Ended {
        let last = attempts.last.take();
        if attempts.unanswered {
            Ended::Unknown(last.map(Into::into))
        } else {
            Ended::Failed(self.busy(last))
        }
    }

    /// What those are told whose time is over while others change the same.
    pub(super) fn busy(&self, last: Option<Failed>) -> StoreError {
        StoreError::Unavailable {
            problem: format!(
                "others kept changing the same section for {} seconds; nothing was written",
                self.options.patience.as_secs()
            ),
            source: last.map(Into::into),
        }
    }

    /// Sends one transaction, under one token, until it is answered or the time is over.
    pub(super) async fn send_until_answered(
        &self,
        transaction: &Transaction,
        read: &mut Read,
        attempts: &mut Attempts,
    ) -> Ended {
        let token = Uuid::new_v4().to_string();
        loop {
            match self.send(transaction, &token, read).await {
                Ok(Sent::Done) => return Ended::Made,
                Ok(Sent::Lost) => return Ended::Lost,
                Ok(Sent::Again(failed)) => attempts.last = Some(failed),
                Ok(Sent::Unanswered(failed)) => {
                    attempts.unanswered = true;
                    attempts.last = Some(failed);
                }
                Err(error) if attempts.unanswered => {
                    tracing::debug!(%error, "after a send that was not answered");
                    return Ended::Unknown(Some(error.into()));
                }
                Err(error) => return Ended::Failed(error),
            }
            if !attempts.pause().await {
                return self.gave_up_sending(attempts);
            }
        }
    }

    fn gave_up_sending(&self, attempts: &mut Attempts) -> Ended {
        match attempts.last.take() {
            Some(failed) if !attempts.unanswered && failed.fault != Fault::Refused => {
                Ended::Failed(self.failed("TransactWriteItems", None, failed))
            }
            last => {
                attempts.last = last;
                self.gave_up(attempts)
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
