use std::future::poll_fn;
use std::io;
use std::task::Poll;

use rustix::process::Signal;
use tokio::signal::unix::{self, SignalKind, signal};

/// The signals that are passed on.
pub(in crate::cli) struct ForwardedSignals(Vec<(unix::Signal, Signal)>);

impl ForwardedSignals {
    pub(in crate::cli) fn new(of: &[Signal]) -> io::Result<Self> {
        // `nohup` has HUP ignored, which a handler would undo.
        let heard = of.iter().filter(|of| **of != Signal::HUP || !ignores_hangup());
        let listen = heard.map(|of| Ok((signal(SignalKind::from_raw(of.as_raw()))?, *of)));
        listen.collect::<io::Result<_>>().map(Self)
    }

    /// The next that comes.
    pub(in crate::cli) async fn next(&mut self) -> Signal {
        poll_fn(|context| {
            for (stream, passed) in &mut self.0 {
                if let Poll::Ready(Some(())) = stream.poll_recv(context) {
                    return Poll::Ready(*passed);
                }
            }
            Poll::Pending
        })
        .await
    }
}

/// Whether the process was started with HUP ignored, as far as the system tells.
fn ignores_hangup() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    // Bit 0 is signal 1.
    mask.is_some_and(|mask| mask & 1 == 1)
}
