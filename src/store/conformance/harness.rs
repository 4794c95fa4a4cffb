use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use async_trait::async_trait;

use crate::model::{Clock, SystemClock, Timestamp};
#[cfg(doc)]
use crate::store::Txn;
use crate::store::{Admin, Store};

/// One config, made fresh and empty for one check, whose engine tells the time by the clock it was made with.
#[async_trait]
pub trait Harness: Send + Sync {
    /// A handle to the config. Each call gives another one that shares nothing in memory with those before, as
    /// if another process had opened it.
    async fn open(&self) -> Arc<dyn Store>;

    /// The config's provisioning side; none for an engine without one, whose checks then pass unseen.
    async fn admin(&self) -> Option<Arc<dyn Admin>> {
        None
    }

    /// Who is written down as the writer of every commit, for an engine that doesn't leave that to the commit
    /// ([`Txn::by`]).
    fn writer(&self) -> Option<String> {
        None
    }
}

/// A clock that stands still until a test moves it. It begins at the machine's time, so that a service which
/// removes what expired by its own clock agrees with it.
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
