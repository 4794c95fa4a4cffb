use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::cli::failure::Failure;

/// What asks a server to stop.
pub(in crate::cli::commands) struct StopSignals {
    interrupt: Signal,
    terminate: Signal,
}

impl StopSignals {
    /// From now on they don't end the process any more.
    pub(in crate::cli::commands) fn new() -> Result<Self, Failure> {
        let take = |kind| signal(kind).map_err(|error| Failure::internal("cannot wait for signals", &error));
        Ok(Self {
            interrupt: take(SignalKind::interrupt())?,
            terminate: take(SignalKind::terminate())?,
        })
    }

    pub(in crate::cli::commands) async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
