use aws_sdk_dynamodb::Client as DynamoDbClient;

use super::check::limited;
use crate::aws::{AssumedRole, Aws};
use crate::engine::dynamodb::{DynamoDb, DynamoDbOptions};
use crate::model::{ConfigName, ErrorKind};
use crate::stack::{self, StackError};
use crate::store::{Admin as _, Meta, StoreError};
use crate::wire::result::{Check, CheckStatus};

/// Whether this version knows how the table is laid out, as the read role sees it.
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
                "the table has layout {}; this discfg supports layouts up to {}",
                meta.layout,
                Meta::LAYOUT
            ),
        )
        .fix("update discfg"),
        Ok(Ok(Some(meta))) => Check::ok(
            "layout",
            format!("layout {}, {} days of history", meta.layout, meta.history_days),
        ),
        Ok(Ok(None)) => Check::ok("layout", format!("layout {}, default settings", Meta::LAYOUT)),
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

/// What keeps the table from loss, and what clears away expired items.
pub(super) async fn settings(config: &ConfigName, aws: &Aws, checks: &mut Vec<Check>) {
    let dynamodb = DynamoDbClient::new(aws.sdk());
    let table = config.table_name();
    let found = limited("table", stack::table(&dynamodb, config)).await;
    let facts = match found {
        Err(check) => return checks.push(check),
        Ok(Ok(None)) => {
            return checks.push(
                Check::fail("table", format!("table {table} not found")).fix(format!(
                    "run `discfg status {config} --drift` to see what else is missing"
                )),
            );
        }
        Ok(Ok(Some(facts))) => facts,
        Ok(Err(error)) => return checks.push(unknown("table", error)),
    };
    checks.push(if facts.state == "active" {
        Check::ok("table", format!("{table}, active"))
    } else {
        Check::warn("table", format!("{table}, {}", facts.state)).fix(format!("discfg status {config}"))
    });
    checks.push(if facts.protected {
        Check::ok("protection", "deletion protection is on")
    } else {
        Check::warn("protection", "deletion protection is off").fix(format!(
            "aws dynamodb update-table --table-name {table} --deletion-protection-enabled"
        ))
    });
    let recovery = limited("recovery", stack::point_in_time_recovery(&dynamodb, config)).await;
    checks.push(match recovery {
        Err(check) => check,
        Ok(Ok(true)) => Check::ok("recovery", "point-in-time recovery is on"),
        Ok(Ok(false)) => Check::warn("recovery", "point-in-time recovery is off").fix(format!(
            "aws dynamodb update-continuous-backups --table-name {table} \
             --point-in-time-recovery-specification PointInTimeRecoveryEnabled=true"
        )),
        Ok(Err(error)) => unknown("recovery", error),
    });
    let ttl = limited("expiry", stack::time_to_live(&dynamodb, config)).await;
    checks.push(match ttl {
        Err(check) => check,
        Ok(Ok(Some(attribute))) if attribute == EXPIRES_AT => {
            Check::ok("expiry", "time to live is on: DynamoDB deletes expired items")
        }
        Ok(Ok(_)) => Check::warn(
            "expiry",
            "time to live is off: expired items are hidden but never deleted",
        )
        .fix(format!(
            "aws dynamodb update-time-to-live --table-name {table} \
             --time-to-live-specification Enabled=true,AttributeName={EXPIRES_AT}"
        )),
        Ok(Err(error)) => unknown("expiry", error),
    });
}

/// The attribute that the template names.
const EXPIRES_AT: &str = "expires_at";

/// A developer needn't be allowed to look at the table's settings.
fn unknown(name: &'static str, error: StackError) -> Check {
    let verdict = if error.kind() == ErrorKind::Denied {
        CheckStatus::Warn
    } else {
        CheckStatus::Fail
    };
    Check::failed(name, verdict, error.into())
}
