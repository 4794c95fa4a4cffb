use std::time::Duration;

use aws_sdk_cloudformation::Client;
use aws_smithy_async::rt::sleep::{AsyncSleep as _, SharedAsyncSleep, TokioSleep};

use crate::aws::Fault;
use crate::model::Backoff;
use crate::stack::error::StackError;

/// How many polls may fail in a row, other than by throttling, before following ends: with the client's retries, some
/// minutes.
const FAILED_POLLS: u32 = 30;

/// Waits between two polls: 2 s and up to half a second of jitter, twice as long after each throttled poll, up to
/// half a minute. It sleeps with the client's timer, which tests can control.
#[derive(Debug)]
pub(in crate::stack) struct PollPace {
    sleep: SharedAsyncSleep,
    /// The number of throttled or failed polls in a row.
    slowed: u32,
    failed: u32,
}

impl PollPace {
    const BACKOFF: Backoff = Backoff::new(Duration::from_secs(2), Duration::from_secs(30));
    const JITTER_MS: u64 = 500;

    pub(in crate::stack) fn new(cfn: &Client) -> Self {
        Self::sleeping_by(cfn.config().sleep_impl())
    }

    pub(in crate::stack) fn of_table(dynamodb: &aws_sdk_dynamodb::Client) -> Self {
        Self::sleeping_by(dynamodb.config().sleep_impl())
    }

    fn sleeping_by(sleep: Option<SharedAsyncSleep>) -> Self {
        Self {
            sleep: sleep.unwrap_or_else(|| SharedAsyncSleep::new(TokioSleep::new())),
            slowed: 0,
            failed: 0,
        }
    }

    pub(in crate::stack) async fn pause(&self) {
        let jitter = Duration::from_millis(fastrand::u64(..=Self::JITTER_MS));
        self.sleep.sleep(Self::BACKOFF.pause(self.slowed) + jitter).await;
    }

    pub(in crate::stack) fn slower(&mut self) {
        self.slowed = self.slowed.saturating_add(1);
    }

    /// Resets the pace after a successful poll.
    pub(in crate::stack) fn as_usual(&mut self) {
        self.slowed = 0;
        self.failed = 0;
    }

    /// Tolerates some failed polls, since the operation doesn't depend on being followed.
    pub(in crate::stack) fn tolerate(&mut self, stack: &str, error: StackError) -> Result<(), StackError> {
        match error.fault() {
            Some(Fault::Throttled) => {}
            Some(Fault::Unreachable | Fault::Unanswered | Fault::Server) if self.failed < FAILED_POLLS => {
                self.failed += 1;
            }
            _ => {
                return Err(StackError::Lost {
                    stack: stack.to_owned(),
                    source: Box::new(error),
                });
            }
        }
        self.slower();
        Ok(())
    }
}
