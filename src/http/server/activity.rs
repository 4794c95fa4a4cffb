use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// Whether a server has anything to do.
#[derive(Debug, Clone)]
pub struct ServerActivity(Arc<watch::Sender<ActivityState>>);

#[derive(Debug, Clone, Copy)]
struct ActivityState {
    /// The requests that are not over.
    open: usize,
    /// When the last one was over.
    last: Instant,
}

impl ServerActivity {
    /// That of a server that was used last now.
    pub fn new() -> Self {
        let state = ActivityState {
            open: 0,
            last: Instant::now(),
        };
        Self(Arc::new(watch::Sender::new(state)))
    }

    /// Waits until no request has been open for that long.
    pub async fn wait_until_idle(&self, time: Duration) {
        let mut state = self.0.subscribe();
        loop {
            let ActivityState { open, last } = *state.borrow_and_update();
            tokio::select! {
                biased;
                _ = state.changed() => {}
                () = sleep_until(last + time), if open == 0 => return,
            }
        }
    }

    /// Counts a request until what is returned is dropped.
    pub(super) fn begin_request(&self) -> OpenRequest {
        self.0.send_modify(|state| state.open += 1);
        OpenRequest(self.clone())
    }
}

impl Default for ServerActivity {
    fn default() -> Self {
        Self::new()
    }
}

/// A request that is not over.
pub(super) struct OpenRequest(ServerActivity);

impl Drop for OpenRequest {
    fn drop(&mut self) {
        self.0.0.send_modify(|state| {
            state.open -= 1;
            state.last = Instant::now();
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::{advance, timeout};

    #[tokio::test(start_paused = true)]
    async fn a_server_is_idle_when_no_request_was_open_for_a_while() {
        let (activity, minute) = (ServerActivity::new(), Duration::from_mins(1));
        let request = activity.begin_request();
        let idle = activity.wait_until_idle(minute);
        tokio::pin!(idle);
        assert!(timeout(minute * 10, &mut idle).await.is_err(), "one is open");
        drop(request);
        advance(minute / 2).await;
        drop(activity.begin_request());
        let began = Instant::now();
        idle.await;
        assert_eq!(began.elapsed(), minute);
    }
}
