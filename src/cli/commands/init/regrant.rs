use aws_sdk_cloudformation::Client;

use super::review::sets;
use crate::cli::failure::Failure;
use crate::cli::terminal::Terminal;
use crate::cli::unseen::Unseen;
use crate::model::ConfigName;
use crate::stack::{self, Parameter, Plan};

/// Says which grants have to be made again once a plan is deployed: the roles of grants are in stacks of their own,
/// which know of no key and no API that the config's stack is given after them.
pub(super) async fn tell_grants(
    cfn: &Client,
    config: &ConfigName,
    plan: &Plan,
    terminal: &Terminal,
) -> Result<(), Failure> {
    let takes_key = sets(plan, Parameter::MakeKmsKey) || sets(plan, Parameter::KmsKeyArn);
    let takes_api = plan
        .parameters
        .iter()
        .any(|change| change.name == Parameter::MakeApi.name() && change.after == "true");
    let lacks = match (takes_key, takes_api) {
        (true, true) => "read the table with the new key or call the HTTP API",
        (true, false) => "read the table with the new key",
        (false, true) => "call the HTTP API",
        (false, false) => return Ok(()),
    };
    if plan.creates {
        return Ok(());
    }
    let mut unseen = Unseen::default();
    let found = unseen.see("the grants", stack::grant_stacks(cfn, config).await)?;
    let Some(grants) = found else {
        terminal.hint(&format!(
            "  The role of a grant can't {lacks} until the grant is made again: `discfg grant {config} NAME` for each \
             that `discfg grants {config}` shows ({}).",
            unseen.lines().join("; ")
        ));
        return Ok(());
    };
    if grants.is_empty() {
        return Ok(());
    }
    terminal.hint(&format!(
        "  The roles of these grants can't {lacks} until each is made again, after this:"
    ));
    for (grant, _) in grants {
        terminal.hint(&format!("    discfg grant {config} {grant}"));
    }
    Ok(())
}
