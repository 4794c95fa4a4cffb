//! The failure of a function whose code doesn't match its stack.

use super::failure::Failure;
use crate::model::ErrorKind;
use crate::stack::{Deployed, Parameter};

/// The failure, with the command that restores the stack's code. Deploying the stack again would not, since
/// CloudFormation sees no change.
pub(super) fn foreign(stack: &Deployed, sha256: &str, expected: &str) -> Failure {
    let name = &stack.name;
    let parameter = |parameter: Parameter| stack.parameters.get(parameter.name()).map_or("", String::as_str);
    Failure::new(
        ErrorKind::Stack,
        format!(
            "the code of the function {name} was changed outside CloudFormation: SHA-256 {sha256}, expected \
             {expected} (Base64)"
        ),
    )
    .hint(format!(
        "find out who changed it: search CloudTrail for lambda:UpdateFunctionCode on {name}"
    ))
    .hint(format!(
        "restore the stack's code: `aws lambda update-function-code --function-name {name} --s3-bucket {} --s3-key {} \
         --s3-object-version {}`",
        parameter(Parameter::CodeBucket),
        parameter(Parameter::CodeKey),
        parameter(Parameter::CodeVersion),
    ))
}
