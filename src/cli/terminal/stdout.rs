//! Whether there is a stdout at all.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::io::{Errno, fcntl_getfd};

static WAS_CLOSED: AtomicBool = AtomicBool::new(false);

/// Rust opens `/dev/null` in place of a stdout that is closed, before `main`. So it is looked before that.
#[ctor::ctor]
fn look() {
    let found = fcntl_getfd(rustix::stdio::stdout());
    WAS_CLOSED.store(found == Err(Errno::BADF), Ordering::Relaxed);
}

/// Fails as a write to a closed stdout does.
pub(super) fn check_stdout() -> io::Result<()> {
    if WAS_CLOSED.load(Ordering::Relaxed) {
        return Err(Errno::BADF.into());
    }
    Ok(())
}
