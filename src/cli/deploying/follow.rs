use futures::StreamExt as _;

use super::deployer::Deployer;
use crate::cli::failure::Failure;
use crate::cli::terminal::progress::Board;
use crate::model::ErrorKind;
use crate::stack::{self, Deployed, Progress, StackPlan};

impl Deployer<'_> {
    /// Deploys and shows the progress until the end, Ctrl-C or --timeout, after which the deployment continues in the
    /// background.
    pub(super) async fn follow(&self, plan: StackPlan) -> Result<Deployed, Failure> {
        let name = plan.stack.clone();
        let left = how_to_go_on(&plan);
        let mut board = Board::new(&plan.changes, self.terminal.is_quiet());
        let mut news = stack::deploy(self.services.cfn.clone(), plan);
        let goes_on = format!("deployment of {name} continues in the background");
        let mut ends = std::pin::pin!(self.patience.ends(&goes_on));
        let mut has_begun = false;
        loop {
            let next = tokio::select! {
                next = news.next() => next,
                () = board.heartbeat() => continue,
                // Before its start nothing continues.
                failure = &mut ends, if has_begun => {
                    board.end();
                    return Err(left.into_iter().fold(failure, Failure::hint));
                }
            };
            match next {
                Some(Ok(Progress::Begun)) => has_begun = true,
                Some(Ok(Progress::Event(event))) => board.show(&event),
                Some(Ok(Progress::Done(deployed))) => {
                    board.end();
                    return Ok(*deployed);
                }
                Some(Err(error)) => {
                    board.end();
                    return Err(error.into());
                }
                None => {
                    return Err(Failure::new(
                        ErrorKind::Stack,
                        format!("lost track of the deployment of {name}: its events ended"),
                    ));
                }
            }
        }
    }
}

fn how_to_go_on(plan: &StackPlan) -> [String; 2] {
    let stack = &plan.stack;
    // A grant's stack has the config's name, two hyphens and its own.
    let config = stack.strip_prefix("discfg-").unwrap_or(stack);
    let config = config.split_once("--").map_or(config, |(config, _)| config);
    let stop = if plan.creates {
        "delete-stack"
    } else {
        "cancel-update-stack"
    };
    [
        format!("rerun to resume, with --wait to wait for its end; `discfg status {config}` shows its state"),
        format!("stop it: `aws cloudformation {stop} --stack-name {stack}`"),
    ]
}
