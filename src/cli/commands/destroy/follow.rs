use aws_sdk_cloudformation::Client;
use aws_sdk_dynamodb::Client as DynamoDb;
use futures::StreamExt as _;
use tokio::time::{Instant, sleep_until};

use crate::cli::failure::Failure;
use crate::cli::terminal::Terminal;
use crate::cli::terminal::progress::Board;
use crate::cli::terminal::wait::seen;
use crate::model::{ConfigName, ErrorKind, Span};
use crate::stack::{self, Deployed, StackError};

/// Why a deletion wasn't followed to its end.
pub(in crate::cli) enum DeletionFailure {
    /// It failed, or can't be watched.
    Failed(StackError),
    /// It goes on.
    Left(Failure),
}

/// When waiting ends: with Ctrl-C, or with the time that was given.
pub(in crate::cli) struct DeletionBound {
    until: Option<Instant>,
    /// How what goes on is seen through.
    hint: String,
}

impl DeletionBound {
    pub(in crate::cli) fn new(timeout: Option<Span>, hint: String) -> Self {
        Self {
            until: timeout.map(|span| Instant::now() + span.duration()),
            hint,
        }
    }

    /// Ends when waiting does, and says what goes on.
    async fn end(&self, what: &str) -> Failure {
        let time = async {
            match self.until {
                Some(until) => sleep_until(until).await,
                None => std::future::pending().await,
            }
        };
        let (kind, why) = tokio::select! {
            () = time => (ErrorKind::Stack, "the --timeout ran out: "),
            _ = tokio::signal::ctrl_c() => (ErrorKind::Interrupted, ""),
        };
        Failure::new(kind, format!("{why}the deletion of {what} goes on without us")).hint(&self.hint)
    }
}

/// Deletes a stack and shows how it goes; `resources` are those that have a row of their own.
pub(in crate::cli) async fn delete_stack(
    cfn: &Client,
    stack: &Deployed,
    resources: &[(&'static str, &'static str)],
    bound: &DeletionBound,
    terminal: &Terminal,
) -> Result<(), DeletionFailure> {
    let mut board = Board::deleting(resources, terminal.is_quiet());
    let mut news = stack::delete(cfn, stack);
    let end = bound.end(&stack.name);
    tokio::pin!(end);
    let result = loop {
        let next = tokio::select! {
            next = news.next() => next,
            () = board.heartbeat() => continue,
            failure = &mut end => break Err(DeletionFailure::Left(failure)),
        };
        match next {
            Some(Ok(event)) => board.show(&event),
            Some(Err(error)) => break Err(DeletionFailure::Failed(error)),
            None => break Ok(()),
        }
    };
    board.end();
    result
}

/// Deletes the table and waits until it is gone.
pub(super) async fn delete_table(
    dynamodb: &DynamoDb,
    config: &ConfigName,
    bound: &DeletionBound,
    terminal: &Terminal,
) -> Result<(), Failure> {
    let name = config.table_name();
    let what = format!("deleting the table {name}");
    tokio::select! {
        deleted = seen(&what, terminal, stack::delete_table(dynamodb, config)) => deleted.map_err(Failure::from),
        failure = bound.end(&name) => Err(failure),
    }
}
