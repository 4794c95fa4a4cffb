//! The HTTP front of a config, as a Lambda function behind API Gateway: the routes of `discfg serve`, each of which IAM
//! has let its caller call.

mod front;

use std::env;
use std::sync::Arc;
use std::time::Duration;

use discfg::aws::{Aws, AwsSettings};
use discfg::engine::dynamodb::{DynamoDb, DynamoDbOptions};
use discfg::http::{Api, ApiSettings};
use discfg::model::ConfigName;
use lambda_http::{Adapter, Error, lambda_runtime, service_fn};
use tower::ServiceExt as _;

/// The variable that names the config.
const CONFIG: &str = "DISCFG_CONFIG";
/// The variable that says how many executions are reserved for the function: requests may wait for a change if any are.
const WAITS: &str = "DISCFG_WAITS";
/// The variable that names the API before the function.
const API: &str = "DISCFG_API";
/// How long a request may take; API Gateway waits for 30 seconds.
const REQUEST: Duration = Duration::from_secs(20);
/// How long a request waits at most, so that there is time left to answer it.
const LONGEST_WAIT: Duration = Duration::from_secs(20);
/// How long a commit is tried, so that one that isn't let through is answered as not carried out.
const PATIENCE: Duration = Duration::from_secs(15);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    // All that a request needs is set up before the first one comes.
    let router = api().await?.router();
    let id = env::var(API).ok();
    let service = service_fn(move |request| {
        let (router, id) = (router.clone(), id.clone());
        async move { front::answer(router, id.as_deref(), request).await }
    });
    lambda_runtime::run(Adapter::from(service).map_request(front::as_uri)).await
}

async fn api() -> Result<Api, Error> {
    let config: ConfigName = env::var(CONFIG)
        .map_err(|_| format!("{CONFIG} is not set"))?
        .parse()
        .map_err(|error| format!("{CONFIG}: {error}"))?;
    let aws = Aws::load(&AwsSettings::default()).await?;
    let store = DynamoDb::new(DynamoDbOptions {
        // Each request names its caller, who is written down.
        registers_sections: true,
        patience: PATIENCE,
        ..DynamoDbOptions::new(config.clone(), aws.sdk().clone())
    });
    let settings = ApiSettings {
        // A request that waits holds an execution for as long. A stream can't be: the function answers as a whole.
        waits: waits()?,
        longest_wait: LONGEST_WAIT,
        streams: 0,
        request_time: REQUEST,
        ..ApiSettings::default()
    };
    Ok(Api::new([(config, Arc::new(store) as _)], settings))
}

fn waits() -> Result<bool, Error> {
    let reserved = env::var(WAITS).unwrap_or_default();
    if reserved.is_empty() {
        return Ok(false);
    }
    let reserved: u32 = reserved.parse().map_err(|error| format!("{WAITS}: {error}"))?;
    Ok(reserved > 0)
}
