use std::collections::BTreeMap;
use std::sync::Arc;

use super::live::LiveUpdates;
use super::metrics::Metrics;
use super::settings::ApiSettings;
use crate::model::ConfigName;
use crate::store::{Committed, Store};

/// The API of some configs.
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

    pub(super) fn live(&self) -> &LiveUpdates {
        &self.0.live
    }

    pub(super) fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    /// Counts a commit, and has those that wait for its sections look at once.
    pub(super) fn record_commit(&self, config: &ConfigName, committed: &Committed) {
        self.0.metrics.count_commit(config);
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
}
