use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::verify::{SPREADING, as_reader};
use crate::aws::{Aws, AwsError};
use crate::cli::failure::Failure;
use crate::cli::terminal::Terminal;
use crate::context::{ApiUrl, EngineName, Setting, SettingOrigin, Target};
use crate::engine::{self, OpenError, OpenSettings};
use crate::model::{Access, ErrorKind};
use crate::stack::{Deployed, Output};
use crate::store::{Heads, StoreError};

/// How long a new API may take to respond: IAM propagates the roles, and Lambda starts the function.
const ANSWERS_WITHIN: Duration = Duration::from_secs(30);

/// Reads once through the API, in the read role, if the stack has one. An API that doesn't respond is a failure; a
/// deployer who is not a reader is only reported.
pub(in crate::cli) async fn prove(
    aws: &Arc<Aws>,
    target: &Target,
    deployed: &Deployed,
    terminal: &Terminal,
) -> Result<(), Failure> {
    let endpoint = deployed.outputs.get(Output::ApiEndpoint.name());
    let Some(url) = endpoint.and_then(|url| url.parse::<ApiUrl>().ok()) else {
        return Ok(());
    };
    if aws.caller().await?.is_root() {
        return Ok(());
    }
    let target = Target {
        engine: Setting {
            value: EngineName::Http(url.clone()),
            origin: SettingOrigin::Default,
        },
        signed: Some(SettingOrigin::Default),
        ..as_reader(target)
    };
    let until = Instant::now() + ANSWERS_WITHIN;
    let mut pauses = 0;
    let error = loop {
        let pause = SPREADING.pause(pauses);
        match read_once(&target, aws).await? {
            ApiRead::Read => {
                terminal.hint("Verified: the HTTP API answered a signed request.");
                return Ok(());
            }
            ApiRead::NotAReader => {
                terminal.hint("HTTP API not verified: you can't read this config yourself.");
                return Ok(());
            }
            ApiRead::Failed(error) if Instant::now() + pause >= until => break error,
            ApiRead::Failed(_) => {
                sleep(pause).await;
                pauses += 1;
            }
        }
    };
    if let StoreError::Denied { .. } = error {
        terminal.hint(&format!(
            "Not verified within {} s: the HTTP API denies the read role ({error}). IAM may not have propagated its \
             policy yet.",
            ANSWERS_WITHIN.as_secs()
        ));
        return Ok(());
    }
    let name = &deployed.name;
    let mut failure = Failure::caused(
        ErrorKind::Stack,
        format!("the stack {name} is deployed, but its HTTP API {url} doesn't work"),
        &error,
    );
    failure.hints = vec![
        format!(
            "see the function's log: `aws logs tail /aws/lambda/{name} --region {}`",
            aws.region()
        ),
        "deploy the code of a release, discfg-lambda-x86_64.zip, with --code, or what `just lambda` builds"
            .into(),
    ];
    Err(failure)
}

enum ApiRead {
    Read,
    NotAReader,
    Failed(StoreError),
}

async fn read_once(target: &Target, aws: &Arc<Aws>) -> Result<ApiRead, Failure> {
    let opened = match engine::open(target, Access::Read, Some(aws), OpenSettings::default()).await {
        Ok(opened) => opened,
        Err(OpenError::Aws(AwsError::AssumeDenied { .. })) => return Ok(ApiRead::NotAReader),
        Err(error) => return Err(error.into()),
    };
    Ok(match opened.store.heads(Heads::All).await {
        Ok(_) => ApiRead::Read,
        Err(error) => ApiRead::Failed(error),
    })
}
