//! What is left of a panic: one line that says where, and exit code 70. Its message may hold values, so it isn't shown.

use std::panic::{AssertUnwindSafe, catch_unwind, set_hook};
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};

use super::failure::Failure;
use super::terminal::show_failure;
use crate::model::ErrorKind;

/// Where the last panic was.
static PLACE: Mutex<String> = Mutex::new(String::new());

/// Runs the command line. A panic in it is shown as a failure, under `json` in JSON too.
pub(super) fn guard(json: bool, run: impl FnOnce() -> ExitCode) -> ExitCode {
    set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        *PLACE.lock().unwrap_or_else(PoisonError::into_inner) = place;
    }));
    // Nothing of it is used afterwards.
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| {
        let place = PLACE.lock().unwrap_or_else(PoisonError::into_inner);
        let failure = Failure::new(ErrorKind::Internal, format!("internal error at {place}"))
            .hint("this is a bug: report it with the command and the output of `discfg version`");
        show_failure(&failure, json)
    })
}

#[cfg(test)]
mod tests {
    use std::env;
    use std::process::Command;

    use super::*;

    const FORMAT: &str = "DISCFG_TEST_PANIC";

    /// What the test below runs as a process of its own, as a hook is the whole process's.
    #[test]
    fn panics() {
        if let Ok(format) = env::var(FORMAT) {
            let code = guard(format == "json", || panic!("hunter2"));
            assert_eq!(code, ExitCode::from(70));
        }
    }

    #[test]
    fn a_panic_is_a_line_without_its_message_and_exit_code_70() {
        for format in ["text", "json"] {
            let child = Command::new(env::current_exe().expect("this test"))
                .args(["cli::crash::tests::panics", "--exact", "--nocapture"])
                .env(FORMAT, format)
                .output()
                .expect("it runs");
            let stderr = String::from_utf8_lossy(&child.stderr);
            assert!(child.status.success(), "{stderr}");
            assert!(!stderr.contains("hunter2"), "{stderr}");
            let lines: Vec<&str> = stderr.lines().collect();
            assert!(
                lines[0].starts_with("error: internal error at src/cli/crash.rs:"),
                "{stderr}"
            );
            assert!(lines[1].starts_with("  hint: this is a bug: "), "{stderr}");
            assert_eq!(lines.len(), if format == "json" { 3 } else { 2 }, "{stderr}");
            if let Some(line) = lines.get(2) {
                let failure: serde_json::Value = serde_json::from_str(line).expect("JSON");
                assert_eq!(failure["error"]["exit"], 70, "{stderr}");
            }
        }
    }
}
