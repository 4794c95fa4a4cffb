use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::Extensions;
use axum::middleware::from_fn_with_state;
use tokio::time::Instant;

use super::error::Failure;
use super::live::Live;
use super::metrics::Metrics;
use super::{admission, measured, routes};
use crate::http::request::context::Until;
use crate::model::ConfigName;
use crate::store::{Committed, Store};

/// What an API allows and how it behaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiSettings {
    /// How often a section that somebody waits for or streams is looked at for what other processes changed.
    pub interval: Duration,
    /// Whether requests may wait for a change (`wait=`): as many at once as streams may be open, or 1,024 where none may.
    pub waits: bool,
    /// How long a request waits at most; one that asks for longer is answered then.
    pub longest_wait: Duration,
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
            longest_wait: Duration::from_mins(1),
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
    live: Live,
    metrics: Metrics,
}

impl Api {
    /// The API of these configs.
    pub fn new(
        configs: impl IntoIterator<Item = (ConfigName, Arc<dyn Store>)>,
        settings: ApiSettings,
    ) -> Self {
        let live = Live::new(&settings);
        Self(Arc::new(Shared {
            configs: configs.into_iter().collect(),
            settings,
            metrics: Metrics::new(live.streams(), live.waits()),
            live,
        }))
    }

    /// The configs that it serves, by name.
    pub fn configs(&self) -> impl Iterator<Item = &ConfigName> {
        self.0.configs.keys()
    }

    /// Its routes. Whoever serves them puts a [`Caller`](super::Caller) into each request's extensions.
    pub fn router(&self) -> Router {
        routes::router()
            .fallback(async |request: Request| Failure::no_route(request.uri()))
            .layer(from_fn_with_state(self.clone(), admission::admit))
            .layer(from_fn_with_state(self.clone(), measured::measure))
            .with_state(self.clone())
    }

    /// Ends all streams, each with a last event that says so, and answers all who wait for a change. Who comes to wait
    /// or to stream from then on is turned away; everything else is served still.
    pub fn stop(&self) {
        self.0.live.stop();
    }

    pub(super) fn live(&self) -> &Live {
        &self.0.live
    }

    pub(super) fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    /// Takes notice of a commit that was made here.
    pub(super) fn committed(&self, config: &ConfigName, committed: &Committed) {
        self.0.metrics.committed(config);
        let heads = committed.heads.iter();
        self.0.live.feeds.nudge(config, heads.map(|head| &head.section));
    }

    pub(super) fn store(&self, config: &ConfigName) -> Option<&Arc<dyn Store>> {
        self.0.configs.get(config)
    }

    pub(super) fn stores(&self) -> impl Iterator<Item = &dyn Store> {
        self.0.configs.values().map(AsRef::as_ref)
    }

    pub(super) fn settings(&self) -> &ApiSettings {
        &self.0.settings
    }

    /// When a request must be answered that comes now, or came when it says.
    pub(super) fn until(&self, of_request: &Extensions) -> Until {
        let come = of_request.get().copied();
        come.unwrap_or_else(|| Until(Instant::now() + self.0.settings.request_time))
    }
}
