use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::DefaultBodyLimit;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;

use crate::model::ConfigName;
use crate::store::Store;

/// What an API allows and how it behaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiSettings {
    /// How often a section that somebody waits for or streams is looked at for what other processes changed.
    pub interval: Duration,
    /// Whether requests may wait for a change (`wait=`).
    pub waits: bool,
    /// Whether changes may be streamed (server-sent events), and by how many clients at once; 0 answers 406.
    pub streams: usize,
    /// The largest body of a request, in bytes.
    pub body_bytes: usize,
    /// After about this many bytes of values a page ends.
    pub page_bytes: usize,
    /// How long a request may take, its waiting for a change aside.
    pub request_time: Duration,
}

impl Default for ApiSettings {
    /// Waits and 1,024 streams with a look every 2 seconds, bodies of 4 MB at most, pages of about 1 MB, 20 seconds a
    /// request.
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(2),
            waits: true,
            streams: 1024,
            body_bytes: 4 * 1024 * 1024,
            page_bytes: 1024 * 1024,
            request_time: Duration::from_secs(20),
        }
    }
}

/// The API of some configs.
#[derive(Clone)]
pub struct Api(Arc<Shared>);

struct Shared {
    configs: BTreeMap<ConfigName, Arc<dyn Store>>,
    settings: ApiSettings,
}

impl Api {
    /// The API of these configs.
    pub fn new(
        configs: impl IntoIterator<Item = (ConfigName, Arc<dyn Store>)>,
        settings: ApiSettings,
    ) -> Self {
        Self(Arc::new(Shared {
            configs: configs.into_iter().collect(),
            settings,
        }))
    }

    /// The configs that it serves, by name.
    pub fn configs(&self) -> impl Iterator<Item = &ConfigName> {
        self.0.configs.keys()
    }

    /// Its routes. Whoever serves them puts a [`Caller`](super::Caller) into each request's extensions.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/healthz", get(healthz))
            .layer(DefaultBodyLimit::max(self.0.settings.body_bytes))
    }
}

async fn healthz() -> Json<serde_json::Value> {
    Json(json!({"status": "ok"}))
}
