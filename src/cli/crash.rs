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
