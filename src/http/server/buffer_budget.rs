//! What is held for clients that send or take slowly: bodies before they are served, answers after, bounded for all
//! together. None of them has a place among the requests, so that they hold nobody up.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{Method, Request};
use futures::StreamExt as _;
use hyper::body::Body as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::http::error::ApiError;
use crate::http::invalid_request::InvalidRequest;
use crate::http::request::deadline::RequestDeadline;
use crate::model::ErrorKind;
use crate::wire::ProblemCode;

/// What each connection may hold on top: as much as a client has at hand, or takes, at once.
const OWN: usize = 32 * 1024;
/// The unit in which shares are counted, in bytes.
const UNIT: usize = 1024;

/// The bytes that may be held for all clients together.
pub(super) struct BufferBudget {
    units: Arc<Semaphore>,
    all: usize,
}

/// What one client holds of them, for as long as this lives.
pub(super) struct BufferShare(Option<OwnedSemaphorePermit>);

impl BufferBudget {
    pub(super) fn of(bytes: usize) -> Self {
        let all = (bytes / UNIT).clamp(2, Semaphore::MAX_PERMITS.min(u32::MAX as usize));
        Self {
            units: Arc::new(Semaphore::new(all)),
            all,
        }
    }

    /// A share for so many bytes. No single one takes more than half of all there is, however much it needs: the
    /// largest answer is given still.
    pub(super) fn share(&self, bytes: usize) -> Result<BufferShare, ApiError> {
        let mut share = BufferShare(None);
        self.widen(&mut share, bytes)?;
        Ok(share)
    }

    fn widen(&self, share: &mut BufferShare, bytes: usize) -> Result<(), ApiError> {
        if bytes <= OWN {
            return Ok(());
        }
        let wanted = bytes.div_ceil(UNIT).min(self.all / 2);
        let held = share.0.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let more = u32::try_from(wanted.saturating_sub(held)).unwrap_or(u32::MAX);
        let more = Arc::clone(&self.units).try_acquire_many_owned(more);
        let more = more.map_err(|_| {
            let detail = "too much data buffered for slow clients; retry after 1 s";
            ApiError::new(ErrorKind::Unavailable, ProblemCode::Busy, detail)
        })?;
        match &mut share.0 {
            Some(held) => held.merge(more),
            None => share.0 = Some(more),
        }
        Ok(())
    }

    /// Takes in the body of a request that has one: all of it, or enough for the route to see
    /// that it is larger than `most`.
    pub(super) async fn receive(
        &self,
        request: Request<Body>,
        most: usize,
        deadline: RequestDeadline,
    ) -> Result<(Request<Body>, BufferShare), ApiError> {
        let (parts, body) = request.into_parts();
        let mut share = BufferShare(None);
        if body.is_end_stream() || !matches!(parts.method, Method::PUT | Method::POST) {
            return Ok((Request::from_parts(parts, body), share));
        }
        let mut chunks = body.into_data_stream();
        let received = async {
            let mut received = Vec::new();
            while received.len() <= most
                && let Some(chunk) = chunks.next().await
            {
                let chunk = chunk.map_err(|_| InvalidRequest::Body("the request body ended early".into()))?;
                self.widen(&mut share, received.len() + chunk.len())?;
                received.extend_from_slice(&chunk);
            }
            Ok(received)
        };
        let received = deadline.in_time(received).await?;
        Ok((Request::from_parts(parts, Body::from(received)), share))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_connection_holds_anyway_is_not_counted_and_no_one_takes_all() {
        let buffers = BufferBudget::of(256 * 1024);
        let small: Vec<_> = (0..100).map(|_| buffers.share(OWN)).collect();
        assert!(small.iter().all(Result::is_ok));
        let large = buffers
            .share(usize::MAX)
            .unwrap_or_else(|_| panic!("half of it is free"));
        let other = buffers.share(128 * 1024);
        assert!(other.is_ok() && buffers.share(OWN + 1).is_err() && buffers.share(OWN).is_ok());
        drop(large);
        assert!(buffers.share(128 * 1024).is_ok());
    }

    #[test]
    fn a_share_grows_by_what_it_lacks() {
        let buffers = BufferBudget::of(256 * 1024);
        let mut share = buffers.share(40 * 1024).unwrap_or_else(|_| panic!("it is free"));
        assert!(buffers.widen(&mut share, 100 * 1024).is_ok());
        assert_eq!(buffers.units.available_permits(), 156);
        assert!(buffers.widen(&mut share, 50 * 1024).is_ok());
        assert_eq!(buffers.units.available_permits(), 156);
    }
}
