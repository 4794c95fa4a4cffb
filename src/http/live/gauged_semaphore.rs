use std::sync::Arc;

use prometheus_client::metrics::gauge::Gauge;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A number of places, with a gauge of how many are taken.
#[derive(Debug)]
pub(super) struct GaugedSemaphore {
    places: Arc<Semaphore>,
    limit: usize,
    taken: Gauge,
}

/// A place, taken for as long as this lives.
pub(super) struct GaugedPermit {
    taken: Gauge,
    /// Gives the place back.
    _permit: OwnedSemaphorePermit,
}

impl GaugedSemaphore {
    pub(super) fn new(places: usize) -> Self {
        Self {
            places: Arc::new(Semaphore::new(places.min(Semaphore::MAX_PERMITS))),
            limit: places,
            taken: Gauge::default(),
        }
    }

    /// The number of places.
    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    /// How many are taken.
    pub(super) fn taken(&self) -> &Gauge {
        &self.taken
    }

    pub(super) fn take(&self) -> Option<GaugedPermit> {
        let permit = Arc::clone(&self.places).try_acquire_owned().ok()?;
        self.taken.inc();
        Some(GaugedPermit {
            taken: self.taken.clone(),
            _permit: permit,
        })
    }
}

impl Drop for GaugedPermit {
    fn drop(&mut self) {
        self.taken.dec();
    }
}
