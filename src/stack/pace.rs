use std::time::Duration;

use aws_sdk_cloudformation::Client;
use aws_smithy_async::rt::sleep::{AsyncSleep as _, SharedAsyncSleep, TokioSleep};

/// Waits between two polls: 2 s and up to half a second of jitter, twice as long after each throttled poll, up to
/// half a minute. It sleeps as the client does, so that whoever holds the client's time holds this too.
#[derive(Debug)]
pub(super) struct Pace {
    sleep: SharedAsyncSleep,
    interval: Duration,
}

impl Pace {
    pub(super) const INTERVAL: Duration = Duration::from_secs(2);
    const LONGEST: Duration = Duration::from_secs(30);
    const JITTER_MS: u64 = 500;

    pub(super) fn new(cfn: &Client) -> Self {
        Self {
            sleep: cfn
                .config()
                .sleep_impl()
                .unwrap_or_else(|| SharedAsyncSleep::new(TokioSleep::new())),
            interval: Self::INTERVAL,
        }
    }

    pub(super) async fn pause(&self) {
        let jitter = Duration::from_millis(fastrand::u64(..=Self::JITTER_MS));
        self.sleep.sleep(self.interval + jitter).await;
    }

    pub(super) fn slower(&mut self) {
        self.interval = (self.interval * 2).min(Self::LONGEST);
    }

    pub(super) fn as_usual(&mut self) {
        self.interval = Self::INTERVAL;
    }
}
