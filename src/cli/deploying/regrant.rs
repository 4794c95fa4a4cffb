use aws_sdk_cloudformation::Client;

use super::review::sets;
use crate::cli::denied_lookups::DeniedLookups;
use crate::cli::failure::Failure;
use crate::cli::terminal::Terminal;
use crate::model::ConfigName;
use crate::stack::{self, Deployed, Grant, Parameter, StackPlan};

/// Says which grants have to be made again once a plan is deployed: the roles of grants are in stacks of their own,
/// which know of no key and no API that the config's stack is given after them.
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
        (true, Some(true)) => "can't read the table with the new key or call the HTTP API",
        (true, _) => "can't read the table with the new key",
        (false, Some(true)) => "can't call the HTTP API",
        (false, Some(false)) => "keep what they were allowed on the HTTP API, which goes,",
        (false, None) => return Ok(()),
    };
    if plan.creates {
        return Ok(());
    }
    let mut denied_lookups = DeniedLookups::default();
    let found = denied_lookups.record("the grants", stack::grant_stacks(cfn, config).await)?;
    let Some(mut grants) = found else {
        terminal.hint(&format!(
            "  The roles of grants {lacks} until each is made again: `discfg grant {config} NAME` for each that \
             `discfg grants {config}` shows ({}).",
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
        "  The roles of these grants {lacks} until each is made again, after this:"
    ));
    for (grant, _) in grants {
        terminal.hint(&format!("    discfg grant {config} {grant}"));
    }
    Ok(())
}

/// Whether making a grant again changes what it may on the API, which comes or goes.
fn changes(stack: &Deployed, comes: bool) -> bool {
    Grant::of(stack).map_or(true, |grant| comes || grant.api.is_some())
}
