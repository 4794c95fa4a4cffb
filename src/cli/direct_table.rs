use aws_config::SdkConfig;

use crate::engine::dynamodb::{DynamoDb, DynamoDbOptions};
use crate::model::ConfigName;

/// The table of a config, reached with these credentials instead of the roles of its stack.
pub(super) fn direct_table(config: &ConfigName, sdk: SdkConfig) -> DynamoDb {
    DynamoDb::new(DynamoDbOptions::new(config.clone(), sdk))
}
