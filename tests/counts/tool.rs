//! Programs that count, where they are there.

use std::env;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// Where a program is that works on this machine.
///
/// strace may be there and not be allowed to trace, as in some containers.
pub(super) fn working(name: &str, words: &[&str]) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    let found = env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())?;
    let status = Command::new(&found)
        .args(words)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    status.is_ok_and(|status| status.success()).then_some(found)
}

/// Says a line that is seen of a test that passes, too.
pub(super) fn say(line: &str) {
    // The test harness keeps what the macros print to itself.
    let _ = writeln!(io::stderr(), "{line}");
}
