use std::sync::Arc;

use async_trait::async_trait;

#[cfg(doc)]
use crate::store::Txn;
use crate::store::{Admin, Store};

/// One config, made fresh and empty for one check, whose engine tells the time by the clock it was made with.
#[async_trait]
pub trait Harness: Send + Sync {
    /// A handle to the config. Each call gives another one that shares nothing in memory with those before, as
    /// if another process had opened it.
    async fn open(&self) -> Arc<dyn Store>;

    /// The config's provisioning side. An engine without one says `without admin` to the macro, which then shows what it
    /// leaves out as ignored tests.
    async fn admin(&self) -> Option<Arc<dyn Admin>> {
        None
    }

    /// Who is written down as the writer of every commit, for an engine that doesn't leave that to the commit
    /// ([`Txn::by`]).
    fn writer(&self) -> Option<String> {
        None
    }
}
