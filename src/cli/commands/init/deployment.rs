use clap::Args;

use super::ChangeShape;
use super::follow::follow;
use super::patience::Patience;
use super::propose::{Wanted, propose, situation};
use super::review::{approve, sets, show_plan};
use crate::cli::failure::Failure;
use crate::cli::terminal::Terminal;
use crate::model::Span;
use crate::stack::{Deployed, Parameter, Proposal, Services};

/// How a stack is deployed, whichever it is.
#[derive(Debug, Args)]
pub(in crate::cli) struct DeployArgs {
    /// Don't ask
    #[arg(short, long)]
    pub(super) yes: bool,
    /// Show the change set and remove it
    #[arg(long)]
    pub(in crate::cli) dry_run: bool,
    /// Where another deployment of the stack is running, wait for its end
    #[arg(long)]
    pub(super) wait: bool,
    /// How long a deployment is waited for, such as 10m: exit code 7 then, and it goes on
    #[arg(long, value_name = "TIME")]
    pub(in crate::cli) timeout: Option<Span>,
}

impl DeployArgs {
    /// Whether it says anything about waiting.
    pub(super) fn waits(&self) -> bool {
        self.wait || self.timeout.is_some()
    }
}

/// What has come of a deployment.
pub(in crate::cli) struct Deployment {
    /// The stack as it is now.
    pub(in crate::cli) deployed: Deployed,
    /// What was done to each resource.
    pub(in crate::cli) changes: Vec<ChangeShape>,
    /// `created`, `updated` or `unchanged`.
    pub(in crate::cli) result: &'static str,
    /// Whether it says anew who is trusted.
    pub(super) trust_changes: bool,
}

impl Deployment {
    /// Whether anything was deployed.
    pub(in crate::cli) fn is_new(&self) -> bool {
        self.result != "unchanged"
    }
}

/// Plans, shows, asks, deploys and follows, until the stack is as wanted. Nothing if nothing was to be done but
/// looking.
pub(in crate::cli) async fn deploy(
    services: &Services,
    wanted: Wanted<'_>,
    how: &DeployArgs,
    patience: &Patience,
    terminal: &mut Terminal,
) -> Result<Option<Deployment>, Failure> {
    let mut changes = Vec::new();
    let mut result = "unchanged";
    let mut trust_changes = false;
    let deployed = loop {
        let plan = match propose(services, wanted, how, patience, terminal).await? {
            Proposal::Unchanged(deployed) => break *deployed,
            Proposal::Clear(left) => {
                terminal.hint(&situation(&left));
                terminal.hint("Without --dry-run this is done first, after asking. Nothing was changed.");
                return Ok(None);
            }
            Proposal::Ready(plan) => plan,
        };
        show_plan(&plan, terminal);
        if !approve(&services.cfn, &plan, how.yes, how.dry_run, terminal).await? {
            return Ok(None);
        }
        trust_changes |= plan.creates || sets(&plan, Parameter::Readers) || sets(&plan, Parameter::Writers);
        if plan.creates {
            result = "created";
        } else if result == "unchanged" {
            result = "updated";
        }
        changes.extend(plan.changes.iter().map(ChangeShape::new));
        let adopts = plan.adopts.is_some();
        let deployed = follow(&services.cfn, plan, patience, terminal).await?;
        if !adopts {
            break deployed;
        }
        terminal.hint("The table is taken in. Now the rest is made.");
    };
    Ok(Some(Deployment {
        deployed,
        changes,
        result,
        trust_changes,
    }))
}
