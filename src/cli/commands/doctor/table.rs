use aws_sdk_dynamodb::Client as DynamoDbClient;

use super::check::limited;
use crate::aws::{AssumedRole, Aws};
use crate::engine::dynamodb::{DynamoDb, DynamoDbOptions};
use crate::model::{ConfigName, ErrorKind};
use crate::stack::{self, StackError};
use crate::store::{Admin as _, Meta, StoreError};
use crate::wire::result::{Check, CheckStatus};

/// Checks in the read role that this version supports the table's layout.
pub(super) async fn layout(config: &ConfigName, aws: &Aws, reader: &AssumedRole) -> Check {
    let table = DynamoDb::new(DynamoDbOptions::new(
        config.clone(),
        aws.sdk_as(reader.provider()),
    ));
    match limited("layout", table.meta()).await {
        Err(check) => check,
        Ok(Ok(Some(meta))) if meta.layout > Meta::LAYOUT => Check::fail(
            "layout",
            format!(
                "the table has layout {}; this version of discfg supports layouts up to {}",
                meta.layout,
                Meta::LAYOUT
            ),
        )
        .fix("update discfg"),
        Ok(Ok(Some(meta))) => Check::ok(
            "layout",
            format!("layout {}, {} days of history", meta.layout, meta.history_days),
        ),
        Ok(Ok(None)) => Check::ok(
            "layout",
            format!("layout {}, no settings in the table", Meta::LAYOUT),
        ),
        Ok(Err(error)) => {
            let is_newer = matches!(error, StoreError::Layout { .. });
            let check = Check::failed("layout", CheckStatus::Fail, error.into());
            if is_newer {
                check.fix("update discfg")
            } else {
                check
            }
        }
    }
}

/// Checks deletion protection, point-in-time recovery and TTL of the table.
pub(super) async fn settings(config: &ConfigName, aws: &Aws, checks: &mut Vec<Check>) {
    let dynamodb = DynamoDbClient::new(aws.sdk());
    let table = config.table_name();
    let found = limited("table", stack::table(&dynamodb, config)).await;
    let facts = match found {
        Err(check) => return checks.push(check),
        Ok(Ok(None)) => {
            return checks.push(
                Check::fail("table", format!("table {table} not found")).fix(format!(
                    "show what else is missing: `discfg status {config} --drift`"
                )),
            );
        }
        Ok(Ok(Some(facts))) => facts,
        Ok(Err(error)) => return checks.push(unknown("table", error)),
    };
    checks.push(if facts.state == "active" {
        Check::ok("table", format!("{table}, active"))
    } else {
        Check::warn("table", format!("{table}, {}", facts.state))
            .fix(format!("follow it with `discfg status {config}`"))
    });
    checks.push(if facts.protected {
        Check::ok("protection", "deletion protection is on")
    } else {
        Check::warn("protection", "deletion protection is off").fix(format!(
            "turn it on: `aws dynamodb update-table --table-name {table} --deletion-protection-enabled`"
        ))
    });
    let recovery = limited("recovery", stack::point_in_time_recovery(&dynamodb, config)).await;
    checks.push(match recovery {
        Err(check) => check,
        Ok(Ok(true)) => Check::ok("recovery", "point-in-time recovery is on"),
        Ok(Ok(false)) => Check::warn("recovery", "point-in-time recovery is off").fix(format!(
            "turn it on: `aws dynamodb update-continuous-backups --table-name {table} \
             --point-in-time-recovery-specification PointInTimeRecoveryEnabled=true`"
        )),
        Ok(Err(error)) => unknown("recovery", error),
    });
    let ttl = limited("expiry", stack::time_to_live(&dynamodb, config)).await;
    checks.push(match ttl {
        Err(check) => check,
        Ok(Ok(Some(attribute))) if attribute == EXPIRES_AT => {
            Check::ok("expiry", "DynamoDB TTL is on: expired keys are deleted")
        }
        Ok(Ok(_)) => Check::warn(
            "expiry",
            "DynamoDB TTL is off: expired keys are hidden, but never deleted",
        )
        .fix(format!(
            "turn it on: `aws dynamodb update-time-to-live --table-name {table} \
             --time-to-live-specification Enabled=true,AttributeName={EXPIRES_AT}`"
        )),
        Ok(Err(error)) => unknown("expiry", error),
    });
}

/// The TTL attribute of the template.
const EXPIRES_AT: &str = "expires_at";

/// A developer may have no permission to read the table's settings.
fn unknown(name: &'static str, error: StackError) -> Check {
    let verdict = if error.kind() == ErrorKind::Denied {
        CheckStatus::Warn
    } else {
        CheckStatus::Fail
    };
    Check::failed(name, verdict, error.into())
}
