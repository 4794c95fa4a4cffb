//! What CloudFormation does that the emulator doesn't: failing, lagging behind, being busy, asking for patience.

mod answers;
mod command_line;
mod deleting;
mod deploying;
mod planning;
mod server;

use discfg::stack::{Plan, Proposal, StackSpec};

use server::Scripted;

fn spec() -> StackSpec {
    StackSpec::new("payments".parse().expect("a config name"))
}

async fn ready(cloudformation: &Scripted, spec: &StackSpec) -> Plan {
    match discfg::stack::plan(&cloudformation.client, spec).await {
        Ok(Proposal::Ready(plan)) => plan,
        other => panic!("no plan: {other:?}"),
    }
}
