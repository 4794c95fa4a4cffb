use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{KeyType, ScalarAttributeType, Select, TableDescription, TableStatus};

use super::table_facts::{billing, describe};
use crate::aws::Fault;
use crate::model::{Billing, ConfigName, HistoryDays};
use crate::stack::deploy::pace::PollPace;
use crate::stack::error::StackError;

/// The tag with the days of history, for which a table has no property.
const HISTORY_TAG: &str = "discfg:history-days";

/// The tag with the stack's ARN: CloudFormation adds no tags to tables
/// (`cloudFormationSystemTags` in the schema of `AWS::DynamoDB::Table`).
const STACK_TAG: &str = "discfg:stack";

/// An existing table with a config's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundTable {
    /// Its name.
    pub name: String,
    /// Its billing mode.
    pub billing: Billing,
    /// The ARN of the KMS key that encrypts it; `None` for DynamoDB's key.
    pub kms_key: Option<String>,
    /// Whether deletion protection is on.
    pub protected: bool,
    /// The days for which changes are kept in the log, if tagged.
    pub history_days: Option<HistoryDays>,
    /// The ARN of the stack that created or last imported it.
    pub(in crate::stack) made_by: Option<String>,
}

/// The table of a config, with or without a stack; `None` if it doesn't exist. Waits while it is being created, updated
/// or deleted. An error if its keys aren't those of a config's table.
pub(in crate::stack) async fn find(
    dynamodb: &Client,
    config: &ConfigName,
) -> Result<Option<FoundTable>, StackError> {
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

/// Whether a table is empty, by a scan: the item count may be hours old.
pub(in crate::stack) async fn is_empty(dynamodb: &Client, table: &str) -> Result<bool, StackError> {
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

async fn settled(dynamodb: &Client, name: &str) -> Result<Option<TableDescription>, StackError> {
    let mut pace = PollPace::of_table(dynamodb);
    loop {
        match describe(dynamodb, name).await {
            Ok(table) => match table.as_ref().and_then(TableDescription::table_status) {
                Some(TableStatus::Creating | TableStatus::Updating | TableStatus::Deleting) => {
                    pace.as_usual();
                }
                _ => return Ok(table),
            },
            Err(error) if error.fault() == Some(Fault::Throttled) => pace.slower(),
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
