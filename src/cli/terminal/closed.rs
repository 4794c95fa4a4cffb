//! Which of the standard streams there are at all.

use std::io;
use std::os::fd::BorrowedFd;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::io::{Errno, FdFlags, fcntl_getfd, fcntl_setfd};
use rustix::stdio::{stderr, stdin, stdout};

static WERE_CLOSED: [AtomicBool; 3] = [const { AtomicBool::new(false) }; 3];
const STDOUT: usize = 1;

fn streams() -> impl Iterator<Item = (BorrowedFd<'static>, &'static AtomicBool)> {
    [stdin(), stdout(), stderr()].into_iter().zip(&WERE_CLOSED)
}

/// Rust opens `/dev/null` in place of a stream that is closed, before `main`. So it is looked before that.
#[ctor::ctor]
fn look() {
    for (stream, was_closed) in streams() {
        was_closed.store(fcntl_getfd(stream) == Err(Errno::BADF), Ordering::Relaxed);
    }
}

/// Keeps what Rust opened in place of closed streams from the programs that are run, so that they find them closed as well.
pub(in crate::cli) fn keep_closed() {
    for (stream, was_closed) in streams() {
        if was_closed.load(Ordering::Relaxed) {
            // Where that fails a program finds `/dev/null`.
            let _ = fcntl_setfd(stream, FdFlags::CLOEXEC);
        }
    }
}

/// Fails as a write to a closed stdout does.
pub(super) fn check_stdout() -> io::Result<()> {
    if WERE_CLOSED[STDOUT].load(Ordering::Relaxed) {
        return Err(Errno::BADF.into());
    }
    Ok(())
}
