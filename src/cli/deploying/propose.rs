use std::pin::pin;

use super::deployer::Deployer;
use crate::cli::failure::Failure;
use crate::cli::terminal::wait::seen;
use crate::model::ErrorKind;
use crate::stack::{
    self, Blueprint, CodeStack, GrantSpec, Leftover, Proposal, Remedy, Services, StackError, StackSpec,
};

/// Whose stack is to be made, and how it is to be.
#[derive(Clone, Copy)]
pub(in crate::cli) enum DesiredStack<'a> {
    Config(&'a StackSpec),
    Grant(&'a GrantSpec),
    /// The bucket of functions' code.
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
    /// Plans. Waits for others, and clears away what failed, after asking.
    pub(super) async fn propose(&mut self, wanted: DesiredStack<'_>) -> Result<Proposal, Failure> {
        loop {
            match self.plan(wanted).await {
                Ok(Proposal::Clear(left)) if !self.options.dry_run => {
                    let question = question(&left);
                    if !self.options.yes && !self.terminal.ask(&question, "--yes").await? {
                        return Err(Failure::new(ErrorKind::Interrupted, "nothing was changed"));
                    }
                    self.clear(&left).await?;
                }
                Err(PlanningFailure::Busy(busy)) if self.options.wait => {
                    self.wait_for_other(wanted, &busy).await?
                }
                Err(PlanningFailure::Busy(busy)) => {
                    return Err(Failure::from(busy).hint("--wait waits for its end and goes on then"));
                }
                Err(PlanningFailure::Failure(failure)) => return Err(failure),
                Ok(proposal) => return Ok(proposal),
            }
        }
    }

    /// A change set that is being made when Ctrl-C is pressed would stay behind, so it is waited for and removed.
    async fn plan(&self, wanted: DesiredStack<'_>) -> Result<Proposal, PlanningFailure> {
        let mut planning = pin!(wanted.plan(&self.services));
        let planned = tokio::select! {
            planned = &mut planning => planned,
            () = self.patience.interrupted(1) => {
                self.terminal.note("Interrupted: what was begun is taken back. Ctrl-C once more leaves at once.");
                if let Ok(Proposal::Ready(plan)) = planning.await {
                    stack::discard(&self.services.cfn, &plan).await.map_err(|error| PlanningFailure::Failure(error.into()))?;
                }
                return Err(PlanningFailure::Failure(Failure::new(ErrorKind::Interrupted, "nothing was deployed")));
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
            settled = seen("waiting for the other deployment", self.terminal, settled) => Ok(settled.map(drop)?),
            failure = self.patience.ends("the other deployment goes on; nothing was deployed") => Err(failure),
        }
    }

    async fn clear(&self, left: &Leftover) -> Result<(), Failure> {
        let name = &left.stack.name;
        let (doing, goes_on) = match left.remedy {
            Remedy::Delete => (
                format!("deleting {name}"),
                format!("the deletion of {name} goes on without us"),
            ),
            Remedy::RollBack => (
                format!("rolling back {name}"),
                format!("the rollback of {name} goes on without us"),
            ),
        };
        tokio::select! {
            cleared = seen(&doing, self.terminal, stack::clear(&self.services, left)) => Ok(cleared?),
            failure = self.patience.ends(&goes_on) => {
                Err(failure.hint("run the same command again when it is over: it goes on from whatever it finds"))
            }
        }
    }
}

/// Why there is no plan.
enum PlanningFailure {
    Busy(StackError),
    Failure(Failure),
}

/// What is left, and what would become of it.
fn question(left: &Leftover) -> String {
    format!(
        "{} {}",
        situation(left),
        match left.remedy {
            Remedy::Delete => "Delete the stack and create it anew?",
            Remedy::RollBack => "Roll it back and go on?",
        }
    )
}

/// What a failed deployment has left, in whole sentences.
pub(super) fn situation(left: &Leftover) -> String {
    let (name, state) = (&left.stack.name, &left.stack.state);
    let mut sentences = vec![match left.remedy {
        Remedy::Delete => format!("The stack {name} is in {state}: it can only be deleted."),
        Remedy::RollBack => format!("The stack {name} is in {state}: a deployment stopped half way."),
    }];
    sentences.extend(left.stuck.iter().map(|stuck| format!("In the way was {stuck}.")));
    sentences.extend(left.empty_table.as_ref().map(|table| {
        let protected = if table.protected {
            " and protected against deletion"
        } else {
            ""
        };
        format!(
            "Its table {} is empty{protected}: it is deleted, too.",
            table.name
        )
    }));
    let kept = left.kept_table.as_ref();
    sentences
        .extend(kept.map(|table| format!("The table {} is kept, and taken into the new stack.", table.name)));
    sentences.join(" ")
}
