use aws_sdk_dynamodb::Client;

use crate::aws::{Aws, AwsError, Failed};
use crate::model::ConfigName;

/// What the name of every config's table begins with.
const BEGINNING: &str = "discfg-";

/// The configs whose tables are in the caller's account and region, ordered by name.
///
/// Fails where the caller itself may not `dynamodb:ListTables`.
pub async fn configs(aws: &Aws) -> Result<Vec<ConfigName>, AwsError> {
    let client = Client::new(aws.sdk());
    let mut configs = Vec::new();
    let mut after = Some(BEGINNING.to_owned());
    while let Some(name) = after {
        let page = client.list_tables().exclusive_start_table_name(name).send().await;
        let page = page.map_err(|error| AwsError::Failed {
            action: "dynamodb:ListTables".into(),
            source: Failed::new(&error),
        })?;
        let found = page.table_names().iter();
        configs.extend(found.filter_map(|name| name.strip_prefix(BEGINNING)?.parse().ok()));
        // Tables are listed in the order of their names.
        after = page
            .last_evaluated_table_name
            .filter(|name| name.starts_with(BEGINNING));
    }
    configs.sort();
    Ok(configs)
}
