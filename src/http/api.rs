use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures::stream::BoxStream;
use tokio::time::{Instant, timeout_at};

use super::live::LiveUpdates;
use super::metrics::Metrics;
use super::settings::ApiSettings;
use crate::model::{ConfigName, Revision, Section};
use crate::store::{Committed, Result, Store, StoreError, StoreExt as _, Txn};

/// The API of some configs.
///
/// A server of one's own serves its [`router`](Self::router), and says who is calling by a [`Caller`](super::Caller) in each
/// request's extensions:
///
/// ```
/// use axum::body::Body;
/// use axum::extract::Request;
/// use axum::http::StatusCode;
/// use axum::middleware::{Next, from_fn};
/// use discfg::http::{Api, ApiSettings, Caller};
/// use discfg::model::Access;
/// use tower::ServiceExt as _;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let client = discfg::Client::builder().config("demo").local(folder.path()).open().await?;
/// client.set("/db/url", "postgres://db").await?;
/// let store = client.store(Access::Write).await?;
/// let api = Api::new([("demo".parse()?, store)], ApiSettings::default());
/// let router = api.router().layer(from_fn(async |mut request: Request, next: Next| {
///     if request.headers().contains_key("x-employee") {
///         let mut caller = Caller::anyone();
///         caller.by = Some("employee".into());
///         caller.access = Access::Read;
///         request.extensions_mut().insert(caller);
///     }
///     next.run(request).await
/// }));
///
/// let request = Request::get("/v1/demo/db/keys/url").header("x-employee", "7").body(Body::empty())?;
/// assert_eq!(router.clone().oneshot(request).await?.status(), StatusCode::OK);
/// let request = Request::get("/v1/demo/db/keys/url").body(Body::empty())?;
/// assert!(router.oneshot(request).await?.status().is_client_error());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Api(Arc<ApiState>);

struct ApiState {
    configs: BTreeMap<ConfigName, Arc<dyn Store>>,
    settings: ApiSettings,
    live: LiveUpdates,
    metrics: Metrics,
}

impl Api {
    /// The API of these configs.
    pub fn new(
        configs: impl IntoIterator<Item = (ConfigName, Arc<dyn Store>)>,
        settings: ApiSettings,
    ) -> Self {
        let live = LiveUpdates::new(&settings);
        Self(Arc::new(ApiState {
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

    /// Ends all streams, each with a last event that says so, and answers all who wait for a change. Who comes to wait
    /// or to stream from then on is turned away; everything else is served still.
    pub fn stop(&self) {
        self.0.live.stop();
    }

    /// Waits until the streams are to end.
    pub async fn wait_for_stop(&self) {
        self.0.live.wait_for_stop().await;
    }

    pub(super) fn live(&self) -> &LiveUpdates {
        &self.0.live
    }

    pub(super) fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    /// Commits to a config that it serves, in a task that completes even if the caller goes away, and has those that wait for the
    /// changed sections look at once. Secrets are encrypted, unless `is_sealed`.
    ///
    /// Fails as [`Store::commit`] does, and with [`StoreError::OutcomeUnknown`] at the deadline.
    pub(super) async fn commit_until(
        &self,
        config: &ConfigName,
        txn: Txn,
        is_sealed: bool,
        deadline: Instant,
    ) -> Result<Committed> {
        let id = txn.id.clone();
        let store = self.store(config).ok_or_else(|| StoreError::NoConfig {
            config: config.to_string(),
            place: None,
        })?;
        let (api, store, config) = (self.clone(), Arc::clone(store), config.clone());
        let task = tokio::spawn(async move {
            let made = if is_sealed {
                store.commit(txn).await
            } else {
                store.write(txn).await
            };
            if let Ok(committed) = &made {
                api.record_commit(&config, committed);
            }
            made
        });
        let unknown = StoreError::OutcomeUnknown {
            commit: id.clone(),
            source: None,
        };
        match timeout_at(deadline, task).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(error)) => {
                tracing::error!(commit = %id, %error, "a commit ended without a response");
                Err(unknown)
            }
            Err(_) => Err(unknown),
        }
    }

    /// Commits to a config that it serves, within the time that a request has. Secrets are encrypted. Requests that wait for the changed
    /// sections are answered at once.
    ///
    /// Fails as [`Store::commit`] does, and with [`StoreError::OutcomeUnknown`] when the time is over.
    pub async fn commit(&self, config: &ConfigName, txn: Txn) -> Result<Committed> {
        let deadline = Instant::now() + self.settings().request_time;
        self.commit_until(config, txn, false, deadline).await
    }

    /// Follows the revisions of the sections of configs: how they are, and then again whenever one has moved, until the server stops.
    /// It takes one of the places for streams; none if there are no more. A config that isn't served is left out.
    pub fn follow_heads(
        &self,
        configs: &BTreeSet<ConfigName>,
    ) -> Option<BoxStream<'static, (ConfigName, BTreeMap<Section, Revision>)>> {
        let stores = configs
            .iter()
            .filter_map(|config| Some((config.clone(), Arc::clone(self.store(config)?))));
        self.live().follow_heads(stores.collect()).ok()
    }

    /// Counts a commit, and has those that wait for its sections look at once.
    pub(super) fn record_commit(&self, config: &ConfigName, committed: &Committed) {
        self.0.metrics.count_commit(config);
        let heads = committed.heads.iter();
        self.0.live.feeds.nudge(config, heads.map(|head| &head.section));
    }

    /// The store of a config that it serves.
    pub fn store(&self, config: &ConfigName) -> Option<&Arc<dyn Store>> {
        self.0.configs.get(config)
    }

    pub(super) fn stores(&self) -> impl Iterator<Item = &dyn Store> {
        self.0.configs.values().map(AsRef::as_ref)
    }

    pub(super) fn settings(&self) -> &ApiSettings {
        &self.0.settings
    }
}
