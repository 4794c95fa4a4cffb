//! One `GetItem`, signed and sent by AWS's SDK with credentials at hand: the least that a `get` on DynamoDB can
//! cost. No arguments are parsed, no role is looked up, and the answer is only looked at.

use std::env;
use std::error::Error;

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::config::{BehaviorVersion, Region};
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_dynamodb::{Client, Config};

fn main() -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(get())
}

async fn get() -> Result<(), Box<dyn Error>> {
    let credentials = Credentials::new(
        env::var("AWS_ACCESS_KEY_ID")?,
        env::var("AWS_SECRET_ACCESS_KEY")?,
        None,
        None,
        "environment",
    );
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(env::var("AWS_REGION")?))
        .endpoint_url(env::var("AWS_ENDPOINT_URL")?)
        .credentials_provider(credentials)
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build();
    let answer = Client::from_conf(config)
        .get_item()
        .table_name("discfg-bench")
        .key("pk", AttributeValue::S("/db".into()))
        .key("sk", AttributeValue::S("/db/url".into()))
        .consistent_read(true)
        .send()
        .await?;
    answer
        .item
        .filter(|item| item.contains_key("value"))
        .map(drop)
        .ok_or_else(|| "the answer holds no value".into())
}
