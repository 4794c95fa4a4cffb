use std::time::Duration;

use crate::model::{Backoff, ErrorKind, Jitter};
use crate::store::StoreError;

/// The pauses after failures.
const BACKOFF: Backoff = Backoff::new(Duration::from_millis(250), Duration::from_secs(30));
/// Credentials that are being renewed are good again soon; those that aren't by then are not being renewed.
const TRIES_WITH_CREDENTIALS: u32 = 5;

/// How a watcher bears a store that fails.
#[derive(Debug, Default)]
pub(super) struct RetryPatience {
    failures: u32,
}

impl RetryPatience {
    /// The store answered.
    pub(super) fn renew(&mut self) {
        self.failures = 0;
    }

    /// How long to wait before another try; none where trying again can't mend it.
    pub(super) fn with(&mut self, error: &StoreError) -> Option<Duration> {
        let may_pass = match error {
            StoreError::Credentials { .. } => self.failures < TRIES_WITH_CREDENTIALS,
            other => matches!(other.kind(), ErrorKind::Unavailable | ErrorKind::Throttled),
        };
        let pause = BACKOFF.pause(self.failures);
        self.failures += 1;
        may_pass.then(|| Jitter::HalfShorter.draw(pause))
    }
}
