use crate::aws::Aws;
use crate::cli::denied_lookups::DeniedLookups;
use crate::cli::failure::Failure;
use crate::cli::running_code::foreign;
use crate::cli::terminal::Terminal;
use crate::stack::{self, Deployed, RunningCode};

/// Compares the code of the API's function with the stack. A denied lookup is only reported.
pub(super) async fn verify(aws: &Aws, deployed: &Deployed, terminal: &Terminal) -> Result<(), Failure> {
    let mut denied_lookups = DeniedLookups::default();
    let running = stack::running_code(aws.sdk(), aws.region(), deployed, aws.requests()).await;
    match denied_lookups.record("the function's code", running)?.flatten() {
        Some(RunningCode::Foreign { sha256, expected }) => Err(foreign(deployed, &sha256, &expected)),
        Some(RunningCode::Verified { .. }) => {
            terminal.hint("Verified: the function runs the stack's code.");
            Ok(())
        }
        Some(RunningCode::Unnamed { .. } | RunningCode::Missing) | None => {
            for line in denied_lookups.lines() {
                terminal.hint(&format!("Not verified: {line}"));
            }
            Ok(())
        }
    }
}
