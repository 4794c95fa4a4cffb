//! The engine `http` passes the suite that every engine passes, against the API over the embedded engine.

use std::sync::Arc;

use async_trait::async_trait;
use discfg::engine::http::{HttpEngine, HttpOptions};
use discfg::engine::local::{LocalEngine, OpenMode};
use discfg::model::Clock;
use discfg::store::conformance::Harness;
use discfg::store::{Admin, Store};

use support::api_server::ApiServer;

/// A server over a config's file, which is in a folder that goes with it.
struct Served {
    server: ApiServer,
    engine: Arc<LocalEngine>,
    _folder: tempfile::TempDir,
}

#[async_trait]
impl Harness for Served {
    /// Each handle has a client of its own, with connections of its own.
    async fn open(&self) -> Arc<dyn Store> {
        let url = self.server.url().parse().expect("a URL");
        let config = "conformance".parse().expect("a config name");
        let engine = HttpEngine::new(HttpOptions::new(url, config));
        Arc::new(engine.expect("no token is sent in the clear"))
    }

    async fn admin(&self) -> Option<Arc<dyn Admin>> {
        Some(Arc::clone(&self.engine) as Arc<dyn Admin>)
    }

    fn writer(&self) -> Option<String> {
        Some("token:tester".into())
    }
}

async fn fresh(clock: Arc<dyn Clock>) -> Served {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("conformance.db");
    let engine = LocalEngine::open(&path, OpenMode::Create, clock, "tester");
    let engine = Arc::new(engine.expect("a file in a new folder"));
    let store = Arc::clone(&engine) as Arc<dyn Store>;
    Served {
        server: ApiServer::serving("conformance", store),
        engine,
        _folder: folder,
    }
}

discfg::conformance_tests!(fresh);
