use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    BillingMode, PointInTimeRecoveryStatus, ProvisionedThroughputDescription as Throughput, TableDescription,
    TimeToLiveStatus,
};

use crate::model::{Billing, ConfigName, Timestamp};
use crate::stack::error::StackError;

/// A config's table as DynamoDB describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableFacts {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// DynamoDB's status in lower case, such as `active`.
    pub state: String,
    /// When it was created.
    pub created: Option<Timestamp>,
    /// The number of items, which DynamoDB updates about every six hours.
    pub items: u64,
    /// The size of the items in bytes, updated together with their number.
    pub bytes: u64,
    /// Its billing mode.
    pub billing: Billing,
    /// Whether deletion protection is on.
    pub protected: bool,
    /// The ARN of the KMS key that encrypts it; `None` for DynamoDB's key.
    pub key: Option<String>,
}

/// The table of a config; `None` if it doesn't exist. One request; needs `dynamodb:DescribeTable`.
pub async fn table(dynamodb: &Client, config: &ConfigName) -> Result<Option<TableFacts>, StackError> {
    let table = describe(dynamodb, &config.table_name()).await?;
    Ok(table.map(|table| TableFacts::new(&table)))
}

/// The description of a table; `None` if it doesn't exist.
pub(in crate::stack) async fn describe(
    dynamodb: &Client,
    name: &str,
) -> Result<Option<TableDescription>, StackError> {
    let answer = dynamodb
        .describe_table()
        .table_name(name)
        .send()
        .await
        .map_err(|error| StackError::request("dynamodb:DescribeTable", &error));
    match answer {
        Ok(answer) => Ok(answer.table),
        Err(error) if error.is("ResourceNotFoundException") => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether point-in-time recovery is on for a config's table. One request; needs
/// `dynamodb:DescribeContinuousBackups`.
pub async fn point_in_time_recovery(dynamodb: &Client, config: &ConfigName) -> Result<bool, StackError> {
    let answer = dynamodb
        .describe_continuous_backups()
        .table_name(config.table_name())
        .send()
        .await
        .map_err(|error| StackError::request("dynamodb:DescribeContinuousBackups", &error))?;
    let status = answer
        .continuous_backups_description()
        .and_then(|backups| backups.point_in_time_recovery_description())
        .and_then(|recovery| recovery.point_in_time_recovery_status());
    Ok(status == Some(&PointInTimeRecoveryStatus::Enabled))
}

/// The TTL attribute of a config's table; `None` if TTL is off. One request; needs
/// `dynamodb:DescribeTimeToLive`.
pub async fn time_to_live(dynamodb: &Client, config: &ConfigName) -> Result<Option<String>, StackError> {
    let answer = dynamodb
        .describe_time_to_live()
        .table_name(config.table_name())
        .send()
        .await
        .map_err(|error| StackError::request("dynamodb:DescribeTimeToLive", &error))?;
    Ok(answer.time_to_live_description.and_then(|ttl| {
        let is_on = matches!(
            ttl.time_to_live_status,
            Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling)
        );
        ttl.attribute_name.filter(|_| is_on)
    }))
}

impl TableFacts {
    fn new(table: &TableDescription) -> Self {
        let count = |count: Option<i64>| count.and_then(|count| u64::try_from(count).ok()).unwrap_or(0);
        Self {
            name: table.table_name().unwrap_or_default().to_owned(),
            arn: table.table_arn().unwrap_or_default().to_owned(),
            state: table
                .table_status()
                .map_or_else(|| "unknown".into(), |status| status.as_str().to_lowercase()),
            created: table
                .creation_date_time()
                .map(|at| Timestamp::from_epoch(at.secs())),
            items: count(table.item_count()),
            bytes: count(table.table_size_bytes()),
            billing: billing(table),
            protected: table.deletion_protection_enabled().unwrap_or(false),
            key: table
                .sse_description()
                .and_then(|encryption| encryption.kms_master_key_arn())
                .map(str::to_owned),
        }
    }
}

/// The billing mode. A table that never was on demand has no billing summary, and an on-demand one may still have
/// units.
pub(in crate::stack) fn billing(table: &TableDescription) -> Billing {
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
