//! The exit code of each kind of failure.

use super::super::Failure;
use super::book::{Book, Variants, variants};
use crate::model::ErrorKind;

variants!(ErrorKind: No Usage NotFound Compacted Conflict Denied Unavailable Throttled OutcomeUnknown Stack Invalid StorageFull Timeout
    Interrupted Internal);

#[test]
fn of_a_kind() {
    let kinds = [
        ErrorKind::No,
        ErrorKind::Usage,
        ErrorKind::NotFound,
        ErrorKind::Compacted,
        ErrorKind::Conflict,
        ErrorKind::Denied,
        ErrorKind::Unavailable,
        ErrorKind::Throttled,
        ErrorKind::OutcomeUnknown,
        ErrorKind::Stack,
        ErrorKind::Invalid,
        ErrorKind::StorageFull,
        ErrorKind::Timeout,
        ErrorKind::Interrupted,
        ErrorKind::Internal,
    ];
    let explain = |kind: ErrorKind| Failure::new(kind, kind.as_str());
    Book::errors("kind", explain, kinds.map(|kind| ("", kind)));
}

/// What `exec` keeps apart from the codes of what it runs.
#[test]
fn of_a_command_that_is_run() {
    let mut book = Book::default();
    book.failure(
        "before it is run",
        &Failure::new(ErrorKind::Denied, "dynamodb:Query was denied").before_the_child(),
    );
    book.failure(
        "it can't be run",
        &Failure::cant_run("cannot run migrate: ./migrate is not executable"),
    );
    book.failure(
        "it can't be found",
        &Failure::no_command("command not found: migrate"),
    );
    book.failure("it ended by itself", &Failure::of_child(42));
    book.keep("exit_code_of_exec");
}
