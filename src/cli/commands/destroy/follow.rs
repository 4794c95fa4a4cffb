use aws_sdk_cloudformation::Client;
use aws_sdk_dynamodb::Client as DynamoDb;
use futures::StreamExt as _;
use tokio::time::{Instant, sleep_until};

use crate::cli::failure::Failure;
use crate::cli::terminal::Terminal;
use crate::cli::terminal::progress::Board;
use crate::cli::terminal::wait::with_progress;
use crate::model::{ConfigName, ErrorKind, Span};
use crate::stack::{self, Deployed, StackError};

/// Why a deletion was not followed to its end.
pub(in crate::cli) enum DeletionFailure {
    /// It failed, or its progress can't be read.
    Failed(StackError),
    /// It continues in the background.
    Left(Failure),
}

/// The end of waiting: Ctrl-C or the timeout.
pub(in crate::cli) struct DeletionBound {
    until: Option<Instant>,
    /// The hint on how to resume.
    hint: String,
}

impl DeletionBound {
    pub(in crate::cli) fn new(timeout: Option<Span>, hint: String) -> Self {
        Self {
            until: timeout.map(|span| Instant::now() + span.duration()),
            hint,
        }
    }

    /// Ends with a failure that says what continues in the background.
    async fn end(&self, what: &str) -> Failure {
        let time = async {
            match self.until {
                Some(until) => sleep_until(until).await,
                None => std::future::pending().await,
            }
        };
        let (kind, why) = tokio::select! {
            () = time => (ErrorKind::Stack, "timed out (--timeout): "),
            _ = tokio::signal::ctrl_c() => (ErrorKind::Interrupted, ""),
        };
        Failure::new(
            kind,
            format!("{why}deletion of {what} continues in the background"),
        )
        .hint(&self.hint)
    }
}

/// Deletes a stack and shows its progress; each of `resources` has a row.
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

/// Deletes the table and waits for the end.
pub(super) async fn delete_table(
    dynamodb: &DynamoDb,
    config: &ConfigName,
    bound: &DeletionBound,
    terminal: &Terminal,
) -> Result<(), Failure> {
    let name = config.table_name();
    let what = format!("deleting the table {name}");
    tokio::select! {
        deleted = with_progress(&what, terminal, stack::delete_table(dynamodb, config)) => deleted.map_err(Failure::from),
        failure = bound.end(&name) => Err(failure),
    }
}
