//! A function that runs other code than its stack says.

use super::failure::Failure;
use crate::model::ErrorKind;
use crate::stack::{Deployed, Parameter};

/// The failure, with the command that puts the stack's code back. CloudFormation sees no change there, so deploying the
/// stack again would not.
pub(super) fn foreign(stack: &Deployed, sha256: &str, expected: &str) -> Failure {
    let name = &stack.name;
    let parameter = |parameter: Parameter| stack.parameters.get(parameter.name()).map_or("", String::as_str);
    Failure::new(
        ErrorKind::Stack,
        format!(
            "the function {name} runs other code than its stack deployed: SHA-256 {sha256}, expected {expected} (Base64)"
        ),
    )
    .hint(format!(
        "CloudTrail shows who called lambda:UpdateFunctionCode on {name}"
    ))
    .hint(format!(
        "`aws lambda update-function-code --function-name {name} --s3-bucket {} --s3-key {} --s3-object-version {}` \
         restores the stack's code",
        parameter(Parameter::CodeBucket),
        parameter(Parameter::CodeKey),
        parameter(Parameter::CodeVersion),
    ))
}
