//! The exit code of each kind of failure.

use super::super::Failure;
use super::book::{Book, Variants, variants};
use crate::model::Kind;

variants!(Kind: No Usage NotFound Compacted Conflict Denied Unavailable Throttled OutcomeUnknown Stack Invalid Timeout
    Interrupted Internal);

#[test]
fn of_a_kind() {
    let kinds = [
        Kind::No,
        Kind::Usage,
        Kind::NotFound,
        Kind::Compacted,
        Kind::Conflict,
        Kind::Denied,
        Kind::Unavailable,
        Kind::Throttled,
        Kind::OutcomeUnknown,
        Kind::Stack,
        Kind::Invalid,
        Kind::Timeout,
        Kind::Interrupted,
        Kind::Internal,
    ];
    let explain = |kind: Kind| Failure::new(kind, kind.as_str());
    Book::errors("kind", explain, kinds.map(|kind| ("", kind)));
}

/// What `exec` keeps apart from the codes of what it runs.
#[test]
fn of_a_command_that_is_run() {
    let mut book = Book::default();
    book.failure(
        "before it is run",
        &Failure::new(Kind::Denied, "dynamodb:Query was denied").before_the_child(),
    );
    book.failure(
        "it can't be run",
        &Failure::cant_run("migrate can't be run: ./migrate is not executable"),
    );
    book.failure("it can't be found", &Failure::no_command("migrate was not found"));
    book.failure("it ended by itself", &Failure::of_child(42));
    book.keep("exit_code_of_exec");
}
