use std::future::Future;
use std::time::Duration;

use axum::http::Extensions;
use tokio::time::{Instant, timeout_at};

use crate::http::error::ApiError;

/// When a request must be answered.
#[derive(Debug, Clone, Copy)]
pub(in crate::http) struct RequestDeadline(Instant);

impl RequestDeadline {
    /// That of a request that has so long from now.
    pub(in crate::http) fn after(time: Duration) -> Self {
        Self(Instant::now() + time)
    }

    /// That of a request with these extensions: the one among them, or what it has from now on.
    pub(in crate::http) fn of(extensions: &Extensions, time: Duration) -> Self {
        extensions.get().copied().unwrap_or_else(|| Self::after(time))
    }

    pub(in crate::http) fn instant(self) -> Instant {
        self.0
    }

    /// Returns what comes of the work, or that it took too long.
    pub(in crate::http) async fn in_time<T>(
        self,
        work: impl Future<Output = Result<T, ApiError>>,
    ) -> Result<T, ApiError> {
        timeout_at(self.0, work)
            .await
            .unwrap_or_else(|_| Err(ApiError::too_slow()))
    }
}
