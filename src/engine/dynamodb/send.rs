//! One send of a transaction, and what its answer means.

use aws_config::retry::RetryConfig;
use aws_sdk_dynamodb::config::Config;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::CancellationReason;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;

use super::DynamoDb;
use super::items;
use super::protocol::{FoundItem, SendOutcome, TableAction, Transaction};
use super::snapshot::THROTTLED;
use super::transaction::{encode, write_units};
use crate::aws::{AnswerDate, Failed, Fault};
use crate::store::{Result, StoreError};

const ACTION: &str = "TransactWriteItems";

impl DynamoDb {
    /// Sends a transaction once under that token.
    pub(super) async fn send(&self, transaction: &Transaction, token: &str) -> SendOutcome {
        let actions = match encode(&self.table, transaction) {
            Ok(actions) => actions,
            Err(error) => {
                return SendOutcome::Refused(StoreError::Other {
                    what: format!("dynamodb:{ACTION}"),
                    source: Some(error.into()),
                });
            }
        };
        let write_units = write_units(&actions);
        let date = AnswerDate::new();
        let answer = self
            .client
            .transact_write_items()
            .set_transact_items(Some(actions))
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
                self.count_write(answer.consumed_capacity());
                return SendOutcome::Done;
            }
            Err(error) => error,
        };
        if let Some(reasons) = cancellation(&error) {
            self.count_cancelled(write_units);
            let found = found(transaction, reasons);
            let failed = Failed::new(&error);
            return match found {
                Ok(Some(found)) => SendOutcome::Lost(found, date.get().map(|at| self.time_of(Some(at)))),
                Ok(None) => self.cancelled(transaction, reasons, failed),
                Err(error) => SendOutcome::Refused(error),
            };
        }
        let failed = Failed::new(&error);
        let is_conflict = failed.is("TransactionConflictException");
        let (fault, in_progress) = (failed.fault, failed.is("TransactionInProgressException"));
        let error = self.failed(ACTION, Some(&subjects(transaction)), failed);
        match fault {
            Fault::Throttled | Fault::Unreachable => SendOutcome::NotYet { error, is_conflict },
            Fault::Unanswered | Fault::Server => SendOutcome::Unanswered(error),
            Fault::Refused if in_progress => SendOutcome::Unanswered(error),
            Fault::Refused if is_conflict => SendOutcome::NotYet { error, is_conflict },
            _ => SendOutcome::Refused(error),
        }
    }

    /// Reads a cancellation in which no condition failed.
    fn cancelled(
        &self,
        transaction: &Transaction,
        reasons: &[CancellationReason],
        mut failed: Failed,
    ) -> SendOutcome {
        let has = |wanted: &str| reasons.iter().any(|reason| reason.code() == Some(wanted));
        let is_throttled = THROTTLED.iter().any(|code| has(code));
        let is_conflict = has("TransactionConflict") && !is_throttled;
        if is_throttled {
            failed.fault = Fault::Throttled;
        }
        if reasons
            .iter()
            .any(|reason| reason.code().is_some_and(|code| code.starts_with("AccessDenied")))
        {
            failed.fault = Fault::Denied;
        }
        let error = self.failed(ACTION, Some(&subjects(transaction)), failed);
        if is_throttled || is_conflict {
            SendOutcome::NotYet { error, is_conflict }
        } else {
            SendOutcome::Refused(error)
        }
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

/// What each action found, if a condition of one failed.
fn found(transaction: &Transaction, reasons: &[CancellationReason]) -> Result<Option<Vec<FoundItem>>> {
    let mut any = false;
    let mut all = Vec::with_capacity(transaction.actions.len());
    for (action, reason) in transaction.actions.iter().zip(reasons) {
        if reason.code() != Some("ConditionalCheckFailed") {
            all.push(FoundItem::AsRead);
            continue;
        }
        any = true;
        let item = reason.item().filter(|item| !item.is_empty());
        all.push(match (action, item) {
            (
                TableAction::PutEntry { .. }
                | TableAction::DeleteEntry { .. }
                | TableAction::CheckEntry { .. },
                Some(item),
            ) => FoundItem::Entry(Box::new(items::to_entry(item)?)),
            (TableAction::MoveHead { .. } | TableAction::CheckHead { .. }, Some(item)) => {
                FoundItem::Head(items::to_head_for_writer(item)?)
            }
            (TableAction::PutRecord(_), Some(item)) => FoundItem::Record(items::to_record(item)?),
            _ => FoundItem::Other,
        });
    }
    Ok(any.then_some(all))
}

fn subjects(transaction: &Transaction) -> String {
    let mut keys = transaction.actions.iter().filter_map(|action| match action {
        TableAction::PutEntry { entry, .. } => Some(entry.key.as_str()),
        TableAction::DeleteEntry { key, .. } | TableAction::CheckEntry { key, .. } => Some(key.as_str()),
        _ => None,
    });
    let first = keys.next().unwrap_or_default();
    match keys.count() {
        0 => first.to_owned(),
        more => format!("{first} and {more} more"),
    }
}
