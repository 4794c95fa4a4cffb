use std::time::Duration;

use tokio::time::sleep;

use super::api::CodeFrom;
use super::executions;
use crate::aws::Aws;
use crate::cli::deploying::deployer::Deployer;
use crate::cli::deploying::propose::DesiredStack;
use crate::cli::failure::Failure;
use crate::cli::terminal::wait::with_progress;
use crate::model::{ErrorKind, Jitter};
use crate::stack::{
    self, Blueprint, CodeBucket, CodeError, CodeObject, CodeStack, FunctionCode, Parameter, StackSpec,
    StoredCode,
};

/// How often creating the bucket is attempted.
const MAKINGS: u32 = 5;
/// The version that a plan shows for code that is not uploaded yet.
const UNKNOWN_VERSION: &str = "known-after-upload";
/// The pause before another attempt.
const PAUSE: Duration = Duration::from_secs(1);

/// Sets the location of the function's code in the spec, and uploads the code if it is missing. Creates the bucket
/// first if the account has none in the region, after confirmation.
pub(super) async fn provide(
    deployer: &mut Deployer<'_>,
    spec: &mut StackSpec,
    from: CodeFrom,
) -> Result<(), Failure> {
    let aws = deployer.aws;
    let code = match from {
        CodeFrom::Stack if bounds(spec) && !has_code(aws, spec).await? => {
            return Err(
                Failure::usage("--api-waits, --api-rate and --api-burst require an HTTP API")
                    .hint("add --api to create one"),
            );
        }
        CodeFrom::Stack => return executions::check(aws, spec).await,
        CodeFrom::Zip(path) => FunctionCode::read(&path)?,
        CodeFrom::Shipped => match FunctionCode::beside_binary() {
            // Keeps the stack's code.
            Err(CodeError::NotShipped(_)) if has_code(aws, spec).await? => {
                return executions::check(aws, spec).await;
            }
            code => code?,
        },
    };
    executions::check(aws, spec).await?;
    let account = aws.caller().await?.account;
    let bucket = CodeBucket::new(aws.sdk(), aws.region(), &account, aws.requests());
    let version = store_code(deployer, spec, &bucket, &code).await?;
    spec.api.code = Some(CodeObject {
        bucket: bucket.name().to_owned(),
        key: code.key(),
        version,
        architecture: code.architecture().to_string(),
    });
    Ok(())
}

/// Uploads the code unless it is in the bucket, and returns its version there.
async fn store_code(
    deployer: &mut Deployer<'_>,
    spec: &StackSpec,
    bucket: &CodeBucket,
    code: &FunctionCode,
) -> Result<String, Failure> {
    let mut shelf = bucket.look(code).await?;
    if let StoredCode::There { version } = shelf {
        return Ok(version);
    }
    if deployer.options.dry_run {
        deployer.terminal.hint(&format!(
            "Without --dry-run, init first uploads the function's code to the bucket {}{}.",
            bucket.name(),
            if shelf == StoredCode::NoBucket {
                ", which it creates in a separate stack"
            } else {
                ""
            }
        ));
        return Ok(UNKNOWN_VERSION.into());
    }
    if shelf == StoredCode::NoBucket {
        deployer.terminal.hint(&format!(
            "The function's code needs a bucket. Creating it once for this account and region: {}.",
            bucket.name()
        ));
        let wanted = CodeStack {
            cfn_role: spec.cfn_role.clone(),
        };
        let mut tries = 0;
        while shelf == StoredCode::NoBucket {
            tries += 1;
            let making = Box::pin(deployer.deploy(DesiredStack::Code(&wanted)));
            let Err(failure) = making.await else {
                break;
            };
            // Another process may create the same bucket at the same time, and one of the two then has a stale change
            // set.
            if tries == MAKINGS || !is_retryable(failure.kind) {
                // Its stack may have become complete between the look and the plan.
                shelf = bucket.look(code).await?;
                if shelf == StoredCode::NoBucket {
                    return Err(failure);
                }
                break;
            }
            deployer
                .terminal
                .note("Another process is creating the bucket; checking again.");
            sleep(Jitter::Half.draw(PAUSE)).await;
            let name = Blueprint::from(&wanted).stack();
            let settled = stack::settled(&deployer.services.cfn, &name);
            with_progress(
                "waiting for the other process to create the bucket",
                deployer.terminal,
                settled,
            )
            .await?;
            shelf = bucket.look(code).await?;
        }
        if let StoredCode::There { version } = shelf {
            return Ok(version);
        }
    }
    tokio::select! {
        put = with_progress("uploading the function's code", deployer.terminal, bucket.upload(code)) => Ok(put?),
        failure = deployer.patience.ends("the function's code was not uploaded; nothing else was deployed") => Err(failure),
    }
}

/// Whether a failure may be caused by another process that does the same. CloudFormation has no single error for a
/// stack or a change set that another process deleted or created in the meantime.
fn is_retryable(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::Conflict | ErrorKind::Unavailable | ErrorKind::Internal | ErrorKind::NotFound
    )
}

/// Whether it sets limits of an API.
fn bounds(spec: &StackSpec) -> bool {
    let api = &spec.api;
    api.waits.is_some() || api.rate.is_some() || api.burst.is_some()
}

/// Whether the stack has an API already.
async fn has_code(aws: &Aws, spec: &StackSpec) -> Result<bool, Failure> {
    let cfn = aws_sdk_cloudformation::Client::new(aws.sdk());
    let deployed = stack::status(&cfn, &spec.config).await?;
    let made = deployed.and_then(|stack| stack.parameters.get(Parameter::MakeApi.name()).cloned());
    Ok(made.as_deref() == Some("true"))
}
