use std::time::Duration;

use crate::model::Kind;
use crate::store::StoreError;

/// The pause after a first failure; it doubles up to [`LONGEST_PAUSE`].
const PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// Credentials that are being renewed are good again soon; those that aren't by then are not being renewed.
const TRIES_WITH_CREDENTIALS: u32 = 5;

/// How a watcher bears a store that fails.
#[derive(Debug, Default)]
pub(super) struct Patience {
    failures: u32,
}

impl Patience {
    /// The store answered.
    pub(super) fn renew(&mut self) {
        self.failures = 0;
    }

    /// How long to wait before another try; none where trying again can't mend it.
    pub(super) fn with(&mut self, error: &StoreError) -> Option<Duration> {
        let may_pass = match error {
            StoreError::Credentials { .. } => self.failures < TRIES_WITH_CREDENTIALS,
            other => matches!(other.kind(), Kind::Unavailable | Kind::Throttled),
        };
        let longest = PAUSE * 2_u32.saturating_pow(self.failures.min(8));
        self.failures += 1;
        may_pass.then(|| longest.min(LONGEST_PAUSE).mul_f64(0.5 + 0.5 * fastrand::f64()))
    }
}
