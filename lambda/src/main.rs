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
/// How long a request may take; API Gateway waits for 30 seconds.
const REQUEST: Duration = Duration::from_secs(20);
/// How long a commit is tried, so that one that isn't let through is told as not made.
const PATIENCE: Duration = Duration::from_secs(15);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    // All that a request needs is made before the first one comes.
    let router = api().await?.router();
    let service = service_fn(move |request| front::answer(router.clone(), request));
    lambda_runtime::run(Adapter::from(service).map_request(front::as_uri)).await
}

async fn api() -> Result<Api, Error> {
    let config: ConfigName = env::var(CONFIG)
        .map_err(|_| format!("{CONFIG} doesn't name a config"))?
        .parse()
        .map_err(|error| format!("{CONFIG}: {error}"))?;
    let aws = Aws::load(&AwsSettings::default()).await?;
    let store = DynamoDb::new(DynamoDbOptions {
        config: config.clone(),
        sdk: aws.sdk().clone(),
        // Each request names its caller.
        by: String::new(),
        clock: None,
        registers_sections: true,
        capacity: None,
        patience: PATIENCE,
    });
    let settings = ApiSettings {
        // Whoever waits or streams would hold a function for as long.
        waits: false,
        streams: 0,
        request_time: REQUEST,
        ..ApiSettings::default()
    };
    Ok(Api::new([(config, Arc::new(store) as _)], settings))
}
