use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    BillingMode, KeyType, ProvisionedThroughputDescription as Throughput, ScalarAttributeType, Select,
    TableDescription, TableStatus,
};

use super::error::StackError;
use super::pace::Pace;
use crate::model::{Billing, ConfigName, HistoryDays};

/// The tag in which the template keeps the days of history, because a table has no place of its own for them.
const HISTORY_TAG: &str = "discfg:history-days";

/// The tag by which CloudFormation marks what a stack has made.
const STACK_TAG: &str = "aws:cloudformation:stack-id";

/// A table that bears a config's name, as DynamoDB has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundTable {
    /// Its name.
    pub name: String,
    /// How it is paid for.
    pub billing: Billing,
    /// The ARN of the key in KMS that encrypts it; nothing if DynamoDB's own key does.
    pub kms_key: Option<String>,
    /// Whether it is protected against deletion.
    pub protected: bool,
    /// How long its changes stay in the log, where its stack said so.
    pub history_days: Option<HistoryDays>,
    /// The ARN of the stack that made it.
    pub(super) made_by: Option<String>,
}

/// The table of a config, whether a stack holds it or not; nothing if it is not there. Waits while it is being made,
/// changed or deleted. An error if its keys aren't those of a config's table.
pub(super) async fn find(dynamodb: &Client, config: &ConfigName) -> Result<Option<FoundTable>, StackError> {
    let name = config.table_name();
    let Some(table) = settled(dynamodb, &name).await? else {
        return Ok(None);
    };
    let unfit = |why| StackError::UnfitTable {
        table: name.clone(),
        why,
    };
    match table.table_status() {
        Some(TableStatus::Active) => {}
        Some(status) => return Err(unfit(format!("its status is {status}"))),
        None => return Err(unfit("it has no status".into())),
    }
    let keys = keys(&table);
    if keys != "pk (S, HASH), sk (S, RANGE)" {
        return Err(unfit(format!(
            "its keys are {keys}, not pk (S, HASH), sk (S, RANGE)"
        )));
    }
    let tags = match table.table_arn() {
        Some(arn) => tags(dynamodb, arn).await?,
        None => Vec::new(),
    };
    let tag = |wanted| tags.iter().find(|(key, _)| key == wanted).map(|(_, value)| value);
    Ok(Some(FoundTable {
        billing: billing(&table),
        kms_key: table
            .sse_description()
            .and_then(|sse| sse.kms_master_key_arn())
            .map(str::to_owned),
        protected: table.deletion_protection_enabled().unwrap_or(false),
        history_days: tag(HISTORY_TAG).and_then(|days| days.parse().ok()),
        made_by: tag(STACK_TAG).cloned(),
        name,
    }))
}

/// Whether a table holds no item at all. By a look at it: the count that DynamoDB keeps may be hours old.
pub(super) async fn is_empty(dynamodb: &Client, table: &str) -> Result<bool, StackError> {
    let seen = dynamodb
        .scan()
        .table_name(table)
        .consistent_read(true)
        .limit(1)
        .select(Select::Count)
        .send()
        .await
        .map_err(|error| StackError::request("dynamodb:Scan", &error))?;
    Ok(seen.scanned_count() == 0 && seen.last_evaluated_key().is_none())
}

/// Deletes a table, which is unprotected first, and waits until it is gone. An error if it holds an item by now.
pub(super) async fn delete(dynamodb: &Client, table: &FoundTable) -> Result<(), StackError> {
    if !is_empty(dynamodb, &table.name).await? {
        return Err(StackError::UnfitTable {
            table: table.name.clone(),
            why: "it was empty and holds something now, so it was not deleted".into(),
        });
    }
    if table.protected {
        dynamodb
            .update_table()
            .table_name(&table.name)
            .deletion_protection_enabled(false)
            .send()
            .await
            .map_err(|error| StackError::request("dynamodb:UpdateTable", &error))?;
        settled(dynamodb, &table.name).await?;
    }
    let deleted = dynamodb.delete_table().table_name(&table.name).send().await;
    match deleted.map_err(|error| StackError::request("dynamodb:DeleteTable", &error)) {
        Ok(_) => {}
        Err(error) if error.is("ResourceNotFoundException") => return Ok(()),
        Err(error) => return Err(error),
    }
    settled(dynamodb, &table.name).await.map(drop)
}

async fn settled(dynamodb: &Client, name: &str) -> Result<Option<TableDescription>, StackError> {
    let mut pace = Pace::of_table(dynamodb);
    loop {
        let answer = dynamodb
            .describe_table()
            .table_name(name)
            .send()
            .await
            .map_err(|error| StackError::request("dynamodb:DescribeTable", &error));
        match answer {
            Ok(answer) => match answer.table.as_ref().and_then(TableDescription::table_status) {
                Some(TableStatus::Creating | TableStatus::Updating | TableStatus::Deleting) => {
                    pace.as_usual();
                }
                _ => return Ok(answer.table),
            },
            Err(error) if error.is("ResourceNotFoundException") => return Ok(None),
            Err(error) if error.fault() == Some(crate::aws::Fault::Throttled) => pace.slower(),
            Err(error) => return Err(error),
        }
        pace.pause().await;
    }
}

async fn tags(dynamodb: &Client, arn: &str) -> Result<Vec<(String, String)>, StackError> {
    let mut tags = Vec::new();
    let mut page = None;
    loop {
        let answer = dynamodb
            .list_tags_of_resource()
            .resource_arn(arn)
            .set_next_token(page)
            .send()
            .await
            .map_err(|error| StackError::request("dynamodb:ListTagsOfResource", &error))?;
        tags.extend(
            answer
                .tags
                .unwrap_or_default()
                .into_iter()
                .map(|tag| (tag.key, tag.value)),
        );
        page = answer.next_token;
        if page.is_none() {
            return Ok(tags);
        }
    }
}

fn keys(table: &TableDescription) -> String {
    let kind = |name: &str| {
        table
            .attribute_definitions()
            .iter()
            .find(|attribute| attribute.attribute_name() == name)
            .map_or("?", |attribute| {
                ScalarAttributeType::as_str(attribute.attribute_type())
            })
    };
    let keys: Vec<String> = table
        .key_schema()
        .iter()
        .map(|key| {
            let name = key.attribute_name();
            format!("{name} ({}, {})", kind(name), KeyType::as_str(key.key_type()))
        })
        .collect();
    keys.join(", ")
}

/// A table that never was on demand has no summary of its billing, and one that is may still tell units.
fn billing(table: &TableDescription) -> Billing {
    let mode = table
        .billing_mode_summary()
        .and_then(|summary| summary.billing_mode());
    let capacity = |units: Option<i64>| units.and_then(|units| u32::try_from(units).ok()).unwrap_or(0);
    let given = table.provisioned_throughput();
    let read = capacity(given.and_then(Throughput::read_capacity_units));
    let write = capacity(given.and_then(Throughput::write_capacity_units));
    if mode == Some(&BillingMode::PayPerRequest) || read == 0 || write == 0 {
        Billing::OnDemand
    } else {
        Billing::Provisioned { read, write }
    }
}
