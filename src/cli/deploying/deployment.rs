use super::deployer::Deployer;
use super::propose::{DesiredStack, describe_leftover};
use super::regrant::warn_about_grants;
use super::review::{sets, show_plan};
use super::reviewed::Reviewed;
use crate::aws::CallerIdentity;
use crate::cli::failure::Failure;
use crate::stack::{self, Deployed, Parameter, Proposal, StackPlan};

/// The outcome of a deployment.
pub(in crate::cli) struct Deployment {
    /// The stack after the deployment; `None` if it was only planned.
    pub(in crate::cli) deployed: Option<Deployed>,
    /// `planned`, `created`, `updated` or `unchanged`.
    pub(in crate::cli) result: &'static str,
    /// The changes that were made, or are planned.
    pub(in crate::cli) reviewed: Reviewed,
    /// Whether the trusted principals change.
    pub(in crate::cli) trust_changes: bool,
    /// Whether it creates an HTTP API.
    pub(in crate::cli) makes_api: bool,
}

impl Deployment {
    /// Whether anything was deployed.
    pub(in crate::cli) fn is_new(&self) -> bool {
        matches!(self.result, "created" | "updated")
    }
}

impl Deployer<'_> {
    /// Plans, shows the plan, asks for confirmation, deploys and follows, until the stack has the desired state.
    pub(in crate::cli) async fn deploy(&mut self, wanted: DesiredStack<'_>) -> Result<Deployment, Failure> {
        let mut earlier: Option<Deployment> = None;
        loop {
            let mut plan = match self.propose(wanted).await? {
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
                    self.terminal.hint(&describe_leftover(&left));
                    self.terminal.hint(
                        "Without --dry-run, init does this first, after confirmation. Nothing was changed.",
                    );
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
            stack::compare_access(&self.services.cfn, &mut plan).await;
            show_plan(&plan, self.terminal);
            if let DesiredStack::Config(spec) = wanted {
                warn_about_grants(&self.services.cfn, &spec.config, &plan, self.terminal).await?;
                self.warn_about_lockout(&plan).await?;
            }
            let reviewed = Reviewed::planned(&plan);
            let approved = self.approve(&plan).await;
            let approved = approved.map_err(|failure| match &earlier {
                Some(_) => {
                    failure.hint("the table is imported; rerun the command to create the remaining resources")
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
            let deployed = self.follow(plan).await?;
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
            self.terminal
                .hint("Table imported. Creating the remaining resources.");
            earlier = Some(made);
        }
    }

    /// Says if the deployer can't assume a role whose principals the plan sets.
    async fn warn_about_lockout(&self, plan: &StackPlan) -> Result<(), Failure> {
        let lists = [
            (Parameter::Readers, "reader", "read"),
            (Parameter::Writers, "writer", "write"),
        ];
        for (parameter, who, access) in lists {
            let mut changes = plan.parameters.iter();
            let Some(change) = changes.find(|change| change.name == parameter.name()) else {
                continue;
            };
            let caller = self.aws.caller().await?;
            // The root user can't assume roles.
            if !caller.is_root() && !change.after.split(',').any(|pattern| caller.fits(pattern.trim())) {
                let you = CallerIdentity::principal(&caller.arn);
                self.terminal.note(&format!(
                    "You ({you}) are not among the {who}s: you won't be able to {access} this config."
                ));
            }
        }
        Ok(())
    }
}
