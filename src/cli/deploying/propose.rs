use std::pin::pin;

use super::deployer::Deployer;
use crate::cli::failure::Failure;
use crate::cli::terminal::wait::with_progress;
use crate::model::ErrorKind;
use crate::stack::{
    self, Blueprint, CodeStack, GrantSpec, Leftover, Proposal, Remedy, Services, StackError, StackSpec,
};

/// The desired state of a stack.
#[derive(Clone, Copy)]
pub(in crate::cli) enum DesiredStack<'a> {
    Config(&'a StackSpec),
    Grant(&'a GrantSpec),
    /// The code bucket.
    Code(&'a CodeStack),
}

impl DesiredStack<'_> {
    async fn plan(self, services: &Services) -> Result<Proposal, StackError> {
        match self {
            Self::Config(spec) => stack::plan_config(services, spec).await,
            Self::Grant(spec) => stack::plan(&services.cfn, spec).await,
            Self::Code(wanted) => stack::plan_code(&services.cfn, wanted).await,
        }
    }

    fn stack(self) -> String {
        match self {
            Self::Config(spec) => Blueprint::from(spec).stack(),
            Self::Grant(spec) => Blueprint::from(spec).stack(),
            Self::Code(wanted) => Blueprint::from(wanted).stack(),
        }
    }
}

impl Deployer<'_> {
    /// Plans. Waits for other deployments, and clears failed ones after confirmation.
    pub(super) async fn propose(&mut self, wanted: DesiredStack<'_>) -> Result<Proposal, Failure> {
        loop {
            match self.plan(wanted).await {
                Ok(Proposal::Clear(left)) if !self.options.dry_run => {
                    if !self.options.yes {
                        self.terminal.note(&describe_leftover(&left));
                    }
                    if !self.options.yes {
                        let answer = self.terminal.ask(question(&left), "--yes").await?;
                        answer.or_cancel("nothing was changed")?;
                    }
                    self.clear(&left).await?;
                }
                Err(PlanningFailure::Busy(busy)) if self.options.wait => {
                    self.wait_for_other(wanted, &busy).await?;
                }
                Err(PlanningFailure::Busy(busy)) => {
                    return Err(Failure::from(busy).hint("rerun the command with --wait to wait for its end"));
                }
                Err(PlanningFailure::Failure(failure)) => return Err(failure),
                Ok(proposal) => return Ok(proposal),
            }
        }
    }

    /// Plans. If Ctrl-C is pressed, waits for the change set and deletes it.
    async fn plan(&self, wanted: DesiredStack<'_>) -> Result<Proposal, PlanningFailure> {
        let mut planning = pin!(wanted.plan(&self.services));
        let planned = tokio::select! {
            planned = &mut planning => planned,
            () = self.patience.interrupted(1) => {
                self.terminal.note("Interrupted: removing the change set. Press Ctrl-C again to exit immediately.");
                if let Ok(Proposal::Ready(plan)) = planning.await {
                    stack::discard(&self.services.cfn, &plan).await.map_err(|error| PlanningFailure::Failure(error.into()))?;
                }
                return Err(PlanningFailure::Failure(Failure::new(ErrorKind::Interrupted, "cancelled: nothing was deployed")));
            }
        };
        planned.map_err(|error| match error {
            StackError::Busy { .. } => PlanningFailure::Busy(error),
            other => PlanningFailure::Failure(other.into()),
        })
    }

    async fn wait_for_other(&self, wanted: DesiredStack<'_>, busy: &StackError) -> Result<(), Failure> {
        self.terminal.hint(&format!("Waiting: {busy}."));
        let stack = wanted.stack();
        let settled = stack::settled(&self.services.cfn, &stack);
        tokio::select! {
            settled = with_progress("waiting for the other deployment", self.terminal, settled) => Ok(settled.map(drop)?),
            failure = self.patience.ends("nothing was deployed; the other deployment continues in the background") => Err(failure),
        }
    }

    async fn clear(&self, left: &Leftover) -> Result<(), Failure> {
        let name = &left.stack.name;
        let (doing, goes_on) = match left.remedy {
            Remedy::Delete => (
                format!("deleting {name}"),
                format!("deletion of {name} continues in the background"),
            ),
            Remedy::RollBack => (
                format!("rolling back {name}"),
                format!("rollback of {name} continues in the background"),
            ),
        };
        tokio::select! {
            cleared = with_progress(&doing, self.terminal, stack::clear(&self.services, left)) => Ok(cleared?),
            failure = self.patience.ends(&goes_on) => {
                Err(failure.hint("rerun to resume when it has ended"))
            }
        }
    }
}

/// Why there is no plan.
enum PlanningFailure {
    Busy(StackError),
    Failure(Failure),
}

/// The question before a leftover is cleared.
fn question(left: &Leftover) -> &'static str {
    match left.remedy {
        Remedy::Delete => "Delete the stack and create it again?",
        Remedy::RollBack => "Roll it back and continue?",
    }
}

/// Describes the remains of a failed deployment, in full sentences.
pub(super) fn describe_leftover(left: &Leftover) -> String {
    let (name, state) = (&left.stack.name, &left.stack.state);
    let mut sentences = vec![match left.remedy {
        Remedy::Delete => format!("The stack {name} is in {state} and can only be deleted."),
        Remedy::RollBack => format!("The stack {name} is in {state}: an earlier deployment did not finish."),
    }];
    sentences.extend(left.stuck.iter().map(|stuck| format!("Not deleted: {stuck}.")));
    sentences.extend(left.empty_table.as_ref().map(|table| {
        let protected = if table.protected {
            " and has deletion protection"
        } else {
            ""
        };
        format!(
            "Its table {} is empty{protected}, and is deleted, too.",
            table.name
        )
    }));
    let kept = left.kept_table.as_ref();
    sentences.extend(kept.map(|table| {
        format!(
            "The table {} is kept and imported into the new stack.",
            table.name
        )
    }));
    sentences.join(" ")
}
