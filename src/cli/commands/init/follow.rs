use aws_sdk_cloudformation::Client;
use futures::StreamExt as _;

use crate::cli::failure::Failure;
use crate::cli::terminal::Terminal;
use crate::cli::terminal_progress::Board;
use crate::model::Kind;
use crate::stack::{self, Deployed, Plan, Progress};

pub(in crate::cli) async fn follow(
    cfn: &Client,
    plan: Plan,
    terminal: &Terminal,
) -> Result<Deployed, Failure> {
    let name = plan.stack.clone();
    let mut board = Board::new(&plan.changes, terminal.is_quiet());
    let mut news = stack::deploy(cfn.clone(), plan);
    loop {
        let next = tokio::select! {
            next = news.next() => next,
            () = board.heartbeat() => continue,
            _ = tokio::signal::ctrl_c() => {
                board.end();
                return Err(Failure::new(Kind::Interrupted, format!("the deployment of {name} goes on without us"))
                    .hint(format!("aws cloudformation describe-stack-events --stack-name {name} shows it; \
                        aws cloudformation cancel-update-stack or delete-stack stops it")));
            }
        };
        match next {
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
                    Kind::Stack,
                    format!("the deployment of {name} ended without an end"),
                ));
            }
        }
    }
}
