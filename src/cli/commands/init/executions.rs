use crate::aws::Aws;
use crate::cli::denied_lookups::DeniedLookups;
use crate::cli::failure::Failure;
use crate::cli::failure::code::FEWER_EXECUTIONS;
use crate::model::ErrorKind;
use crate::stack::{self, Parameter, StackSpec};

/// The executions of an account that Lambda keeps unreserved, according to its error; its guide says 100, and fewer for
/// a new account.
const KEPT: u32 = 10;

/// Checks that the account has enough unreserved executions for the API. If that lookup is denied, the deployment finds
/// out.
pub(super) async fn check(aws: &Aws, spec: &StackSpec) -> Result<(), Failure> {
    let Some(wanted @ 1..) = spec.api.waits else {
        return Ok(());
    };
    let found = stack::unreserved_executions(aws.sdk(), aws.region(), aws.requests()).await;
    let Some(free) = DeniedLookups::default()
        .record("the account's executions", found)?
        .flatten()
    else {
        return Ok(());
    };
    if free >= wanted.saturating_add(KEPT) {
        return Ok(());
    }
    let cfn = aws_sdk_cloudformation::Client::new(aws.sdk());
    let deployed = stack::status(&cfn, &spec.config).await?;
    let parameter = |name: Parameter| Some(deployed.as_ref()?.parameters.get(name.name())?.as_str());
    let had = match parameter(Parameter::MakeApi) {
        Some("true") => parameter(Parameter::ApiWaits).and_then(|waits| waits.parse().ok()),
        _ => None,
    };
    let free = free.saturating_add(had.unwrap_or(0));
    if free >= wanted.saturating_add(KEPT) {
        return Ok(());
    }
    Err(Failure::new(
        ErrorKind::Invalid,
        format!(
            "cannot reserve {wanted} executions: {free} are unreserved in {}, and Lambda keeps {KEPT} of them \
             unreserved",
            aws.region()
        ),
    )
    .hint(FEWER_EXECUTIONS))
}
