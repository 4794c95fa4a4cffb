use aws_sdk_cloudformation::Client;

use super::review::sets;
use crate::cli::denied_lookups::DeniedLookups;
use crate::cli::failure::Failure;
use crate::cli::terminal::Terminal;
use crate::model::ConfigName;
use crate::stack::{self, Deployed, Grant, Parameter, StackPlan};

/// Reports the grants that must be updated after a plan is deployed: their stacks don't have a key or an API that the
/// config's stack gets later.
pub(in crate::cli) async fn warn_about_grants(
    cfn: &Client,
    config: &ConfigName,
    plan: &StackPlan,
    terminal: &Terminal,
) -> Result<(), Failure> {
    let takes_key = sets(plan, Parameter::MakeKmsKey) || sets(plan, Parameter::KmsKeyArn);
    let mut parameters = plan.parameters.iter();
    let api = parameters.find(|change| change.name == Parameter::MakeApi.name());
    let lacks = match (takes_key, api.map(|change| change.after == "true")) {
        (true, Some(true)) => "can't use the new key or call the HTTP API",
        (true, _) => "can't use the new key",
        (false, Some(true)) => "can't call the HTTP API",
        (false, Some(false)) => "keep their permissions on the deleted HTTP API",
        (false, None) => return Ok(()),
    };
    if plan.creates {
        return Ok(());
    }
    let mut denied_lookups = DeniedLookups::default();
    let found = denied_lookups.record("the grants", stack::grant_stacks(cfn, config).await)?;
    let Some(mut grants) = found else {
        terminal.hint(&format!(
            "  Roles of grants {lacks} until each is updated: run `discfg grant {config} NAME` for each grant of \
             `discfg grants {config}` ({}).",
            denied_lookups.lines().join("; ")
        ));
        return Ok(());
    };
    if !takes_key {
        let makes = api.is_some_and(|change| change.after == "true");
        grants.retain(|(_, stack)| changes(stack, makes));
    }
    if grants.is_empty() {
        return Ok(());
    }
    terminal.hint(&format!(
        "  Roles of these grants {lacks} until you update each of them, after this deployment:"
    ));
    for (grant, _) in grants {
        terminal.hint(&format!("    discfg grant {config} {grant}"));
    }
    Ok(())
}

/// Whether updating a grant changes its permissions on the API, which is created or deleted.
fn changes(stack: &Deployed, comes: bool) -> bool {
    Grant::of(stack).map_or(true, |grant| comes || grant.api.is_some())
}
