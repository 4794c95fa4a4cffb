use std::sync::atomic::{AtomicI64, Ordering};

use super::{Clock, SystemClock, Timestamp};

/// A clock that stands still until a test moves it. It begins at the machine's time, so that a service which removes what
/// expired by its own clock agrees with it.
///
/// ```
/// use std::sync::Arc;
///
/// use discfg::Client;
/// use discfg::model::TestClock;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let folder = tempfile::tempdir()?;
/// let clock = Arc::new(TestClock::new());
/// let client = Client::builder()
///     .config("demo")
///     .local(folder.path())
///     .clock(clock.clone())
///     .open()
///     .await?;
///
/// client.set_for("/lease", "me", "30s".parse()?).await?;
/// clock.advance(29);
/// assert!(client.entry("/lease").await?.is_some());
/// clock.advance(2);
/// assert!(client.entry("/lease").await?.is_none());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct TestClock(AtomicI64);

impl TestClock {
    /// A clock that stands at the machine's time.
    pub fn new() -> Self {
        Self(AtomicI64::new(SystemClock.now().epoch()))
    }

    /// Moves the clock on by that many seconds.
    pub fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Default for TestClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_epoch(self.0.load(Ordering::SeqCst))
    }
}
