//! The embedded engine passes the suite that every engine passes.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use discfg::engine::local::{LocalEngine, OpenMode};
use discfg::model::Clock;
use discfg::store::conformance::Harness;
use discfg::store::{Admin, Store};

/// A config's file in a folder that goes with it.
struct Embedded {
    clock: Arc<dyn Clock>,
    folder: tempfile::TempDir,
}

impl Embedded {
    fn path(&self) -> PathBuf {
        self.folder.path().join("conformance.db")
    }

    fn handle(&self) -> Arc<LocalEngine> {
        let opened = LocalEngine::open(&self.path(), OpenMode::Create, Arc::clone(&self.clock), "tester");
        Arc::new(opened.expect("a file in a new folder"))
    }
}

#[async_trait]
impl Harness for Embedded {
    async fn open(&self) -> Arc<dyn Store> {
        self.handle()
    }

    async fn admin(&self) -> Option<Arc<dyn Admin>> {
        Some(self.handle())
    }
}

async fn fresh(clock: Arc<dyn Clock>) -> Embedded {
    let folder = tempfile::tempdir().expect("a temporary folder");
    Embedded { clock, folder }
}

discfg::conformance_tests!(fresh);

/// An engine without a provisioning side, whose tests don't say so.
mod without_admin {
    use super::*;

    struct Bare(Embedded);

    #[async_trait]
    impl Harness for Bare {
        async fn open(&self) -> Arc<dyn Store> {
            self.0.open().await
        }
    }

    async fn bare(clock: Arc<dyn Clock>) -> Bare {
        Bare(fresh(clock).await)
    }

    #[tokio::test]
    #[should_panic(expected = "without admin")]
    async fn it_is_not_left_out_in_silence() {
        discfg::store::conformance::run("a_newer_layout_is_not_written", bare).await;
    }
}
