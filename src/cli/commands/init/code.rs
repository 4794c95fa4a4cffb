use std::time::Duration;

use tokio::time::sleep;

use super::api::CodeFrom;
use super::executions;
use crate::aws::Aws;
use crate::cli::deploying::deployer::Deployer;
use crate::cli::deploying::propose::DesiredStack;
use crate::cli::failure::Failure;
use crate::cli::terminal::wait::seen;
use crate::model::{ErrorKind, Jitter};
use crate::stack::{
    self, Blueprint, CodeBucket, CodeError, CodeObject, CodeStack, FunctionCode, Parameter, StackSpec,
    StoredCode,
};

/// How often the bucket is tried to be made.
const MAKINGS: u32 = 5;
/// What a plan shows as the version of code that is not uploaded.
const UNKNOWN_VERSION: &str = "known-after-upload";
/// The pause before another try.
const PAUSE: Duration = Duration::from_secs(1);

/// Says in the spec where the code of the API's function is, and puts it there if it isn't. The bucket is made first where
/// the account has none in the region, after asking.
pub(super) async fn provide(
    deployer: &mut Deployer<'_>,
    spec: &mut StackSpec,
    from: CodeFrom,
) -> Result<(), Failure> {
    let aws = deployer.aws;
    let code = match from {
        CodeFrom::Stack if bounds(spec) && !has_code(aws, spec).await? => {
            return Err(Failure::usage(
                "--api-waits, --api-rate and --api-burst are about an HTTP API, and there is none",
            )
            .hint("--api makes one"));
        }
        CodeFrom::Stack => return executions::check(aws, spec).await,
        CodeFrom::Zip(path) => FunctionCode::read(&path)?,
        CodeFrom::Shipped => match FunctionCode::beside_binary() {
            // What it has it keeps.
            Err(CodeError::NotShipped(_)) if has_code(aws, spec).await? => {
                return executions::check(aws, spec).await;
            }
            code => code?,
        },
    };
    executions::check(aws, spec).await?;
    let account = aws.caller().await?.account;
    let bucket = CodeBucket::new(aws.sdk(), aws.region(), &account, aws.requests());
    let version = shelve(deployer, spec, &bucket, &code).await?;
    spec.api.code = Some(CodeObject {
        bucket: bucket.name().to_owned(),
        key: code.key(),
        version,
        architecture: code.architecture().to_string(),
    });
    Ok(())
}

/// Sees to it that the code is in the bucket, and gives its version there.
async fn shelve(
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
            "Without --dry-run the function's code is put into the bucket {} first{}.",
            bucket.name(),
            if shelf == StoredCode::NoBucket {
                ", which is made in a stack of its own"
            } else {
                ""
            }
        ));
        return Ok(UNKNOWN_VERSION.into());
    }
    if shelf == StoredCode::NoBucket {
        deployer.terminal.hint(&format!(
            "The function's code needs a bucket, which is made once for this account and region: {}.",
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
            // Another may make the same one at the same time, and one of the two is overtaken then.
            if tries == MAKINGS || !may_be_overtaken(failure.kind) {
                return Err(failure);
            }
            deployer
                .terminal
                .note("Making the bucket was overtaken; looking again.");
            sleep(Jitter::Half.draw(PAUSE)).await;
            let name = Blueprint::from(&wanted).stack();
            let settled = stack::settled(&deployer.services.cfn, &name);
            seen(
                "waiting for who else makes the bucket",
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
        put = seen("uploading the function's code", deployer.terminal, bucket.upload(code)) => Ok(put?),
        failure = deployer.patience.ends("the function's code is not in its bucket yet; nothing else was deployed") => Err(failure),
    }
}

/// Whether what failed may go well when it is tried again, beside others that do the same. CloudFormation has no one word for
/// a stack or a change set that another process has taken away or made in the meantime.
fn may_be_overtaken(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::Conflict | ErrorKind::Unavailable | ErrorKind::Internal | ErrorKind::NotFound
    )
}

/// Whether it says how an API is bounded.
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
