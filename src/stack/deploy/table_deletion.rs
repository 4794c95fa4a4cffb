use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::TableStatus;

use super::pace::PollPace;
use crate::aws::Fault;
use crate::model::ConfigName;
use crate::stack::error::StackError;
use crate::stack::inspect::table::{FoundTable, is_empty};
use crate::stack::inspect::table_facts::describe;

/// How often DynamoDB may still report the deletion protection after it was disabled, some seconds apart.
const STALE_REFUSALS: u32 = 30;

/// Disables the deletion protection of a config's table, deletes it with its data, and waits for the end. A missing
/// table is not an error. Polls every 2 s.
///
/// Needs `dynamodb:DescribeTable`, `dynamodb:UpdateTable` and `dynamodb:DeleteTable`.
pub async fn delete_table(dynamodb: &Client, config: &ConfigName) -> Result<(), StackError> {
    remove(dynamodb, &config.table_name()).await
}

/// Deletes an empty table and waits for the end. An error if it has an item by now.
pub(in crate::stack) async fn delete_empty_table(
    dynamodb: &Client,
    table: &FoundTable,
) -> Result<(), StackError> {
    if is_empty(dynamodb, &table.name).await? {
        return remove(dynamodb, &table.name).await;
    }
    Err(StackError::UnfitTable {
        table: table.name.clone(),
        why: "it was empty, but has data now, so it was not deleted".into(),
    })
}

async fn remove(dynamodb: &Client, table: &str) -> Result<(), StackError> {
    let mut pace = PollPace::of_table(dynamodb);
    let mut unprotected = false;
    let mut asked = false;
    let mut refusals = 0;
    loop {
        match describe(dynamodb, table).await {
            Ok(None) => return Ok(()),
            Ok(Some(found)) => {
                pace.as_usual();
                // Only an active table can be updated.
                let is_busy = matches!(
                    found.table_status(),
                    Some(TableStatus::Creating | TableStatus::Updating | TableStatus::Deleting)
                );
                if !is_busy && !unprotected && found.deletion_protection_enabled() == Some(true) {
                    unprotect(dynamodb, table).await?;
                    unprotected = true;
                    continue;
                }
                if !is_busy && !asked {
                    asked = match request_deletion(dynamodb, table).await {
                        // The change of the protection takes time to propagate.
                        Err(error) if unprotected && is_protected(&error) && refusals < STALE_REFUSALS => {
                            refusals += 1;
                            false
                        }
                        answer => answer?,
                    };
                    if asked {
                        continue;
                    }
                }
            }
            Err(error) if error.fault() == Some(Fault::Throttled) => pace.slower(),
            Err(error) => return Err(error),
        }
        pace.pause().await;
    }
}

async fn unprotect(dynamodb: &Client, table: &str) -> Result<(), StackError> {
    dynamodb
        .update_table()
        .table_name(table)
        .deletion_protection_enabled(false)
        .send()
        .await
        .map(drop)
        .map_err(|error| StackError::request("dynamodb:UpdateTable", &error))
}

/// Requests the deletion. False if the table is being updated, and the request must be retried.
async fn request_deletion(dynamodb: &Client, table: &str) -> Result<bool, StackError> {
    let answer = dynamodb
        .delete_table()
        .table_name(table)
        .send()
        .await
        .map_err(|error| StackError::request("dynamodb:DeleteTable", &error));
    match answer {
        Ok(_) => Ok(true),
        Err(error) if error.is("ResourceInUseException") => Ok(false),
        Err(error) if error.is("ResourceNotFoundException") => Ok(true),
        Err(error) => Err(error),
    }
}

/// Whether DynamoDB refuses because of deletion protection, for which it has no error code.
fn is_protected(error: &StackError) -> bool {
    matches!(error, StackError::Request { source, .. } if source.is("ValidationException")
        && source.message.contains("protected against deletion"))
}
