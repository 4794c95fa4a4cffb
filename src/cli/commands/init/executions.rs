use crate::aws::Aws;
use crate::cli::denied_lookups::DeniedLookups;
use crate::cli::failure::Failure;
use crate::cli::failure::code::FEWER_EXECUTIONS;
use crate::model::ErrorKind;
use crate::stack::{self, Parameter, StackSpec};

/// How many executions of an account Lambda lets no function reserve. It says so when it refuses; its guide says 100, and
/// that a new account has fewer.
const KEPT: u32 = 10;

/// Whether the account has as many executions as are to be reserved for the API. Where the caller can't ask, the
/// deployment finds out.
pub(super) async fn check(aws: &Aws, spec: &StackSpec) -> Result<(), Failure> {
    let Some(wanted @ 1..) = spec.api.waits else {
        return Ok(());
    };
    let asked = stack::unreserved_executions(aws.sdk(), aws.region(), aws.requests()).await;
    let Some(free) = DeniedLookups::default()
        .record("the account's executions", asked)?
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
            "{wanted} executions can't be reserved: the account has {free} in {} that no other function has reserved, and keeps \
             {KEPT} of them unreserved",
            aws.region()
        ),
    )
    .hint(FEWER_EXECUTIONS))
}
