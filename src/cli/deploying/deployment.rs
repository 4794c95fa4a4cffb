use clap::Args;

use super::follow::follow;
use super::made::Reviewed;
use super::patience::Patience;
use super::propose::{Wanted, propose, situation};
use super::regrant::tell_grants;
use super::review::{approve, sets, show_plan};
use crate::cli::failure::Failure;
use crate::cli::terminal::Terminal;
use crate::model::Span;
use crate::stack::{self, Deployed, Parameter, Proposal, Services};

/// How a stack is deployed, whichever it is.
#[derive(Debug, Args)]
pub(in crate::cli) struct DeployArgs {
    /// Don't ask
    #[arg(short, long)]
    pub(in crate::cli) yes: bool,
    /// Show what would change, who gains or loses access and the price; leaves nothing behind
    #[arg(long)]
    pub(in crate::cli) dry_run: bool,
    /// Where another deployment of the stack is running, wait for its end
    #[arg(long)]
    pub(in crate::cli) wait: bool,
    /// How long a deployment is waited for, such as 10m: exit code 7 then, and it goes on
    #[arg(long, value_name = "TIME")]
    pub(in crate::cli) timeout: Option<Span>,
}

impl DeployArgs {
    /// Whether it says anything about waiting.
    pub(in crate::cli) fn waits(&self) -> bool {
        self.wait || self.timeout.is_some()
    }
}

/// What has come of a deployment.
pub(in crate::cli) struct Deployment {
    /// The stack as it is now; nothing where it was only looked at.
    pub(in crate::cli) deployed: Option<Deployed>,
    /// `planned`, `created`, `updated` or `unchanged`.
    pub(in crate::cli) result: &'static str,
    /// What was done, or would be.
    pub(in crate::cli) reviewed: Reviewed,
    /// Whether it says anew who is trusted.
    pub(in crate::cli) trust_changes: bool,
    /// Whether it makes an HTTP API that wasn't there.
    pub(in crate::cli) makes_api: bool,
}

impl Deployment {
    /// Whether anything was deployed.
    pub(in crate::cli) fn is_new(&self) -> bool {
        matches!(self.result, "created" | "updated")
    }
}

/// Plans, shows, asks, deploys and follows, until the stack is as wanted.
pub(in crate::cli) async fn deploy(
    services: &Services,
    wanted: Wanted<'_>,
    how: &DeployArgs,
    patience: &Patience,
    terminal: &mut Terminal,
) -> Result<Deployment, Failure> {
    let mut earlier: Option<Deployment> = None;
    loop {
        let mut plan = match propose(services, wanted, how, patience, terminal).await? {
            Proposal::Unchanged(deployed) => {
                return Ok(earlier.unwrap_or_else(|| Deployment {
                    result: "unchanged",
                    reviewed: Reviewed::unchanged(&deployed),
                    deployed: Some(*deployed),
                    trust_changes: false,
                    makes_api: false,
                }));
            }
            Proposal::Clear(left) => {
                terminal.hint(&situation(&left));
                terminal.hint("Without --dry-run this is done first, after asking. Nothing was changed.");
                return Ok(Deployment {
                    deployed: None,
                    result: "planned",
                    reviewed: Reviewed::cleared(&left),
                    trust_changes: false,
                    makes_api: false,
                });
            }
            Proposal::Ready(plan) => plan,
        };
        stack::compare_access(&services.cfn, &mut plan).await;
        show_plan(&plan, terminal);
        if let Wanted::Config(spec) = wanted {
            tell_grants(&services.cfn, &spec.config, &plan, terminal).await?;
        }
        let reviewed = Reviewed::planned(&plan);
        let approved = approve(&services.cfn, &plan, how.yes, how.dry_run, terminal).await;
        let approved = approved.map_err(|failure| match &earlier {
            Some(_) => {
                failure.hint("the table is taken in already: running the same command again makes the rest")
            }
            None => failure,
        })?;
        if !approved {
            return Ok(Deployment {
                deployed: None,
                result: "planned",
                reviewed,
                trust_changes: false,
                makes_api: false,
            });
        }
        let created = plan.creates
            || earlier
                .as_ref()
                .is_some_and(|earlier| earlier.result == "created");
        let trust_changes = created || sets(&plan, Parameter::Readers) || sets(&plan, Parameter::Writers);
        let makes_api = plan
            .parameters
            .iter()
            .any(|change| change.name == Parameter::MakeApi.name() && change.after == "true");
        let adopts = plan.adopts.is_some();
        let deployed = follow(&services.cfn, plan, patience, terminal).await?;
        let made = Deployment {
            result: if created { "created" } else { "updated" },
            reviewed: reviewed.deployed(&deployed, earlier.map(|earlier| earlier.reviewed)),
            deployed: Some(deployed),
            trust_changes,
            makes_api,
        };
        if !adopts {
            return Ok(made);
        }
        terminal.hint("The table is taken in. Now the rest is made.");
        earlier = Some(made);
    }
}
