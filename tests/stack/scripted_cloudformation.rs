//! What CloudFormation does that the emulator doesn't: failing, lagging behind, being busy, asking for patience.

mod adopting;
mod answers;
mod command_line;
mod deleting;
mod denials;
mod deploying;
mod leftovers;
mod planning;
mod refusing;
mod server;

use discfg::stack::{Leftover, Proposal, StackError, StackPlan, StackSpec};

use server::Scripted;
use support::cli::Place;

/// Where the binary takes this for all of AWS.
fn place(cloudformation: &Scripted) -> Place {
    Place::at(
        &cloudformation.url,
        &support::account::keys("AKIDSCRIPTED", "secret"),
    )
}

fn spec() -> StackSpec {
    StackSpec::new("payments".parse().expect("a config name"))
}

/// What a config's plan is, its table looked at as well.
async fn config_plan(cloudformation: &Scripted) -> Result<Proposal, StackError> {
    discfg::stack::plan_config(&cloudformation.services, &spec()).await
}

async fn leftover(cloudformation: &Scripted) -> Leftover {
    match config_plan(cloudformation).await {
        Ok(Proposal::Clear(leftover)) => leftover,
        other => panic!("nothing to clear: {other:?}"),
    }
}

async fn config_ready(cloudformation: &Scripted) -> StackPlan {
    match config_plan(cloudformation).await {
        Ok(Proposal::Ready(plan)) => plan,
        other => panic!("no plan: {other:?}"),
    }
}

async fn ready(cloudformation: &Scripted, spec: &StackSpec) -> StackPlan {
    match discfg::stack::plan(&cloudformation.client, spec).await {
        Ok(Proposal::Ready(plan)) => plan,
        other => panic!("no plan: {other:?}"),
    }
}
