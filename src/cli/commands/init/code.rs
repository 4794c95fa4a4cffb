use super::api::CodeFrom;
use super::deployment::{DeployArgs, deploy};
use super::patience::Patience;
use super::propose::Wanted;
use crate::aws::Aws;
use crate::cli::failure::Failure;
use crate::cli::terminal::Terminal;
use crate::cli::terminal_wait::seen;
use crate::stack::{
    self, CodeBucket, CodeError, CodeObject, CodeStack, FunctionCode, Parameter, Services, Shelf, StackSpec,
};

/// Says in the spec where the code of the API's function is, and puts it there if it isn't. The bucket is made first where
/// the account has none in the region, after asking.
pub(super) async fn provide(
    aws: &Aws,
    spec: &mut StackSpec,
    from: CodeFrom,
    how: &DeployArgs,
    patience: &Patience,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let code = match from {
        CodeFrom::Stack => return Ok(()),
        CodeFrom::Zip(path) => FunctionCode::read(&path)?,
        CodeFrom::Shipped => match FunctionCode::beside_binary() {
            // What it has it keeps.
            Err(CodeError::NotShipped(_)) if has_code(aws, spec).await? => return Ok(()),
            code => code?,
        },
    };
    let account = aws.caller().await?.account;
    let bucket = CodeBucket::new(aws.sdk(), aws.region(), &account, aws.requests());
    spec.api.code = Some(CodeObject {
        bucket: bucket.name().to_owned(),
        key: code.key(),
        architecture: code.architecture().to_string(),
    });
    let shelf = bucket.look(&code).await?;
    if shelf == Shelf::There {
        return Ok(());
    }
    if how.dry_run {
        terminal.hint(&format!(
            "Without --dry-run the function's code is put into the bucket {} first{}.",
            bucket.name(),
            if shelf == Shelf::NoBucket {
                ", which is made in a stack of its own"
            } else {
                ""
            }
        ));
        return Ok(());
    }
    if shelf == Shelf::NoBucket {
        terminal.hint(&format!(
            "The function's code needs a bucket, which is made once for this account and region: {}.",
            bucket.name()
        ));
        let wanted = CodeStack {
            cfn_role: spec.cfn_role.clone(),
        };
        let services = Services::new(aws.sdk());
        Box::pin(deploy(&services, Wanted::Code(&wanted), how, patience, terminal)).await?;
    }
    tokio::select! {
        put = seen("uploading the function's code", terminal, bucket.upload(&code)) => Ok(put?),
        failure = patience.ends("the function's code is not in its bucket yet; nothing else was deployed") => Err(failure),
    }
}

/// Whether the stack has an API already.
async fn has_code(aws: &Aws, spec: &StackSpec) -> Result<bool, Failure> {
    let cfn = aws_sdk_cloudformation::Client::new(aws.sdk());
    let deployed = stack::status(&cfn, &spec.config).await?;
    let made = deployed.and_then(|stack| stack.parameters.get(Parameter::MakeApi.name()).cloned());
    Ok(made.as_deref() == Some("true"))
}
