use super::check::limited;
use crate::aws::Aws;
use crate::cli::running_code::foreign;
use crate::model::ErrorKind;
use crate::stack::{self, Deployed, RunningCode};
use crate::wire::result::{Check, CheckStatus};

const NAME: &str = "function";

/// Checks that the API's function, if there is one, runs the stack's code.
pub(super) async fn check(aws: &Aws, stack: &Deployed) -> Option<Check> {
    let running = stack::running_code(aws.sdk(), aws.region(), stack, aws.requests());
    let running = match limited(NAME, running).await {
        Err(check) => return Some(check),
        Ok(Err(error)) => {
            // A developer may have no permission to read functions.
            let verdict = match error.kind() {
                ErrorKind::Denied => CheckStatus::Warn,
                _ => CheckStatus::Fail,
            };
            return Some(Check::failed(NAME, verdict, error.into()));
        }
        Ok(Ok(running)) => running?,
    };
    let name = &stack.name;
    Some(match running {
        RunningCode::Verified { sha256 } => {
            Check::ok(NAME, format!("{name} runs the stack's code (SHA-256 {sha256})"))
        }
        RunningCode::Foreign { sha256, expected } => {
            Check::failed(NAME, CheckStatus::Fail, foreign(stack, &sha256, &expected))
        }
        RunningCode::Unnamed { sha256 } => Check::warn(
            NAME,
            format!("cannot verify the code of {name}: CodeKey is not a SHA-256 (the code's is {sha256})"),
        )
        .fix("deploy the code under its SHA-256: `discfg init --api`"),
        RunningCode::Missing => Check::fail(NAME, format!("function {name} not found"))
            .fix("show changes made outside CloudFormation: `discfg status --drift`"),
    })
}
